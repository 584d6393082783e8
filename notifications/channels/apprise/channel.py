"""The long tail: addresses as Apprise writes them, of the services on our list."""

from __future__ import annotations

import uuid
from datetime import datetime

from notifications.channels import http
from notifications.channels.apprise.renderer import AppriseRenderer, message
from notifications.channels.apprise.services import Plugin
from notifications.channels.base import Address, ChannelHandler
from notifications.channels.chat.post import test_post
from notifications.channels.http import Web
from notifications.models import Endpoint
from notifications.vocabulary.addresses import AddressError
from notifications.vocabulary.delivery_states import Channel


class Apprise(Web):
    """A service has the receivers of everybody: what is gone or must slow down is one of them."""

    agent = "statuspage-apprise/1"
    rooms = True


APPRISE_POST = Apprise()


def check(address: str) -> Address:
    """Whether we would go where its messages go. Raises AddressError."""
    typed = address.strip()
    leads_to = Plugin(typed).request("Test", "Test").url
    return Address(typed, http.check(leads_to).host)


def try_out(endpoint: Endpoint, now: datetime) -> tuple[bool, str]:
    try:
        test = message(str(uuid.uuid4()), Plugin(endpoint.address), test_post(now))
    except AddressError as error:
        return False, str(error)
    return http.try_out(APPRISE_POST, test)


APPRISE = ChannelHandler(
    name=Channel.APPRISE,
    check=check,
    renderer=AppriseRenderer,
    transport=APPRISE_POST,
    try_out=try_out,
)
