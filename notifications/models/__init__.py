"""Tenants, endpoints, rules, and the outbox."""

from notifications.models.choices import Result
from notifications.models.customers.event_answers import AnswerState, EventAnswer, WasHit
from notifications.models.customers.footprint_changes import FootprintChange
from notifications.models.customers.impacted_lists import (
    AudienceVersion,
    ListDraft,
    ListPiece,
    ListReading,
)
from notifications.models.customers.people import (
    ClaimedDomain,
    CodeRequest,
    MemberRole,
    Membership,
    Passkey,
    Person,
    PersonSession,
    TenantProvider,
)
from notifications.models.customers.rules import ActionGroup, AlertRule, Certainty
from notifications.models.customers.tenants import (
    CustomerSubscription,
    Footprint,
    ImpactedSubscription,
    Tenant,
)
from notifications.models.customers.tokens import TenantScope, TenantToken
from notifications.models.delivery.bounces import Bounce
from notifications.models.delivery.contact_notices import ContactNotice
from notifications.models.delivery.delivery_statistics import DeliveryStatistics, OperatorAct
from notifications.models.delivery.kill_switch import KillSwitch, SendingHeartbeat
from notifications.models.delivery.sent_messages import MailContent, SentMessage
from notifications.models.endpoints import (
    Breaker,
    Endpoint,
    EndpointProposal,
    FollowedIncident,
    PublicTopic,
    SignUp,
)
from notifications.models.outbox import Attempt, ClaimedBatch, Delivery, FanOut, SendJournal
from notifications.models.target_index import StaleTenant, Target
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
    "ClaimedBatch",
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
    "SendJournal",
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
