"""The tables of what happened: catalogue, incident, review."""

from incidents.models.alerts_and_reminders import (
    AlertOutcome,
    MonitorAlert,
    MonitorSource,
    Reminder,
)
from incidents.models.audit_trail import AuditEvent
from incidents.models.backtest_run import BacktestRun
from incidents.models.catalogue import (
    Alias,
    Dependency,
    Geography,
    Offering,
    Region,
    Service,
    ServiceCategory,
)
from incidents.models.communication import (
    Communication,
    Decision,
    Revision,
    ScopeCell,
    SnapshotChange,
    TimeVersion,
)
from incidents.models.favourites import Favourite
from incidents.models.feedback import ReviewFeedback
from incidents.models.form_draft import FormDraft
from incidents.models.imports import ImportBatch, ImportedIncident
from incidents.models.incident import Impact, Incident, Mention, Occurrence
from incidents.models.policies import PolicyVersion
from incidents.models.proposals import Proposal
from incidents.models.published_figures import PublishedFigures
from incidents.models.review import RepairItem, Review, ReviewComment, ReviewSection, TimelineEntry
from incidents.models.scheduled_posts import ScheduledPost
from incidents.models.text_templates import TextTemplate
from incidents.models.tokens import ApiToken, IdempotentResponse

__all__ = [
    "AlertOutcome",
    "Alias",
    "ApiToken",
    "AuditEvent",
    "BacktestRun",
    "Communication",
    "Decision",
    "Dependency",
    "Favourite",
    "FormDraft",
    "Geography",
    "IdempotentResponse",
    "Impact",
    "ImportBatch",
    "ImportedIncident",
    "Incident",
    "Mention",
    "MonitorAlert",
    "MonitorSource",
    "Occurrence",
    "Offering",
    "PolicyVersion",
    "Proposal",
    "PublishedFigures",
    "Region",
    "Reminder",
    "RepairItem",
    "Review",
    "ReviewComment",
    "ReviewFeedback",
    "ReviewSection",
    "Revision",
    "ScheduledPost",
    "ScopeCell",
    "Service",
    "ServiceCategory",
    "SnapshotChange",
    "TextTemplate",
    "TimeVersion",
    "TimelineEntry",
]
