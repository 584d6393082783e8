"""Chat rooms: posts to the address that the room's product gave out.

Nothing is signed: whoever knows the address may post to it, so the address is the secret.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress

from notifications.channels.base import Message, TransportError
from notifications.channels.chat.formats.registry import RoomMessage
from notifications.channels.http import Web

MOST_BYTES = 64 * 1024  # of an answer
EDIT_SECONDS = 3.0
# What a room says of a thread that was closed or deleted, or that was another room's: the room itself may be well.
THREAD_GONE = frozenset({400, 403, 404})


class Chat(Web):
    agent = "statuspage-chat/1"
    rooms = True

    def send(
        self,
        message: Message,
        following: Message | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> str:
        """The note ends with the id of a message that others will refer to."""
        if not isinstance(message, RoomMessage):
            return super().send(message, following)
        answer = self.answer(message, most_bytes=MOST_BYTES if message.id_of else 0)
        if message.instead and answer.status in THREAD_GONE:
            return self.send(message.instead)
        note = self.taken(answer)
        if message.id_of:
            with suppress(ValueError, AttributeError, RecursionError):
                note = f"{note} {message.id_of(json.loads(answer.body))}".rstrip()
        if message.edit:
            with suppress(TransportError):
                self.answer(message.edit, seconds=EDIT_SECONDS)
        return note


ROOM_POST = Chat()
