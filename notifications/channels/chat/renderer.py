"""What a chat room reads, in the format of its endpoint. Same facts as the mail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from notifications.channels import wording
from notifications.channels.base import Message
from notifications.channels.chat.formats.registry import format_of
from notifications.channels.chat.post import post_of
from notifications.models import Attempt, Delivery, Result


class ChatRenderer:
    """Makes each body once. Short-lived by intent, like the renderer of mails."""

    def __init__(self) -> None:
        self._bodies: dict[tuple[object, ...], Mapping[str, Any]] = {}

    def compose(self, delivery: Delivery) -> Message:
        """The message of a delivery, the same again whenever it is repeated."""
        chosen = format_of(delivery.endpoint.format)
        key = (chosen.offered.name, *wording.same_words(delivery), delivery.concern)
        if key not in self._bodies:
            with wording.reading(delivery):
                self._bodies[key] = chosen.body(post_of(delivery))
        first = _first_message(delivery) if chosen.threads and not delivery.is_first else ""
        return chosen.message(
            str(delivery.uuid), delivery.endpoint.address, self._bodies[key], first
        )


def _first_message(delivery: Delivery) -> str:
    """The id that the room gave to the first message of the incident, as its answer is noted (`sender`); or none.

    The last one that has an id: another takes its place where the first is gone.
    """
    answers = Attempt.objects.filter(
        delivery__incident=delivery.incident_id,
        delivery__endpoint=delivery.endpoint_id,
        delivery__communication__lt=delivery.communication_id,
        result=Result.SENT,
        detail__contains=" ",
    ).order_by("-delivery__communication", "-id")
    first = answers.values_list("detail", flat=True).first() or ""
    return first.partition(" ")[2]
