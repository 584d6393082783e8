"""Incidents: what happened, where and when (occurrences, impacts, mentions).

Only `incidents.services` writes these rows. Public or not is answered by the `.public()` querysets of
these models, and nowhere else.
"""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from incidents.models.catalogue import Geography, Region, Service
from incidents.vocabulary import Audience, Extent, Kind, Level, Role, Stage

TRACKING_ID = r"^[A-Z0-9_]{4}-[A-Z0-9_]{3}$"
TITLE_LENGTH = 200


# What the world may see: the one gate. `.public()`, its paths and its index are made of it.
_GATE = {"published_at__isnull": False, "withdrawn_at__isnull": True, "merged_into__isnull": True}
PUBLIC = Q(**_GATE)


def public_through(path: str) -> Q:
    """The gate for a model that reaches the incident by `path` (`incident`, …)."""
    return Q(**{f"{path}__{condition}": value for condition, value in _GATE.items()})


class IncidentQuerySet(models.QuerySet["Incident"]):
    def public(self) -> Self:
        """What anybody may see. This is the one gate: every other `.public()` leads here."""
        return self.filter(PUBLIC)

    def gone(self) -> Self:
        """Entries that were public and have been withdrawn: their URLs answer 410."""
        return self.filter(withdrawn_at__isnull=False, merged_into__isnull=True)

    def redirecting(self) -> Self:
        """Once public entries that were merged into one that is public now, withdrawn since or not."""
        return self.filter(public_through("merged_into"), published_at__isnull=False)

    def active(self) -> Self:
        return self.filter(closed_at__isnull=True)


class Incident(models.Model):
    tracking_id = models.CharField(
        max_length=8,
        unique=True,
        validators=[RegexValidator(TRACKING_ID, "Use the form XXXX-XXX of A-Z, 0-9 and _.")],
    )
    kind = models.CharField(max_length=20, choices=Kind.choices(), default=Kind.SERVICE_ISSUE)
    level = models.CharField(max_length=13, choices=Level.choices()[::-1])
    public_title = models.CharField(max_length=TITLE_LENGTH)
    internal_title = models.CharField(max_length=TITLE_LENGTH, blank=True)
    stage = models.CharField(max_length=13, choices=Stage.choices())

    # Facts of the policy that no other row holds.
    audience = models.CharField(max_length=9, choices=Audience.choices(), default=Audience.UNKNOWN)
    # The version of the impacted list in force, 0 while there is none; without one no audience is confirmed.
    impacted_version = models.PositiveIntegerField(default=0, db_default=0)
    dependents = models.PositiveIntegerField(default=0)
    # A person's number wins over the catalogue's; else it is counted anew with each decision.
    dependents_stated = models.BooleanField(default=False)
    # Why the level is what it is, where it was taken from the spread instead of a person.
    level_because = models.CharField(max_length=200, blank=True)
    targeted_channel_available = models.BooleanField(default=True)
    platform_fault = models.BooleanField(default=True)
    false_positive = models.BooleanField(default=False)
    ever_broad = models.BooleanField(default=False)
    scenario = models.PositiveSmallIntegerField(null=True, blank=True)

    started_at = models.DateTimeField()
    detected_at = models.DateTimeField(null=True, blank=True)
    mitigated_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    scheduled_for = models.DateTimeField(null=True, blank=True)
    scheduled_until = models.DateTimeField(null=True, blank=True)
    # A maintenance that begins and ends by its plan, without a person who says so.
    follows_plan = models.BooleanField(default=False, db_default=False)

    # Minutes before its planned start at which receivers are reminded of a maintenance.
    remind_before = models.PositiveIntegerField(null=True, blank=True)

    # The tracking ID of the first window of the plan that this maintenance is a window of; empty: it is alone.
    series = models.CharField(max_length=8, blank=True, default="", db_default="")

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

    # Lived through like a real one, and never public: the database refuses it.
    drill = models.BooleanField(default=False, db_default=False)
    automated = models.BooleanField(default=False)
    backfilled = models.BooleanField(default=False)
    # The month (YYYY-MM) whose heading an imported entry stood under, if any.
    heading_month = models.CharField(max_length=7, blank=True, default="", db_default="")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    objects = IncidentQuerySet.as_manager()

    class Meta:
        permissions = [
            ("draft_incident", "Can prepare incidents and updates for somebody else to send"),
            ("confirm_post", "Can confirm public posts that wait"),
            ("withdraw_post", "Can withdraw public posts"),
            ("retract_incident", "Can retract incidents as false positives"),
            ("merge_incident", "Can merge incidents"),
            ("view_audit", "Can read the audit trail"),
        ]
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
                name="incident_drill_is_never_public",
                condition=Q(drill=False)
                | Q(
                    published_at__isnull=True, public_due_at__isnull=True, merged_into__isnull=True
                ),
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
                condition=PUBLIC,
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
    extent = models.CharField(max_length=6, choices=Extent.choices(), default=Extent.SUBSET)
    level = models.CharField(max_length=13, choices=Level.choices()[::-1])
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
    role = models.CharField(max_length=9, choices=Role.choices())
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
