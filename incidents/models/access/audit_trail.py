"""The audit trail: what changed, by whom, from where. Rows are written by triggers, and never again."""

from __future__ import annotations

from django.db import models


class AuditEvent(models.Model):
    """A change of one row (or of many by one statement), or a sign-in.

    Names and numbers stand here as they were, without foreign keys: what they name may go, this stays.
    `before` and `after`: of an update what differs alone. Secrets and addresses of customers are an ellipsis.
    """

    at = models.DateTimeField()
    what = models.CharField(max_length=63)  # a table, `sign-in`, or `tenant-view`
    row = models.CharField(max_length=40, blank=True)
    verb = models.CharField(max_length=20)  # insert, update, delete; in, refused, out; look
    rows = models.PositiveBigIntegerField(default=1)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    incident = models.BigIntegerField(null=True)
    actor = models.CharField(max_length=150, blank=True)
    via = models.CharField(
        max_length=100, blank=True
    )  # a screen, an operation of the API, a command
    address = models.CharField(max_length=60, blank=True)
    session = models.CharField(max_length=16, blank=True)
    token = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["incident", "id"], name="audit_incident"),
            models.Index(fields=["actor", "id"], name="audit_actor"),
            models.Index(fields=["what", "id"], name="audit_what"),
            models.Index(fields=["at"], name="audit_at"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.row} {self.verb}"
