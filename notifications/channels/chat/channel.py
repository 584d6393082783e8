"""Chat rooms that take `{"text": …}`, as Slack, Mattermost, Rocket.Chat and Google Chat do."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from django.conf import settings

from incidents.wording import clock
from notifications.channels import http
from notifications.channels.base import CALM, ChannelHandler, Message
from notifications.channels.chat.renderer import ChatRenderer, body_of, safe
from notifications.channels.chat.sender import ROOM_POST
from notifications.lifecycle import Channel
from notifications.models import Endpoint


def try_out(endpoint: Endpoint, now: datetime) -> tuple[bool, str]:
    text = f"Test message of {settings.SITE_NAME}, {clock(now.astimezone(UTC))}. {CALM}"
    message = Message(id=str(uuid.uuid4()), to=endpoint.address, event=body_of(safe(text)))
    return http.try_out(ROOM_POST, message)


CHAT = ChannelHandler(
    name=Channel.CHAT,
    check=http.check,
    renderer=ChatRenderer,
    transport=ROOM_POST,
    try_out=try_out,
)
