"""What was sent to web addresses, kept without secrets; and a delivery sent once more when a person says so."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from django.contrib.auth.models import AbstractBaseUser

from notifications.audience import concern
from notifications.channels.base import Message, TransportError
from notifications.channels.registry import CHANNELS
from notifications.lifecycle import Channel, State
from notifications.models import Attempt, Delivery, OperatorAct, Result, SentMessage

SHORTEST_SECRET = 6
HIDDEN = "…"


class AgainError(ValueError):
    """It cannot be sent once more; the message says why."""


def redacted(delivery: Delivery, message: Message) -> str:
    """The body without what the endpoint's address keeps secret, such as a routing key."""
    text = message.plain or message.event.decode(errors="replace")
    for values in parse_qs(urlsplit(delivery.endpoint.address).query).values():
        for value in values:
            if len(value) >= SHORTEST_SECRET:
                text = text.replace(value, HIDDEN)
    return text.replace("\0", "")


def keep(sent: Iterable[tuple[Delivery, Message]], *, now: datetime) -> None:
    """Safe to run twice: what was kept first stays."""
    SentMessage.objects.bulk_create(
        [
            SentMessage(delivery=delivery, body=redacted(delivery, message), at=now)
            for delivery, message in sent
        ],
        ignore_conflicts=True,
    )


def send_again(*, delivery_id: int, now: datetime, actor: AbstractBaseUser) -> tuple[bool, str]:
    """The same message with the same id, past every queue: whether it was taken, and the answer in words.

    For a receiver that has lost it; whoever has it knows it by its id. The try and who asked are on record.
    Raises AgainError where it must not be sent, or was not yet.
    """
    delivery = Delivery.objects.select_related(
        "endpoint", "communication__incident", "incident"
    ).get(pk=delivery_id)
    if delivery.state not in (State.SENT, State.FAILED):
        raise AgainError("is not sent yet: it leaves by itself.")
    if why := delivery.reason_to_skip():
        raise AgainError(f"must not be sent: {why}.")
    if delivery.stays_inside():
        raise AgainError("is a drill's, and this address is not on its list.")
    concern.attach([delivery])
    handler = CHANNELS[Channel(delivery.channel)]
    try:
        answer = handler.transport.send(handler.renderer().compose(delivery))
        taken, result = True, Result.SENT.value
    except TransportError as error:
        answer, taken, result = error.detail, False, error.failure.value
    Attempt.objects.create(
        delivery=delivery,
        number=delivery.attempts + 1,
        result=result,
        detail=answer[:300],
        at=now,
    )
    OperatorAct.objects.create(
        what=OperatorAct.What.AGAIN,
        incident_id=delivery.incident_id,
        endpoint_id=delivery.endpoint_id,
        actor_id=actor.pk,
        at=now,
    )
    return taken, answer
