"""Webhooks: a body in the format that the endpoint asks for, signed as Standard Webhooks asks."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.utils.translation import get_language

from incidents.wording import WRITTEN_IN
from notifications.channels import http, wording
from notifications.channels.base import ChannelHandler
from notifications.channels.webhook.event import example
from notifications.channels.webhook.formats.registry import FORMATS, format_of
from notifications.channels.webhook.reading import site_id
from notifications.channels.webhook.renderer import WebhookRenderer, message
from notifications.channels.webhook.sender import SIGNED_POST, new_secret
from notifications.models import Endpoint
from notifications.vocabulary.delivery_states import Channel


def try_out(endpoint: Endpoint, now: datetime) -> tuple[bool, str]:
    """A made-up statement that is over, as a drill, in the endpoint's own format and the language that is active."""
    event = example(
        settings.BASE_URL,
        settings.SITE_NAME,
        site_id(),
        now,
        title=wording.TEST % {"site": settings.SITE_NAME},
        text=str(wording.CALM),
        language=get_language() or WRITTEN_IN,
    )
    chosen = format_of(endpoint.format)
    test = message(str(uuid.uuid4()), endpoint, chosen, event, chosen.body(event))
    return http.try_out(SIGNED_POST, test)


WEBHOOK = ChannelHandler(
    name=Channel.WEBHOOK,
    check=http.check,
    renderer=WebhookRenderer,
    transport=SIGNED_POST,
    try_out=try_out,
    new_secret=new_secret,
    formats=tuple(each.offered for each in FORMATS),
)
