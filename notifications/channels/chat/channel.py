"""Chat rooms: an incoming webhook in the format of its product."""

from __future__ import annotations

import uuid
from datetime import datetime

from notifications.channels import http
from notifications.channels.base import ChannelHandler
from notifications.channels.chat.formats.registry import FORMATS, format_of
from notifications.channels.chat.post import test_post
from notifications.channels.chat.renderer import ChatRenderer
from notifications.channels.chat.sender import ROOM_POST
from notifications.models import Endpoint
from notifications.vocabulary.delivery_states import Channel


def try_out(endpoint: Endpoint, now: datetime) -> tuple[bool, str]:
    """In the endpoint's own format."""
    chosen = format_of(endpoint.format)
    test = chosen.message(str(uuid.uuid4()), endpoint.address, chosen.body(test_post(now)), "")
    return http.try_out(ROOM_POST, test)


CHAT = ChannelHandler(
    name=Channel.CHAT,
    check=http.check,
    renderer=ChatRenderer,
    transport=ROOM_POST,
    try_out=try_out,
    formats=tuple(each.offered for each in FORMATS),
)
