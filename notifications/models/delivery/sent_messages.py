"""What exactly was sent, as evidence for as long as the delivery is kept."""

from __future__ import annotations

import uuid

from django.db import models

from incidents.models import Incident
from notifications.models.outbox import Delivery


class SentMessage(models.Model):
    """The body that a web address took, without keys: those stand in the endpoint's address, and signatures in
    headers."""

    delivery = models.OneToOneField(Delivery, on_delete=models.CASCADE, related_name="sent_message")
    body = models.TextField()
    at = models.DateTimeField()


class MailContent(models.Model):
    """What many mails have in common, once. `key` is made of it; what is a receiver's own is in its delivery
    (`own_words`), its links nowhere."""

    key = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="mail_contents")
    subject = models.TextField()
    text = models.TextField()
    html = models.TextField()
