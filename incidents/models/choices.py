"""The words that columns may hold. The pure rules (`policy`, `lifecycle`) use the same strings."""

from __future__ import annotations

from django.db import models

from incidents.lifecycle import Stage as LifecycleStage


class Kind(models.TextChoices):
    SERVICE_ISSUE = "service-issue", "Service issue"
    PLANNED_MAINTENANCE = "planned-maintenance", "Planned maintenance"
    HEALTH_ADVISORY = "health-advisory", "Health advisory"
    SECURITY_ADVISORY = "security-advisory", "Security advisory"


class Level(models.TextChoices):
    ERROR = "error", "Error"
    WARNING = "warning", "Warning"
    INFORMATIONAL = "informational", "Informational"


class Extent(models.TextChoices):
    SUBSET = "subset", "Subset of a region"
    ZONE = "zone", "Entire zone"
    REGION = "region", "Entire region"


class Audience(models.TextChoices):
    UNKNOWN = "unknown", "Unknown"
    ESTIMATED = "estimated", "Estimated (the footprint stands for it)"
    CONFIRMED = "confirmed", "Confirmed (an impacted list is there)"


class Stage(models.TextChoices):
    INVESTIGATING = LifecycleStage.INVESTIGATING.value, "Investigating"
    IDENTIFIED = LifecycleStage.IDENTIFIED.value, "Identified"
    MITIGATING = LifecycleStage.MITIGATING.value, "Mitigating"
    MITIGATED = LifecycleStage.MITIGATED.value, "Mitigated"
    RESOLVED = LifecycleStage.RESOLVED.value, "Resolved"
    PLANNED = LifecycleStage.PLANNED.value, "Planned"
    RESCHEDULED = LifecycleStage.RESCHEDULED.value, "Rescheduled"
    IN_PROGRESS = LifecycleStage.IN_PROGRESS.value, "In progress"
    COMPLETE = LifecycleStage.COMPLETE.value, "Complete"
    CANCELLED = LifecycleStage.CANCELLED.value, "Cancelled"


class Role(models.TextChoices):
    IMPACTED = "impacted", "Impacted"
    MENTIONED = "mentioned", "Mentioned"


class CommunicationKind(models.TextChoices):
    UPDATE = "update", "Update"
    REVIEW = "review", "Review version"
    RETRACTION = "retraction", "Retraction"
    CORRECTION = "correction", "Correction"


class ReviewKind(models.TextChoices):
    PRELIMINARY = "preliminary", "Preliminary"
    FINAL = "final", "Final"


class RepairState(models.TextChoices):
    DONE = "done", "Done"
    IN_PROGRESS = "in-progress", "In progress"
    PLANNED = "planned", "Planned"


class Strength(models.TextChoices):
    HARD = "hard", "Hard"
    SOFT = "soft", "Soft"


class Plane(models.TextChoices):
    DATA = "data", "Data plane"
    CONTROL = "control", "Control plane"
