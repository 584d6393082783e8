"""What one person has prepared and another one has to do."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from incidents.models.incident import Incident


class Proposal(models.Model):
    """A form of the desk as it was sent by somebody who may not do it, or may not do it alone.

    `act`: `draft`, or what needs two people (settings.FOUR_EYES). `fields`: name -> values, as they were typed.
    """

    act = models.CharField(max_length=20)
    path = models.CharField(max_length=200)
    fields = models.JSONField()
    incident = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    settled_at = models.DateTimeField(null=True)
    dropped = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["id"], name="proposal_open", condition=models.Q(settled_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.act} by {self.by}"
