"""A comparison of policies over recordings that a worker makes while its author waits or does something else."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class BacktestRun(models.Model):
    """`policies`: documents, as `Policy.as_dict` gives them. `report`: what `backtest --json` prints.

    `total` and `done`: incidents, once the file is read. It is over when `ended_at` is set, with a report
    or with a fault in one line.
    """

    file_name = models.CharField(max_length=200)
    content = models.BinaryField()
    policies = models.JSONField()
    sweep = models.CharField(max_length=100, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    handed_in_at = models.DateTimeField()
    total = models.PositiveIntegerField(null=True)
    done = models.PositiveIntegerField(default=0)
    report = models.JSONField(null=True)
    fault = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.file_name

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0
