"""Mail, by our own relay: one connection for all receivers."""

from __future__ import annotations

from notifications.channels.base import Address, ChannelHandler
from notifications.channels.email.renderer import MailRenderer
from notifications.channels.email.smtp import RELAY
from notifications.channels.email.test_mail import try_out
from notifications.vocabulary.addresses import normalise
from notifications.vocabulary.delivery_states import Channel


def check(address: str) -> Address:
    return Address(normalise(address))


MAIL = ChannelHandler(
    name=Channel.MAIL,
    check=check,
    renderer=MailRenderer,
    transport=RELAY,
    try_out=try_out,
    prepare=RELAY.connect_ahead,
    # Each throttled or unreachable mail ends a batch, so three are three batches.
    breaker_after=3,
)
