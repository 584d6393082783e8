"""What stays when deliveries have aged out: counts and moments per statement and per incident; acts of people."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from incidents.models import Communication, Incident
from notifications.models.endpoints import Endpoint


class DeliveryStatistics(models.Model):
    """What became of one communication's deliveries; without a communication, of the whole incident.

    Moments instead of durations: time-to-notify follows from them, whatever it is measured from, also
    after a start of impact was corrected. `half_at`, `most_at`: when half (p50) and 95 of 100 (p95) of
    what was told, alone or in a digest, had left; for an incident they count each endpoint's first message.

    `counts`: audience to `state`, `skipped:reason` or `pending:hold` to a number; what is in a digest counts as
    `pending:in_digest` while that waits, as `skipped:in_digest` when it was sent, and as failed where it failed.
    `settled`: nothing waits any more and all plannings seen (`fan_outs`) had ended. `aged_at`: deliveries were
    deleted; never counted again.
    """

    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="delivery_statistics", db_index=False
    )
    communication = models.OneToOneField(
        Communication, null=True, on_delete=models.PROTECT, related_name="deliverystatistics"
    )
    counts = models.JSONField(default=dict)
    planned = models.PositiveIntegerField(default=0)
    endpoints = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField(null=True)
    half_at = models.DateTimeField(null=True)
    most_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)
    fan_outs = models.PositiveIntegerField(default=0)
    settled = models.BooleanField(default=False)
    counted_at = models.DateTimeField()
    aged_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "delivery statistics"
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "communication"],
                name="statistics_once_per_statement",
                nulls_distinct=False,
            ),
        ]
        indexes = [
            # The sweep: what must be counted again.
            models.Index(
                fields=["counted_at"], name="statistics_unsettled", condition=Q(settled=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.communication_id or 'as a whole'}"


class OperatorAct(models.Model):
    """What a person did to deliveries or to an endpoint, and why. Holds no address: it outlives erasure."""

    class What(models.TextChoices):
        RETRY = "retry", "Failed deliveries tried again"
        LIFT = "lift", "Suppression lifted"
        ERASE = "erase", "Address erased"
        UNDO = "undo", "Leaving taken back"
        AGAIN = "again", "Sent once more"
        LATE = "late", "What was missed, sent late"

    what = models.CharField(max_length=5, choices=What.choices)
    incident = models.ForeignKey(
        Incident, null=True, on_delete=models.PROTECT, related_name="operator_acts"
    )
    endpoint = models.ForeignKey(
        Endpoint, null=True, on_delete=models.PROTECT, related_name="operator_acts"
    )
    count = models.PositiveIntegerField(default=1)
    reason = models.CharField(max_length=300, blank=True)
    # None: a command, run by whoever has a shell there.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    at = models.DateTimeField()
