"""What exactly went to a web address, as evidence for as long as the delivery is kept."""

from __future__ import annotations

from django.db import models

from notifications.models.outbox import Delivery


class SentMessage(models.Model):
    """The body that was taken, without keys: those stand in the endpoint's address, and signatures in headers."""

    delivery = models.OneToOneField(Delivery, on_delete=models.CASCADE, related_name="sent_message")
    body = models.TextField()
    at = models.DateTimeField()
