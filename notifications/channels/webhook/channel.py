"""Webhooks: the native body, signed as Standard Webhooks asks."""

from __future__ import annotations

import json
import uuid
from datetime import datetime

from notifications.channels import http
from notifications.channels.base import ChannelHandler, Message
from notifications.channels.webhook import renderer
from notifications.channels.webhook.sender import SIGNED_POST, new_secret
from notifications.lifecycle import Channel
from notifications.models import Endpoint


def try_out(endpoint: Endpoint, now: datetime) -> tuple[bool, str]:
    body = {"type": "test", "timestamp": renderer.utc(now), "data": {"version": renderer.VERSION}}
    return http.try_out(
        SIGNED_POST,
        Message(
            id=str(uuid.uuid4()),
            to=endpoint.address,
            event=json.dumps(body).encode(),
            secrets=renderer.secrets_of(endpoint),
        ),
    )


WEBHOOK = ChannelHandler(
    name=Channel.WEBHOOK,
    check=http.check,
    renderer=renderer.WebhookRenderer,
    transport=SIGNED_POST,
    try_out=try_out,
    new_secret=new_secret,
)
