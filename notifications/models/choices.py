"""The words that columns may hold; the pure tables of `notifications.lifecycle` own most of them."""

from __future__ import annotations

from enum import StrEnum

from django.db import models

from notifications import lifecycle
from notifications.lifecycle import Channel


def _choices(words: type[StrEnum]) -> list[tuple[str, str]]:
    return [(word.value, word.value.replace("-", " ").capitalize()) for word in words]


class Result(models.TextChoices):
    SENT = "sent", "Sent"
    PERMANENT = lifecycle.Failure.PERMANENT.value, "Refused for good"
    TEMPORARY = lifecycle.Failure.TEMPORARY.value, "Failed, tried again later"
    THROTTLED = lifecycle.Failure.THROTTLED.value, "Asked to slow down"
    UNREACHABLE = lifecycle.Failure.UNREACHABLE.value, "Nobody there"
    BOUNCED = "bounced", "Taken, and came back"
    LOST = "lost", "Worker vanished, outcome unknown"


def channels() -> list[tuple[str, str]]:
    """A callable, so that another channel is no change of the tables."""
    return _choices(Channel)


STATES = _choices(lifecycle.State)
PHASES = _choices(lifecycle.Phase)
SKIP_REASONS = _choices(lifecycle.SkipReason)
DEFERRALS = _choices(lifecycle.Deferral)
AUDIENCES = _choices(lifecycle.Audience)
RELEVANCES = _choices(lifecycle.Relevance)
REASONS = _choices(lifecycle.Reason)
PRIORITIES = [
    (lifecycle.URGENT, "Urgent"),
    (lifecycle.USUAL, "Usual"),
    (lifecycle.PATIENT, "Patient"),
]
