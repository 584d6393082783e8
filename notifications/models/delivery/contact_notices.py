"""What is told about a way of alerts itself: that it is dead, was left, or refuses; and who confirms to leave."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from notifications.models.customers.tenants import Tenant
from notifications.models.endpoints import Endpoint


class ContactNotice(models.Model):
    """One mail about an endpoint: to a tenant whose alerts it takes, or to whoever reads it (`tenant` none).

    `since`: of what it tells; about the same thing nobody is told twice. `sent_at` stays empty where there was
    nobody to tell: then only the desk knows.
    """

    class What(models.TextChoices):
        LEAVING = "leaving", "Asked to confirm that its alerts end"
        LEFT = "left", "Its alerts were ended"
        SUPPRESSED = "suppressed", "Nothing is sent there any more"
        FAILING = "failing", "Messages are not taken there"

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="notices")
    tenant = models.ForeignKey(
        Tenant, null=True, on_delete=models.CASCADE, related_name="notices", db_index=False
    )
    what = models.CharField(max_length=10, choices=What.choices)
    since = models.DateTimeField()
    uuid = models.UUIDField(default=uuid.uuid4, editable=False)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "tenant", "what", "since"],
                name="contact_notice_once",
                nulls_distinct=False,
            ),
        ]
        indexes = [
            # The worker's query: notices that are due.
            models.Index(
                fields=["next_attempt_at"],
                name="contact_notice_due",
                condition=Q(next_attempt_at__isnull=False),
            ),
        ]
