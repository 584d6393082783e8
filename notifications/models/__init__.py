"""The post office's tables: tenants, endpoints, rules, and the ledger of what was sent."""

from notifications.models.bounces import Bounce
from notifications.models.endpoints import Breaker, Endpoint, PublicTopic, SignUp
from notifications.models.ledger import Attempt, Delivery, FanOut
from notifications.models.lists import (
    AudienceVersion,
    ListDraft,
    ListPiece,
    ListReading,
)
from notifications.models.proof import LedgerAct, Proof
from notifications.models.rules import ActionGroup, AlertRule
from notifications.models.stops import Pulse, SendingStop
from notifications.models.targets import StaleTenant, Target
from notifications.models.tenants import (
    CustomerSubscription,
    Footprint,
    ImpactedSubscription,
    Tenant,
)
from notifications.models.words import Channel, Result

__all__ = [
    "ActionGroup",
    "AlertRule",
    "Attempt",
    "AudienceVersion",
    "Bounce",
    "Breaker",
    "Channel",
    "CustomerSubscription",
    "Delivery",
    "Endpoint",
    "FanOut",
    "Footprint",
    "ImpactedSubscription",
    "LedgerAct",
    "ListDraft",
    "ListPiece",
    "ListReading",
    "Proof",
    "PublicTopic",
    "Pulse",
    "Result",
    "SendingStop",
    "SignUp",
    "StaleTenant",
    "Target",
    "Tenant",
]
