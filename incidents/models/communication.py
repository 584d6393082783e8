"""What was said and decided about an incident: decisions, communications, and the snapshot's number."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.functional import cached_property

from incidents.cells import CellIds
from incidents.models.catalogue import Region, Service
from incidents.models.incident import Incident, public_through
from incidents.vocabulary import Audience, CommunicationKind, Scenario, Stage


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
    # What was derived for it: who fails or may be affected, and the level that the spread proposes.
    derived = models.JSONField(default=dict)
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
    def newest(self) -> Self:
        """One of each incident: the statement that was made last."""
        return self.order_by("incident", "-number").distinct("incident")

    def last_words(self) -> dict[int, list[tuple[datetime, datetime | None]]]:
        """Incident id -> its last statement and its last public one, where there is one: when it was said, and
        until when another was promised. Two queries.
        """
        words: dict[int, list[tuple[datetime, datetime | None]]] = {}
        for said in (self, self.public()):
            for incident, at, due in said.newest().values_list(
                "incident_id", "at", "next_update_by"
            ):
                words.setdefault(incident, []).append((at, due))
        return words

    def promises(self) -> dict[int, set[datetime]]:
        """Incident id -> when its next updates are due, as its last statement promised and its last public one.

        Words for the affected alone do not keep what the public page still promises.
        """
        due = {pk: {due for _, due in both if due} for pk, both in self.last_words().items()}
        return {pk: promised for pk, promised in due.items() if promised}

    def public(self) -> Self:
        return self.filter(public_through("incident"), public_at__isnull=False)

    def first_targeted(self) -> dict[int, datetime]:
        """By public incident: when the affected were first told. A moment the world may know, and no word of it.

        Not by what was posted because nobody knew who is affected (scenario 3): that told nobody directly.
        The first that does comes with a decision; corrections and reviews go on from it, and history that was
        imported has none.
        """
        told = self.filter(public_through("incident"), decision__isnull=False)
        told = told.exclude(targeted_text="").exclude(
            models.Q(decision__override_public=True)
            | models.Q(decision__override_public__isnull=True, decision__public=True),
            decision__scenario=Scenario.AUDIENCE_UNKNOWN,
            decision__facts__audience=Audience.UNKNOWN,
        )
        return dict(told.order_by().values_list("incident_id").annotate(models.Min("at")))


class Communication(models.Model):
    """A statement, append-only. What the world reads and what affected customers read are two texts."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="communications")
    number = models.PositiveIntegerField()
    kind = models.CharField(
        max_length=10, choices=CommunicationKind.choices(), default=CommunicationKind.UPDATE
    )
    stage = models.CharField(max_length=13, choices=Stage.choices())
    public_text = models.TextField(blank=True)
    targeted_text = models.TextField(blank=True)
    # The facts that a text was written from where no person wrote it: {"public": […], "targeted": […]}, each as
    # `incidents.wording.WordingFacts`. Other languages are written from them.
    written_from = models.JSONField(default=dict, db_default={}, blank=True)
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

    @cached_property
    def cell_ids(self) -> list[CellIds]:
        """What it speaks of; never changed once it is written."""
        return list(self.scope.values_list("service_id", "region_id"))


class TimeVersion(models.Model):
    """A time as it stood before it was corrected, and what it became. Append-only, in the database too."""

    class What(models.TextChoices):
        START = "start", "Start"
        END = "end", "End"
        SCHEDULED_FOR = "scheduled-for", "Planned start"
        SCHEDULED_UNTIL = "scheduled-until", "Planned end"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="time_versions")
    communication = models.ForeignKey(
        Communication, on_delete=models.CASCADE, related_name="time_versions"
    )
    what = models.CharField(max_length=15, choices=What.choices)
    before = models.DateTimeField(null=True)
    after = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["incident", "-id"], name="time_version_newest_first")]


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
    """One row: the number of the public snapshot. It grows whenever something public has changed.

    `site` is the installation's own id: what readers know entries and pages by, whatever their address.
    """

    number = models.PositiveBigIntegerField(default=0)
    site = models.UUIDField(default=uuid4, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(name="revision_is_one_row", condition=Q(id=1))]


class SnapshotChange(models.Model):
    """What a number of the public snapshot was about: one incident, or without one anything at all.

    Written with the number, in its transaction; the publishers read again what the rows since theirs name.
    """

    revision = models.PositiveBigIntegerField(db_index=True)
    # Without a constraint: what was said of an incident is deleted before the incident itself.
    incident = models.ForeignKey(
        Incident, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
