"""Impacted lists beside the list itself: its versions, drafts, and files that are being read."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from incidents.models import ApiToken, Incident
from notifications.models.customers.tenants import NAME_LENGTH


class AudienceVersion(models.Model):
    """A replacement of an incident's impacted list: when, by whom, and how much it changed."""

    incident = models.ForeignKey(
        Incident, on_delete=models.CASCADE, related_name="audience_versions"
    )
    version = models.PositiveIntegerField()
    subscriptions = models.PositiveIntegerField()
    added = models.PositiveIntegerField()
    removed = models.PositiveIntegerField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    # With what the actor came, if not in person.
    token = models.ForeignKey(ApiToken, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        permissions = [("replace_list", "Can replace impacted lists")]
        constraints = [
            models.UniqueConstraint(fields=["incident", "version"], name="audience_version_once"),
        ]


class ListDraft(models.Model):
    """A list that was handed in and read, and that waits for a person to put it into force.

    `on_version`: the list it was compared with; one that was replaced meanwhile asks for another look.
    `listed`: the IDs of the subscriptions, in one value: a row each would take longer to keep and to
    clear away than the file takes to read. `sample`: some of the identifiers `added` and `removed`.
    """

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="list_drafts")
    file_name = models.CharField(max_length=NAME_LENGTH)
    on_version = models.PositiveIntegerField()
    subscriptions = models.PositiveIntegerField()
    added = models.PositiveIntegerField()
    removed = models.PositiveIntegerField()
    listed = ArrayField(models.BigIntegerField(), default=list)
    sample = models.JSONField(default=dict)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField()

    class Meta:
        indexes = [
            # Forgotten ones are cleared away when the next list comes.
            models.Index(fields=["made_at"], name="list_draft_made"),
        ]


class ListReading(models.Model):
    """A file that was handed in and is read into a draft; kept with its faults (`told`) if it has any."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="list_readings")
    file_name = models.CharField(max_length=NAME_LENGTH)
    size = models.PositiveBigIntegerField()
    bytes_read = models.PositiveBigIntegerField(default=0)
    lines_read = models.PositiveIntegerField(default=0)
    faults = models.PositiveIntegerField(default=0)
    told = models.JSONField(default=list)
    # One that a file brings down each time must end, too.
    tries = models.PositiveSmallIntegerField(default=0)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    handed_in_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # Of the few that wait: sweeps ask every ten seconds.
            models.Index(
                fields=["handed_in_at"], name="list_reading_waiting", condition=Q(ended_at=None)
            ),
        ]

    def percent(self) -> int:
        return 100 * self.bytes_read // self.size if self.size else 100


class ListPiece(models.Model):
    """Some bytes of a file that is being read; gone when it is."""

    # No index of its own: the constraint's begins with it.
    reading = models.ForeignKey(
        ListReading, on_delete=models.CASCADE, related_name="pieces", db_index=False
    )
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reading", "number"], name="list_piece_once"),
        ]
