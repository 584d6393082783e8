"""Texts with placeholders that operators begin with."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from incidents.vocabulary import Kind, Stage


class TextTemplate(models.Model):
    """A text to begin with, for a kind of incident and a stage (empty: for any), in one language.

    Its placeholders are those of `incidents.texts.placeholders`; they are filled in from the facts when it is sent.
    """

    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=20, choices=Kind.choices(), blank=True)
    stage = models.CharField(max_length=13, choices=Stage.choices(), blank=True)
    language = models.CharField(max_length=10)
    public_text = models.TextField(blank=True)
    targeted_text = models.TextField(blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "language")
        constraints = [
            models.UniqueConstraint(fields=["name", "language"], name="text_template_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"
