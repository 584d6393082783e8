"""All that would leave, as it will look: a message for each channel and language in use, and what is new in it."""

from __future__ import annotations

import difflib
import json
import re
import uuid
from dataclasses import dataclass
from html import escape

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from incidents.models import Communication
from incidents.sealing import seal
from notifications.audience.forecast import Way, ways
from notifications.channels.registry import CHANNELS
from notifications.models import Delivery, Endpoint
from notifications.vocabulary.delivery_states import Channel, DeliveryAudience, Reason, Relevance

MOST = 8  # the others are counted
WORDS = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True, slots=True)
class Sample:
    """A message to somebody in no particular; `sealed`: its HTML, for a frame of its own."""

    way: Way
    language: str
    subject: str
    text: str
    sealed: str = ""


def samples_of(communication: Communication) -> tuple[list[Sample], int]:
    """Messages by how many hear them so, and how many other ways there are. Nothing is stored."""
    found = ways(communication)
    return [_sample(communication, way) for way in found[:MOST]], len(found[MOST:])


def _sample(communication: Communication, way: Way) -> Sample:
    targeted = way.audience == DeliveryAudience.TARGETED
    endpoint = Endpoint(
        pk=0,
        channel=way.channel,
        address="preview@example.com",
        language=way.language,
        key=uuid.UUID(int=0),
    )
    delivery = Delivery(
        incident=communication.incident,
        communication=communication,
        endpoint=endpoint,
        audience=way.audience,
        relevance=Relevance.RELATED if targeted else Relevance.PUBLIC,
        reason=Reason.ALERT_RULE if targeted else Reason.TOPIC,
    )
    delivery.is_first = False
    message = CHANNELS[Channel(way.channel)].renderer().compose(delivery)
    language = dict(settings.LANGUAGES).get(way.language, way.language)
    if message.template:
        return Sample(way, language, message.subject, message.text, seal(message.html))
    return Sample(way, language, "", _body(message.event))


def _body(event: bytes) -> str:
    """A body for machines, indented for people; a chat's as the room reads it."""
    said = json.loads(event)
    if set(said) == {"text"}:
        return str(said["text"])
    return json.dumps(said, indent=2, ensure_ascii=False)


def changes(before: str, after: str) -> SafeString:
    """What is new in a text against the one before, word by word, as HTML."""
    old, new = WORDS.findall(before), WORDS.findall(after)
    parts = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone, come = escape("".join(old[a:b])), escape("".join(new[c:d]))
        if kind == "equal":
            parts.append(come)
            continue
        parts.append(f"<del>{gone}</del>" if gone.strip() else gone)
        parts.append(f"<ins>{come}</ins>" if come.strip() else come)
    return mark_safe("".join(parts))  # noqa: S308 - each part is escaped
