"""The tables of what happened: catalogue, incident, review."""

from incidents.models.access.audit_trail import AuditEvent
from incidents.models.access.proposals import Proposal
from incidents.models.access.tokens import ApiToken, IdempotentResponse
from incidents.models.alerts_and_reminders import (
    AlertOutcome,
    MonitorAlert,
    MonitorSource,
    Reminder,
)
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
from incidents.models.desk.favourites import Favourite
from incidents.models.desk.form_draft import FormDraft
from incidents.models.desk.scheduled_posts import ScheduledPost
from incidents.models.desk.text_templates import TextTemplate
from incidents.models.feedback import ReviewFeedback
from incidents.models.imports import ImportBatch, ImportedIncident
from incidents.models.incident import Impact, Incident, Mention, Occurrence
from incidents.models.policies import PolicyVersion
from incidents.models.published_figures import PublishedFigures
from incidents.models.review import RepairItem, Review, ReviewComment, ReviewSection, TimelineEntry

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
