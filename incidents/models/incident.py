"""Incidents: what happened (occurrences, impacts) and what was said and decided about it.

Only `incidents.services` writes these rows. Public or not is answered by the `.public()` querysets of
this module and of `review`, and nowhere else.
"""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from incidents.models.catalogue import Geography, Region, Service
from incidents.models.words import (
    Audience,
    CommunicationKind,
    Extent,
    Kind,
    Level,
    Role,
    Stage,
)

TRACKING_ID = r"^[A-Z0-9_]{4}-[A-Z0-9_]{3}$"
TITLE_LENGTH = 200


class IncidentQuerySet(models.QuerySet["Incident"]):
    def public(self) -> Self:
        """What anybody may see. This is the one gate: every other `.public()` leads here."""
        return self.filter(PUBLIC)

    def gone(self) -> Self:
        """Entries that were public and have been withdrawn: their URLs answer 410."""
        return self.filter(
            published_at__isnull=False, withdrawn_at__isnull=False, merged_into__isnull=True
        )

    def redirecting(self) -> Self:
        """Once public entries that were merged into one that is public now."""
        return self.filter(
            public_through("merged_into"), published_at__isnull=False, withdrawn_at__isnull=True
        )

    def active(self) -> Self:
        return self.filter(closed_at__isnull=True)


class Incident(models.Model):
    tracking_id = models.CharField(
        max_length=8,
        unique=True,
        validators=[RegexValidator(TRACKING_ID, "Use the form XXXX-XXX of A-Z, 0-9 and _.")],
    )
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.SERVICE_ISSUE)
    level = models.CharField(max_length=13, choices=Level.choices)
    public_title = models.CharField(max_length=TITLE_LENGTH)
    internal_title = models.CharField(max_length=TITLE_LENGTH, blank=True)
    stage = models.CharField(max_length=13, choices=Stage.choices)

    # Facts of the policy that no other row holds.
    audience = models.CharField(max_length=9, choices=Audience.choices, default=Audience.UNKNOWN)
    dependents = models.PositiveIntegerField(default=0)
    targeted_channel_available = models.BooleanField(default=True)
    platform_fault = models.BooleanField(default=True)
    false_positive = models.BooleanField(default=False)
    ever_broad = models.BooleanField(default=False)
    scenario = models.PositiveSmallIntegerField(null=True, blank=True)

    started_at = models.DateTimeField()
    mitigated_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    scheduled_for = models.DateTimeField(null=True, blank=True)
    scheduled_until = models.DateTimeField(null=True, blank=True)

    # Publicity. `public_due_at`: a waiting public post goes out by itself then.
    published_at = models.DateTimeField(null=True, blank=True)
    public_due_at = models.DateTimeField(null=True, blank=True)
    withdraw_after_review = models.BooleanField(default=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawal_reason = models.CharField(max_length=300, blank=True)
    note = models.TextField(blank=True)
    # What went wrong in telling people; shown on the desk until it is settled.
    alarm = models.CharField(max_length=300, blank=True)
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="absorbed"
    )

    automated = models.BooleanField(default=False)
    backfilled = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = IncidentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="incident_ends_after_start",
                condition=Q(mitigated_at__isnull=True) | Q(mitigated_at__gte=F("started_at")),
            ),
            models.CheckConstraint(
                name="incident_withdrawn_only_if_published",
                condition=Q(withdrawn_at__isnull=True) | Q(published_at__isnull=False),
            ),
            models.CheckConstraint(
                name="incident_not_merged_into_itself",
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
            ),
        ]
        indexes = [
            models.Index(fields=["-started_at", "-id"], name="incident_newest_first"),
            # The publisher's query: all public incidents.
            models.Index(
                fields=["-started_at"],
                name="incident_public",
                condition=Q(published_at__isnull=False, withdrawn_at__isnull=True),
            ),
            # The deadline task's query: posts that wait for a confirmation.
            models.Index(
                fields=["public_due_at"],
                name="incident_public_due",
                condition=Q(public_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tracking_id} {self.public_title}"


PUBLIC = Q(published_at__isnull=False, withdrawn_at__isnull=True, merged_into__isnull=True)


def public_through(path: str) -> Q:
    """The gate's condition for a model that reaches the incident by `path` (`incident`, …)."""
    return Q(
        **{
            f"{path}__published_at__isnull": False,
            f"{path}__withdrawn_at__isnull": True,
            f"{path}__merged_into__isnull": True,
        }
    )


class OccurrenceQuerySet(models.QuerySet["Occurrence"]):
    def public(self) -> Self:
        return self.filter(public_through("incident"))


class Occurrence(models.Model):
    """A labelled window of impact, such as "first occurrence"."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="occurrences")
    label = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = OccurrenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="occurrence_ends_after_start",
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
            ),
        ]


class ImpactQuerySet(models.QuerySet["Impact"]):
    def public(self) -> Self:
        return self.filter(public_through("occurrence__incident"))

    def open(self) -> Self:
        return self.filter(ended_at__isnull=True)


class Impact(models.Model):
    """One cell hit inside an occurrence: how far, how grave, from when to when."""

    occurrence = models.ForeignKey(Occurrence, on_delete=models.CASCADE, related_name="impacts")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="impacts")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="impacts")
    zones = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    extent = models.CharField(max_length=6, choices=Extent.choices, default=Extent.SUBSET)
    level = models.CharField(max_length=13, choices=Level.choices)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ImpactQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="impact_ends_after_start",
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
            ),
            models.UniqueConstraint(
                fields=["occurrence", "service", "region"],
                condition=Q(ended_at__isnull=True),
                name="impact_open_once_per_cell",
            ),
        ]


class MentionQuerySet(models.QuerySet["Mention"]):
    def public(self) -> Self:
        return self.filter(public_through("incident"))


class Mention(models.Model):
    """A place as a text names it, without the cell it belongs to; kept for histories read from text.

    A text that names 25 services and 5 regions does not say which of the 125 cells were hit, so no
    cross product is made of it. `recovered_at`: when the text says that this place was well again.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="mentions")
    service = models.ForeignKey(
        Service, null=True, blank=True, on_delete=models.PROTECT, related_name="mentions"
    )
    region = models.ForeignKey(
        Region, null=True, blank=True, on_delete=models.PROTECT, related_name="mentions"
    )
    geography = models.ForeignKey(
        Geography, null=True, blank=True, on_delete=models.PROTECT, related_name="mentions"
    )
    role = models.CharField(max_length=9, choices=Role.choices)
    recovered_at = models.DateTimeField(null=True, blank=True)

    objects = MentionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="mention_names_a_place",
                condition=Q(service__isnull=False)
                | Q(region__isnull=False)
                | Q(geography__isnull=False),
            ),
        ]


class Decision(models.Model):
    """A verdict recorded: what the policy said of which facts, and what a person made of it.

    Append-only. `because` and `verdict` are what `incidents.policy` returned, word for word.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="decisions")
    facts = models.JSONField()
    verdict = models.JSONField()
    scenario = models.PositiveSmallIntegerField(null=True)
    public = models.BooleanField()
    review = models.CharField(max_length=8)
    rule = models.CharField(max_length=60)
    policy = models.CharField(max_length=60)
    policy_version = models.PositiveIntegerField()
    decided_at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    # What became of it: the verdict as it stands, or a person's other choice with a reason.
    override_public = models.BooleanField(null=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="decision_override_has_reason",
                condition=Q(override_public__isnull=True) | ~Q(reason=""),
            ),
        ]
        indexes = [models.Index(fields=["incident", "-id"], name="decision_newest_first")]


class CommunicationQuerySet(models.QuerySet["Communication"]):
    def public(self) -> Self:
        return self.filter(public_through("incident"), public_at__isnull=False)


class Communication(models.Model):
    """A statement, append-only. What the world reads and what affected customers read are two texts."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="communications")
    number = models.PositiveIntegerField()
    kind = models.CharField(
        max_length=10, choices=CommunicationKind.choices, default=CommunicationKind.UPDATE
    )
    stage = models.CharField(max_length=13, choices=Stage.choices)
    public_text = models.TextField(blank=True)
    targeted_text = models.TextField(blank=True)
    language = models.CharField(max_length=10, default="en")
    at = models.DateTimeField()
    public_at = models.DateTimeField(null=True, blank=True)
    next_update_by = models.DateTimeField(null=True, blank=True)
    decision = models.ForeignKey(
        Decision, null=True, blank=True, on_delete=models.PROTECT, related_name="communications"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    automated = models.BooleanField(default=False)
    backfilled = models.BooleanField(default=False)

    objects = CommunicationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "number"], name="communication_number_once"
            ),
            models.CheckConstraint(
                name="communication_public_has_text",
                condition=Q(public_at__isnull=True) | ~Q(public_text=""),
            ),
        ]


class ScopeCell(models.Model):
    """A cell that a communication speaks of: whoever runs there is concerned by it."""

    communication = models.ForeignKey(Communication, on_delete=models.CASCADE, related_name="scope")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["communication", "service", "region"], name="scope_cell_once"
            ),
        ]


class Revision(models.Model):
    """One row: the number of the public picture. It grows whenever something public has changed."""

    number = models.PositiveBigIntegerField(default=0)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(name="revision_is_one_row", condition=Q(id=1))]
