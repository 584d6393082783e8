"""Making and changing endpoints: one verb for each, whoever asks.

A secret is returned once and never shown again.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from notifications.channels.base import Address, Format
from notifications.channels.registry import CHANNELS
from notifications.models import Endpoint, Tenant
from notifications.vocabulary.addresses import AddressError
from notifications.vocabulary.delivery_states import Channel

# Both secrets sign for so long, so that a receiver changes over without missing anything.
OVERLAP = timedelta(hours=24)


def formats(channel: str) -> Sequence[Format]:
    """What an endpoint of this channel may be told in; the first is the default."""
    return CHANNELS[Channel(channel)].formats


def typed_channels() -> list[Channel]:
    """Those whose addresses people type."""
    return [each for each in Channel if not CHANNELS[each].by_browser]


def check(channel: str, address: str, format: str = "") -> Address:
    """The normal form of an address that somebody typed, as channel and format want it. Raises AddressError."""
    if CHANNELS[Channel(channel)].by_browser:
        raise AddressError("comes from a browser that subscribes itself; nobody can type it.")
    return CHANNELS[Channel(channel)].check(_format(channel, format).address(address))


def _format(channel: str, name: str) -> Format:
    known = {each.name: each for each in formats(channel)}
    if not name:
        return next(iter(known.values()), Format("", ""))
    if name not in known:
        raise AddressError(f"has no format {name!r} in {channel}; use one of {', '.join(known)}.")
    return known[name]


def find(channel: str, address: str) -> Endpoint | None:
    """The endpoint of an address in its normal form; two spellings of a mail address are one receiver."""
    return Endpoint.objects.at(address).filter(channel=channel).first()


def unsaved(
    *, channel: str, address: str, format: str, language: str, time_zone: str, now: datetime
) -> Endpoint:
    """An endpoint to try with a test message, signed with a secret of no further use. Raises AddressError."""
    handler, checked = CHANNELS[Channel(channel)], check(channel, address, format)
    return Endpoint(
        channel=channel,
        address=checked.address,
        host=checked.host,
        format=format,
        secret=handler.new_secret() if handler.new_secret else "",
        language=language,
        time_zone=time_zone,
        created_at=now,
    )


@transaction.atomic
def create(
    *,
    channel: str,
    address: str,
    tenant: Tenant | None,
    now: datetime,
    language: str = "en",
    time_zone: str = "UTC",
    format: str = "",
    name: str = "",
    secret: str = "",
) -> tuple[Endpoint, str]:
    """An endpoint and, where its channel signs messages, the secret, a new one unless it is given.

    Raises AddressError.
    """
    handler = CHANNELS[Channel(channel)]
    with_keys = handler.by_browser and secret
    checked = handler.check(address) if with_keys else check(channel, address, format)
    if find(channel, checked.address):
        raise AddressError("is there already; use another one.")
    if handler.new_secret:
        secret = secret or handler.new_secret()
    endpoint = Endpoint.objects.create(
        channel=handler.name,
        address=checked.address,
        host=checked.host,
        secret=secret,
        tenant=tenant,
        language=language,
        time_zone=time_zone,
        format=format,
        name=name,
        created_at=now,
    )
    return endpoint, secret


def move(endpoint: Endpoint, *, address: str) -> None:
    """Give an endpoint another address of its channel; the caller saves. Raises AddressError.

    Links in messages to the old address must not manage the new one, which nobody has confirmed yet.
    """
    checked = check(endpoint.channel, address, endpoint.format)
    endpoint.address, endpoint.host = checked.address, checked.host
    endpoint.key, endpoint.confirmed_at = uuid.uuid4(), None


@transaction.atomic
def rotate(*, endpoint_id: int, now: datetime) -> str:
    """A new secret; the one before signs beside it for OVERLAP. Raises Endpoint.DoesNotExist."""
    endpoint = Endpoint.objects.select_for_update().exclude(secret="").get(pk=endpoint_id)
    new_secret = CHANNELS[Channel(endpoint.channel)].new_secret
    if new_secret is None:
        raise Endpoint.DoesNotExist(f"{endpoint.channel} signs nothing.")
    secret = new_secret()
    replace_secret(endpoint, secret, now=now)
    endpoint.save(update_fields=["secret", "former_secret", "former_until"])
    return secret


def replace_secret(endpoint: Endpoint, secret: str, *, now: datetime) -> None:
    """The one before signs beside it for OVERLAP; the caller saves."""
    endpoint.former_secret, endpoint.former_until = endpoint.secret, now + OVERLAP
    endpoint.secret = secret
