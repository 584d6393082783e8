"""What a chat room reads, in the format of its endpoint. Same facts as the mail."""

from __future__ import annotations

from notifications.channels import wording
from notifications.channels.base import Message
from notifications.channels.chat.formats.registry import RoomFormat, as_json, format_of
from notifications.channels.chat.post import post_of
from notifications.models import Delivery


class ChatRenderer:
    """Makes each body once. Short-lived by intent, like the renderer of mails."""

    def __init__(self) -> None:
        self._bodies: dict[tuple[object, ...], bytes] = {}

    def compose(self, delivery: Delivery) -> Message:
        """The message of a delivery, the same again whenever it is repeated."""
        chosen = format_of(delivery.endpoint.format)
        key = (chosen.offered.name, *wording.same_words(delivery), delivery.concern)
        if key not in self._bodies:
            with wording.reading(delivery):
                self._bodies[key] = as_json(chosen.body(post_of(delivery)))
        return message(str(delivery.uuid), delivery.endpoint.address, chosen, self._bodies[key])


def message(id: str, address: str, chosen: RoomFormat, body: bytes) -> Message:
    request = chosen.request(address, id)
    return Message(
        id=id, to=request.url, headers=request.headers, method=request.method, event=body
    )
