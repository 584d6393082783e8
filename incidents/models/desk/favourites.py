"""What a person has pinned at the desk."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from incidents.vocabulary import SLUG_LENGTH


class Favourite(models.Model):
    """A service or region that somebody wants in sight wherever cells are ticked. `what`: services, or regions."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    what = models.CharField(max_length=8)
    slug = models.CharField(max_length=SLUG_LENGTH)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "what", "slug"], name="favourite_once")
        ]

    def __str__(self) -> str:
        return f"{self.what}: {self.slug}"
