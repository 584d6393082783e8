"""The words that columns may hold; the pure tables of `notifications.lifecycle` own most of them."""

from __future__ import annotations

from incidents.vocabulary import Word
from notifications import lifecycle
from notifications.lifecycle import Channel


class Result(Word):
    SENT = "sent", "Sent"
    PERMANENT = lifecycle.Failure.PERMANENT.value, "Refused for good"
    TEMPORARY = lifecycle.Failure.TEMPORARY.value, "Failed, tried again later"
    THROTTLED = lifecycle.Failure.THROTTLED.value, "Asked to slow down"
    UNREACHABLE = lifecycle.Failure.UNREACHABLE.value, "Nobody there"
    BOUNCED = "bounced", "Taken, and came back"
    LOST = "lost", "Worker vanished, outcome unknown"


def channels() -> list[tuple[str, str]]:
    """A callable, so that another channel is no change of the tables."""
    return Channel.choices()


STATES = lifecycle.State.choices()
PHASES = lifecycle.Phase.choices()
SKIP_REASONS = lifecycle.SkipReason.choices()
DEFERRALS = lifecycle.Deferral.choices()
AUDIENCES = lifecycle.DeliveryAudience.choices()
RELEVANCES = lifecycle.Relevance.choices()
REASONS = lifecycle.Reason.choices()
CADENCES = lifecycle.Cadence.choices()
PRIORITIES = [
    (lifecycle.URGENT, "Urgent"),
    (lifecycle.USUAL, "Usual"),
    (lifecycle.PATIENT, "Patient"),
]
