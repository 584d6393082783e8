"""Tenants, endpoints, rules, and the outbox."""

from notifications.models.bounces import Bounce
from notifications.models.choices import Result
from notifications.models.contact_notices import ContactNotice
from notifications.models.delivery_statistics import DeliveryStatistics, OperatorAct
from notifications.models.endpoints import (
    Breaker,
    Endpoint,
    EndpointProposal,
    FollowedIncident,
    PublicTopic,
    SignUp,
)
from notifications.models.event_answers import AnswerState, EventAnswer, WasHit
from notifications.models.footprint_changes import FootprintChange
from notifications.models.impacted_lists import AudienceVersion, ListDraft, ListPiece, ListReading
from notifications.models.kill_switch import KillSwitch, SendingHeartbeat
from notifications.models.outbox import Attempt, Delivery, FanOut
from notifications.models.people import (
    ClaimedDomain,
    CodeRequest,
    MemberRole,
    Membership,
    Passkey,
    Person,
    PersonSession,
    TenantProvider,
)
from notifications.models.rules import ActionGroup, AlertRule, Certainty
from notifications.models.sent_messages import MailContent, SentMessage
from notifications.models.target_index import StaleTenant, Target
from notifications.models.tenants import (
    CustomerSubscription,
    Footprint,
    ImpactedSubscription,
    Tenant,
)
from notifications.models.tokens import TenantScope, TenantToken
from notifications.vocabulary.delivery_states import Channel

__all__ = [
    "ActionGroup",
    "AlertRule",
    "AnswerState",
    "Attempt",
    "AudienceVersion",
    "Bounce",
    "Breaker",
    "Certainty",
    "Channel",
    "ClaimedDomain",
    "CodeRequest",
    "ContactNotice",
    "CustomerSubscription",
    "Delivery",
    "DeliveryStatistics",
    "Endpoint",
    "EndpointProposal",
    "EventAnswer",
    "FanOut",
    "FollowedIncident",
    "Footprint",
    "FootprintChange",
    "ImpactedSubscription",
    "KillSwitch",
    "ListDraft",
    "ListPiece",
    "ListReading",
    "MailContent",
    "MemberRole",
    "Membership",
    "OperatorAct",
    "Passkey",
    "Person",
    "PersonSession",
    "PublicTopic",
    "Result",
    "SendingHeartbeat",
    "SentMessage",
    "SignUp",
    "StaleTenant",
    "Target",
    "Tenant",
    "TenantProvider",
    "TenantScope",
    "TenantToken",
    "WasHit",
]
