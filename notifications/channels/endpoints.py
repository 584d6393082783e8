"""Making endpoints with a web address, and changing the secret of a webhook.

A secret is returned once and never shown again.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from notifications.channels import outbound
from notifications.channels.webhook.sender import new_secret
from notifications.models import Channel, Endpoint, Tenant

# Both secrets sign for so long, so that a receiver changes over without missing anything.
OVERLAP = timedelta(hours=24)


def make(*, address: str, tenant: Tenant | None, now: datetime) -> tuple[Endpoint, str]:
    """A webhook endpoint and its secret. Raises outbound.Refused or outbound.Unreachable."""
    target = outbound.check(address)
    secret = new_secret()
    endpoint = Endpoint.objects.create(
        channel=Channel.WEBHOOK,
        address=address,
        host=target.host,
        secret=secret,
        tenant=tenant,
        created_at=now,
    )
    return endpoint, secret


def make_room(*, address: str, tenant: Tenant | None, now: datetime) -> Endpoint:
    """A chat room by the address of its incoming webhook. Raises outbound.Refused or outbound.Unreachable."""
    return Endpoint.objects.create(
        channel=Channel.CHAT,
        address=address,
        host=outbound.check(address).host,
        tenant=tenant,
        created_at=now,
    )


@transaction.atomic
def rotate(*, endpoint_id: int, now: datetime) -> str:
    """A new secret; the one before signs beside it for OVERLAP. Raises Endpoint.DoesNotExist."""
    endpoint = Endpoint.objects.select_for_update().get(pk=endpoint_id, channel=Channel.WEBHOOK)
    endpoint.former_secret, endpoint.former_until = endpoint.secret, now + OVERLAP
    endpoint.secret = secret = new_secret()
    endpoint.save(update_fields=["secret", "former_secret", "former_until"])
    return secret
