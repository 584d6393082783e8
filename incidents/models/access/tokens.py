"""Bearer tokens: who may act through an API instead of screens."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

NAME_LENGTH = 100


class Token(models.Model):
    """A key for scripts. Only the digest (SHA-256, hexadecimal) is stored: what is random needs no slow hash."""

    name = models.CharField(max_length=NAME_LENGTH)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    def state(self, now: datetime) -> str:
        """`revoked`, `expired` or `valid`."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at <= now else "valid"


class ApiToken(Token):
    """A user's key. It may what its scopes and its user may; without scopes what the user may.

    Scopes are names of rows in `incidents.access`.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens"
    )
    scopes = ArrayField(models.CharField(max_length=40), null=True)

    class Meta:
        verbose_name = "API token"

    @property
    def reach(self) -> str:
        """Its scopes in words."""
        return ", ".join(self.scopes) if self.scopes else "all its user may"


class IdempotentResponse(models.Model):
    """The answer to a request that carried an Idempotency-Key. `request`: a digest of what was asked."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    answer = models.JSONField(default=dict)
    made_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="idempotency_key_once"),
        ]
