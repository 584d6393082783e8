"""Chat rooms: posts to the address that the room's product gave out.

Nothing is signed: whoever knows the address may post to it, so the address is the secret.
"""

from __future__ import annotations

from notifications.channels.http import Web


class Chat(Web):
    agent = "statuspage-chat/1"
    rooms = True


ROOM_POST = Chat()
