"""What was sent, kept without secrets; and a delivery sent once more when a person says so.

The body for a web address is kept as it is. A mail is kept in two parts: what many have in common once, and in each
delivery what is its receiver's own, so that a million receivers do not cost a million bodies.
"""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Max

from notifications.channels.base import Message, MessageTemplate, TransportError
from notifications.channels.email.renderer import LINKS, OWN
from notifications.channels.registry import CHANNELS
from notifications.delivery import claims, kill_switch
from notifications.models import (
    Attempt,
    Delivery,
    MailContent,
    OperatorAct,
    Result,
    SentMessage,
)
from notifications.vocabulary.delivery_states import Channel, State

log = logging.getLogger(__name__)

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


@lru_cache(maxsize=64)
def common(template: MessageTemplate) -> MailContent:
    """What all mails of a template have in common, unsaved; its key is the same wherever it is made again."""
    marks = [_mark(name) for name in template.names]
    text, html = template.filled(template.text, marks), template.filled(template.html, marks)
    digest = hashlib.sha256("\0".join((template.subject, text, html)).encode()).digest()
    return MailContent(
        key=uuid.UUID(bytes=digest[:16]), subject=template.subject, text=text, html=html
    )


def own_words(message: Message) -> str:
    """What is the receiver's own in a mail, as JSON, without its links; empty where nothing is."""
    template = message.template
    if template is None:
        return ""
    own = {
        name: value.replace("\0", "")
        for name, value in zip(template.names, message.values, strict=True)
        if value and name not in template.links
    }
    return _as_json(own) if own else ""


_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def keep_contents(templates: Mapping[MessageTemplate, int]) -> None:
    """What these templates have in common, by the incident they tell of. Safe to run twice."""
    contents = []
    for template, incident_id in templates.items():
        content = common(template)
        content.incident_id = incident_id
        contents.append(content)
    MailContent.objects.bulk_create(contents, ignore_conflicts=True)


def what_was_sent(delivery: Delivery) -> str:
    """As it was taken, but for links and keys; empty where it was not, or before it was kept."""
    sent = SentMessage.objects.filter(delivery=delivery).first()
    if sent is not None:
        return sent.body
    content = MailContent.objects.filter(key=delivery.content).first() if delivery.content else None
    if content is None:
        return ""
    own: dict[str, str] = json.loads(delivery.own_words or "{}")
    parts = [content.subject, content.text, content.html]
    return "\n\n".join(_filled(each, own) for each in parts)


def _filled(text: str, own: Mapping[str, str]) -> str:
    for name in OWN:
        text = text.replace(_mark(name), HIDDEN if name in LINKS else own.get(name, ""))
    return text


def _mark(name: str) -> str:
    """Characters for private use (Unicode, 23.5): no text has them."""
    return f"\ue000{name}\ue001"


def send_again(*, delivery_id: int, now: datetime, actor: AbstractBaseUser) -> tuple[bool, str]:
    """The same message with the same id, past every queue: whether it was taken, and the answer in words.

    For a receiver that has lost it; whoever has it knows it by its id. The try and who asked are on record. Raises
    AgainError where it must not be sent, or was not yet.
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
    if kill_switch.holds():
        raise AgainError("must not be sent: all sending is stopped.")
    claims.attach([delivery])
    try:
        taken, answer, result = True, _hand_over(delivery), Result.SENT.value
    except TransportError as error:
        taken, answer, result = False, error.detail, error.failure.value
    last = delivery.tries.aggregate(number=Max("number"))["number"]
    Attempt.objects.create(
        delivery=delivery, number=(last or 0) + 1, result=result, detail=answer[:300], at=now
    )
    OperatorAct.objects.create(
        what=OperatorAct.What.AGAIN,
        incident_id=delivery.incident_id,
        endpoint_id=delivery.endpoint_id,
        actor_id=actor.pk,
        at=now,
    )
    return taken, answer


def _hand_over(delivery: Delivery) -> str:
    """The answer. Raises TransportError, of a fault of our own, too."""
    handler = CHANNELS[Channel(delivery.channel)]
    try:
        return handler.transport.send(handler.renderer().compose(delivery))
    except TransportError:
        raise
    except Exception as error:
        log.exception("delivery %s could not be sent once more", delivery.uuid)
        raise TransportError.of_ours(error) from error
