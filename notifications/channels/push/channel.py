"""Browsers: what they subscribed with is the address, a notification is the message."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext

from notifications.channels import http
from notifications.channels.base import Address, ChannelHandler
from notifications.channels.push.renderer import PushRenderer, message
from notifications.channels.push.sender import PUSH_POST
from notifications.channels.push.subscription import is_service
from notifications.models import Endpoint
from notifications.vocabulary.addresses import AddressError
from notifications.vocabulary.delivery_states import Channel


def check(address: str) -> Address:
    """An address at a push service that the operator has named. Raises AddressError."""
    if not is_service(address, settings.PUSH_SERVICES):
        raise AddressError("is not of a push service that this page knows (PUSH_SERVICES).")
    return http.check(address)


def try_out(endpoint: Endpoint, now: datetime) -> tuple[bool, str]:
    """The first notification: that this browser hears from now on. In the language that is active."""
    said = {
        "title": settings.SITE_NAME,
        "body": gettext("This browser is told from now on."),
        "url": f"{settings.BASE_URL}/status/",
        "tag": f"first-{now:%Y%m%dT%H%M%S}",
    }
    return http.try_out(PUSH_POST, message(str(uuid.uuid4()), endpoint, said))


PUSH = ChannelHandler(
    name=Channel.PUSH,
    check=check,
    renderer=PushRenderer,
    transport=PUSH_POST,
    try_out=try_out,
    by_browser=True,
)
