"""The switch that stops all sending; every use of it is kept."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from notifications.vocabulary.delivery_states import BEAT, SUBSTITUTE


class KillSwitch(models.Model):
    """Sending was stopped by somebody, for a reason; it goes on once it is released."""

    reason = models.CharField(max_length=300)
    stopped_at = models.DateTimeField()
    stopped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    released_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name_plural = "kill switches"
        permissions = [("stop_sending", "Can stop and release all sending")]
        indexes = [
            models.Index(
                fields=["id"],
                name="sending_stop_in_force",
                condition=models.Q(released_at__isnull=True),
            ),
        ]


class SendingHeartbeat(models.Model):
    """When the clock of tasks last rang (row 1), and when `deliver` last did the same (row 2).

    Written by those two, read by the alarm (`notifications.delivery.sending_health`).
    """

    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="pulse_of_sweep_or_substitute",
                condition=models.Q(id__in=(BEAT, SUBSTITUTE)),
            ),
        ]
