"""What a mail provider's tracking webhook says of our mails, in the words of `inbound.bounces`.

Connected only while MAIL_PROVIDER is set. Who may say it was checked before: the webhook has a secret.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone

from notifications.inbound import bounces
from notifications.models import Bounce, Channel, Delivery, Endpoint
from notifications.vocabulary.addresses import AddressError, normalise

# A provider drops what it has learnt about an address itself: these are news of an older bounce.
_DEAD = ("invalid", "bounced")
_COMPLAINED = ("spam", "unsubscribed")


def take(event: Any, esp_name: str, **_: object) -> None:
    """A receiver of anymail's `tracking` signal. An error here makes the provider tell it again later."""
    kind = kind_of(event.event_type, event.reject_reason or "", event.mta_response or "")
    if not kind:
        return
    delivery = _delivery(event.metadata or {})
    endpoint_id = delivery.endpoint_id if delivery else _endpoint(event.recipient or "")
    if endpoint_id is None:
        return
    if delivery is not None:
        name = bounces.event_of(delivery.uuid, kind)
    else:
        name = f"{esp_name}:{event.event_id or event.message_id}:{kind}"[:200]
    now = timezone.now()
    detail = event.mta_response or event.description or f"{esp_name}: {event.event_type}"
    new = bounces.note(
        [
            bounces.Return(
                endpoint_id=endpoint_id,
                kind=kind,
                source=Bounce.Source.PROVIDER,
                event=name,
                detail=detail,
                delivery_id=delivery.pk if delivery else None,
                audience=delivery.audience if delivery else "",
            )
        ],
        now=now,
    )
    if new and delivery is not None:
        bounces.add_answer(delivery, detail, now=now)


def kind_of(event_type: str, reject_reason: str, answer: str) -> str:
    """hard, soft, complaint, or empty: nothing that came back."""
    if event_type in ("complained", "unsubscribed") or reject_reason in _COMPLAINED:
        return Bounce.Kind.COMPLAINT
    if event_type not in ("bounced", "rejected"):
        return ""
    if reject_reason in _DEAD:
        # "bounced" alone may be a full mailbox; only an answer that names the address is final.
        return Bounce.Kind.HARD if reject_reason == "invalid" else bounces.kind_by_answer(answer)
    return Bounce.Kind.SOFT


def _delivery(metadata: dict[str, str]) -> Delivery | None:
    try:
        uuid = UUID(metadata.get("delivery", ""))
    except (ValueError, AttributeError):
        return None
    return Delivery.objects.filter(uuid=uuid).first()


def _endpoint(recipient: str) -> int | None:
    try:
        address = normalise(recipient)
    except AddressError:
        return None
    found = Endpoint.objects.at(address).filter(channel=Channel.MAIL)
    return found.values_list("pk", flat=True).first()
