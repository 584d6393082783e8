"""What a notification says: state and title, where, and the words of the statement, short. Same facts as the mail."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, get_language_bidi, gettext, ngettext

from incidents.models import Communication
from incidents.sealing import unseal
from incidents.texts.markdown import to_text
from notifications.channels import signed_links, wording
from notifications.channels.base import Message, one_line
from notifications.channels.chat.post import SIGNS, older, shortened
from notifications.channels.push import encryption, vapid
from notifications.channels.push.subscription import PushKeys, of_base64
from notifications.channels.yours import Book
from notifications.models import Delivery, Endpoint

TITLE, BODY = 120, 400  # characters; a telephone shows less
MOST_PLACES, MOST_ITEMS, MOST_STORY = 3, 6, 3
KEPT_FOR = 24 * 3600  # seconds that a service keeps it for a browser that is off
HIDDEN = "…"


class PushRenderer:
    """Makes each text once, and encrypts it for each browser. Short-lived by intent, like the renderer of mails."""

    def __init__(self) -> None:
        self._said: dict[tuple[object, ...], dict[str, Any]] = {}

    def compose(self, delivery: Delivery) -> Message:
        """The message of a delivery, with the same words whenever it is repeated. Raises ValueError."""
        key = wording.same_words(delivery)
        with wording.reading(delivery):
            if key not in self._said:
                self._said[key] = said_of(delivery)
            return message(str(delivery.uuid), delivery.endpoint, self._said[key])


def said_of(delivery: Delivery) -> dict[str, Any]:
    """In the language that is active."""
    book = Book(delivery.communication)
    facts = wording.facts(delivery, book.where(most=MOST_PLACES)) | book.standing(delivery)
    drill = f"[{gettext('Drill')}] " if facts["drill"] else ""
    where = facts["where"]
    lines = [str(facts["state_word"]), *(where if isinstance(where, list) else [])]
    lines.append(" ".join(to_text(wording.body(delivery)[0]).split()))
    body = shortened("\n".join(lines), BODY)
    if delivery.digest_items:
        body = "\n".join([shortened(body, BODY // 2), *_items(delivery.digest_items)])
    elif story := wording.earlier(delivery):
        body = "\n".join([body, *_story(story)])
    return {
        "title": one_line(f"{drill}{SIGNS[str(facts['state'])]} {facts['title']}", TITLE),
        "body": body,
        "url": facts["link"] or f"{settings.BASE_URL}/status/",
        "tag": facts["tracking_id"],
    }


def _items(items: Sequence[Delivery]) -> list[str]:
    """What the rate limit held back, the newest first and the rest counted: no other notification tells it."""
    more = ngettext("%(n)d more update", "%(n)d more updates", len(items)) % {"n": len(items)}
    lines = [f"{more}:"]
    for each in reversed(items[-MOST_ITEMS:]):
        facts = wording.facts(each, ())
        words = " ".join(to_text(wording.body(each)[0]).split())
        lines.append(shortened(f"[{facts['stage']}] {facts['title']}: {words}", BODY // 4))
    left = len(items) - MOST_ITEMS
    return [*lines, older(left)] if left > 0 else lines


def _story(earlier: Sequence[Communication]) -> list[str]:
    """For who joins late: what others were told before, the newest first and the rest counted; all of it stands on
    the page that the notification opens."""
    lines = [f"{wording.earlier_head()}:"]
    for each in earlier[:MOST_STORY]:
        words = " ".join(to_text(wording.said(each, public=True)[0]).split())
        lines.append(shortened(f"[{gettext(each.get_stage_display())}] {words}", BODY // 4))
    left = len(earlier) - MOST_STORY
    return [*lines, older(left)] if left > 0 else lines


def message(id: str, endpoint: Endpoint, said: Mapping[str, Any]) -> Message:
    """`tag`: a newer notification of the same takes the place of the one before, in the browser and on the way."""
    keys = PushKeys.of(unseal(endpoint.secret))
    whole = {
        **said,
        "lang": get_language(),
        "dir": "rtl" if get_language_bidi() else "ltr",
        "choose": gettext("Change what you hear of"),
    }
    links = {"manage": signed_links.manage_url(endpoint.key)}
    return Message(
        id=id,
        to=endpoint.address,
        headers={
            "Content-Type": "application/octet-stream",
            "Content-Encoding": "aes128gcm",
            "TTL": str(KEPT_FOR),
            "Urgency": "high",
            "Topic": _topic(str(said["tag"])),
            "Authorization": vapid.authorization(endpoint.address, keys.private),
        },
        event=encryption.encrypt(
            _json(whole | links), receiver=of_base64(keys.receiver), auth=of_base64(keys.auth)
        ),
        plain=_json(whole | dict.fromkeys(links, HIDDEN)).decode(),
    )


def _json(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def _topic(tag: str) -> str:
    """At most 32 characters of base64url (RFC 8030, section 5.4)."""
    digest = hashlib.sha256(tag.encode()).digest()[:18]
    return base64.urlsafe_b64encode(digest).decode("ascii")
