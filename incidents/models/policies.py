"""Policies that were in force here. Append-only: the newest row decides, every decision names its version."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class PolicyVersion(models.Model):
    """A policy as it was put into force. `document`: what `Policy.as_dict` gives, version included."""

    name = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    document = models.JSONField()
    reason = models.CharField(max_length=500)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    in_force_from = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="policy_version_once"),
        ]
        permissions = [
            ("adopt_policy", "Can put a policy into force"),
            ("override_policy", "Can override the policy for an incident"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"
