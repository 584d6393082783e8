"""The words that columns may hold; the pure tables of `notifications.vocabulary.delivery_states` own most of them."""

from __future__ import annotations

from incidents.vocabulary import Word
from notifications.vocabulary import delivery_states
from notifications.vocabulary.delivery_states import Channel


class Result(Word):
    SENT = "sent", "Sent"
    PERMANENT = delivery_states.Failure.PERMANENT.value, "Refused for good"
    TEMPORARY = delivery_states.Failure.TEMPORARY.value, "Failed, tried again later"
    THROTTLED = delivery_states.Failure.THROTTLED.value, "Asked to slow down"
    UNREACHABLE = delivery_states.Failure.UNREACHABLE.value, "Nobody there"
    BOUNCED = "bounced", "Taken, and came back"
    LOST = "lost", "Worker vanished, outcome unknown"


def channels() -> list[tuple[str, str]]:
    """A callable, so that another channel is no change of the tables."""
    return Channel.choices()


STATES = delivery_states.State.choices()
PHASES = delivery_states.Phase.choices()
SKIP_REASONS = delivery_states.SkipReason.choices()
DEFERRALS = delivery_states.Deferral.choices()
AUDIENCES = delivery_states.DeliveryAudience.choices()
RELEVANCES = delivery_states.Relevance.choices()
REASONS = delivery_states.Reason.choices()
CADENCES = delivery_states.Cadence.choices()
PRIORITIES = [
    (delivery_states.URGENT, "Urgent"),
    (delivery_states.USUAL, "Usual"),
    (delivery_states.PATIENT, "Patient"),
]
