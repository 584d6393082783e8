"""What came back: refusals, reports and complaints about an endpoint."""

from __future__ import annotations

from django.db import models

from notifications.models.endpoints import Endpoint
from notifications.models.outbox import Delivery


class Bounce(models.Model):
    """One thing that came back, once. `event` makes it so: a delivery can bounce hard once, whoever tells.

    `source`: who said so. `status`: an enhanced status code of RFC 3463, where there is one.
    """

    class Kind(models.TextChoices):
        HARD = "hard", "Does not exist"
        SOFT = "soft", "Refused"
        COMPLAINT = "complaint", "Complaint"

    class Source(models.TextChoices):
        ANSWER = "answer", "The other side's answer"
        REPORT = "report", "A report that came back"
        PROVIDER = "provider", "The mail provider"

    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.CASCADE, related_name="bounces", db_index=False
    )
    delivery = models.ForeignKey(
        Delivery, null=True, on_delete=models.SET_NULL, related_name="bounces"
    )
    kind = models.CharField(max_length=9, choices=Kind.choices)
    source = models.CharField(max_length=8, choices=Source.choices)
    event = models.CharField(max_length=200, unique=True)
    status = models.CharField(max_length=12, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            # How often an endpoint has refused lately, and what it said last.
            models.Index(fields=["endpoint", "-at"], name="bounce_of_endpoint"),
        ]
