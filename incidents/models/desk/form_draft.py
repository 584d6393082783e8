"""What people have typed at the desk and not sent yet."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models

from incidents.models.incident import Incident


class FormDraft(models.Model):
    """A form of the desk as it was typed. `page`: its address; `fields`: name to values; `owner`: who types now;
    `form`: which of the page's forms, where it has several.

    Nothing of it is said, decided or shown outside the desk. It goes once its form is sent, by hand, or by age.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    page = models.CharField(max_length=200)
    form = models.CharField(max_length=30, blank=True, db_default="")
    title = models.CharField(max_length=200, blank=True)
    fields = models.JSONField()
    incident = models.ForeignKey(
        Incident, null=True, on_delete=models.CASCADE, related_name="form_drafts"
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    saved_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-saved_at"], name="form_draft_latest")]

    def __str__(self) -> str:
        return self.title or self.page
