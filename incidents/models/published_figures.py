from __future__ import annotations

from django.conf import settings
from django.db import models


class PublishedFigures(models.Model):
    """How fast we tell, as an operator put it on the public page; the newest row counts, an empty one ends it.

    `figures`: what `how-fast.schema.json` describes, or nothing.
    """

    figures = models.JSONField(default=dict)
    published_at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name_plural = "published figures"

    def __str__(self) -> str:
        return f"{self.published_at:%Y-%m-%d}"
