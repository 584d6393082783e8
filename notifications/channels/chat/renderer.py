"""What a chat room reads: one short plain text. Same facts as the letter.

It is the same for every room that reads its language and zone: a link to leave would let anybody in the room
silence all of it, so it only says whom to ask.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from django.conf import settings

from notifications.channels.base import Message, one_line
from notifications.channels.email import renderer as mail_renderer
from notifications.models import Delivery

# Characters once escaped; the smallest limit of these products is 4,096.
LONGEST = 4_000
LONGEST_TITLE = 200
# The newest of a digest may have so much; what is left tells the others.
LONGEST_TEXT, LONGEST_CARRIED = 2_000, 500
LEAST_CARRIED = 40  # less of a text says nothing

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# The @ of an address such as ops@example.com calls nobody; every other one might.
_CALL = re.compile(r"(?<![A-Za-z0-9])@|@(?![A-Za-z0-9-]+\.[A-Za-z]{2})")


class ChatRenderer:
    """Makes each body once. Short-lived by intent, like the press of letters."""

    def __init__(self) -> None:
        self._bodies: dict[tuple[object, ...], bytes] = {}

    def compose(self, delivery: Delivery) -> Message:
        """The message of a delivery, the same again whenever it is repeated."""
        key = mail_renderer.same_words(delivery)
        if key not in self._bodies:
            self._bodies[key] = body_of(_text(delivery))
        return Message(id=str(delivery.uuid), to=delivery.endpoint.address, event=self._bodies[key])


def body_of(text: str) -> bytes:
    """The one field that all products know; some refuse others."""
    return json.dumps({"text": text}, ensure_ascii=False).encode()


def safe(text: str) -> str:
    """Text that opens no link, tag or mention: escaped as Slack asks, each @ cut off from the name behind it."""
    return _CALL.sub("@\N{ZERO WIDTH SPACE}", re.sub("[&<>]", lambda m: _ESCAPES[m[0]], text))


def _text(delivery: Delivery) -> str:
    facts = mail_renderer.facts(delivery)
    start = [_headline(facts), *_times(facts)]
    end = [line for line in (_entry(facts), *_notes(delivery)) if line]
    room = LONGEST - sum(len(line) + 1 for line in (*start, *end, _foot(delivery))) - 40
    body = _cut(str(mail_renderer.words(delivery)["body"]), min(room, LONGEST_TEXT))
    carried = _carried(delivery, room - len(body)) if delivery.digest_items else []
    parts = ("\n".join(start), body, *carried, "\n".join(end), _foot(delivery))
    return "\n\n".join(part for part in parts if part)


def _headline(facts: Mapping[str, object]) -> str:
    where = f"{facts['where']}: " if facts["where"] else ""
    title = one_line(f"{where}{facts['title']}", LONGEST_TITLE)
    mark = "[Drill] " if facts["drill"] else ""
    return f"{mark}[{safe(str(facts['stage']))}] {safe(title)}"


def _times(facts: Mapping[str, object]) -> list[str]:
    lines = [mail_renderer.DRILL] if facts["drill"] else []
    if facts["window_start"]:
        until = f" to {facts['window_end']}" if facts["window_end"] else ""
        lines.append(f"Planned for {facts['window_start']}{until}")
    else:
        until = f", until {facts['until']}" if facts["until"] else ""
        lines.append(f"Since {facts['since']}{until}")
    if facts["next_update"]:
        lines.append(f"Next update by {facts['next_update']}")
    return [safe(line) for line in lines]


def _entry(facts: Mapping[str, object]) -> str:
    return f"Public entry: {safe(str(facts['link']))}" if facts["link"] else ""


def _notes(delivery: Delivery) -> list[str]:
    lines = [f"Why this is here: {' '.join(mail_renderer.why(delivery))}"]
    if confidential := mail_renderer.confidential(delivery):
        lines.append(confidential)
    if delivery.last_of_hour:
        lines.append(mail_renderer.limit_reached("room"))
    lines.append(f"To change or end these messages, ask whoever runs {settings.SITE_NAME}.")
    return [safe(line) for line in lines]


def _carried(delivery: Delivery, room: int) -> list[str]:
    """The other updates of a digest, the oldest first; the newest of them have the room that there is."""
    head = f"{len(delivery.digest_items)} more: {mail_renderer.kept_back('room')}"
    room -= len(safe(head))
    entries: list[str] = []
    for each in reversed(delivery.digest_items):
        facts = mail_renderer.facts(each)
        entry = "\n".join(line for line in (_headline(facts), _entry(facts), _foot(each)) if line)
        room -= len(entry) + 4
        if room < 0:
            entries.append(f"… and {len(delivery.digest_items) - len(entries)} older ones.")
            break
        if room > LEAST_CARRIED:
            text = _cut(str(mail_renderer.words(each)["body"]), min(room, LONGEST_CARRIED))
            room -= len(text)
            headline, _, rest = entry.partition("\n")
            entry = f"{headline}\n{text}\n{rest}"
        entries.append(entry)
    return [safe(head), *reversed(entries)]


def _foot(delivery: Delivery) -> str:
    """What tells this message from every other one, for readers and for whoever counts repeats."""
    communication = delivery.communication
    return f"Ref. {communication.incident.tracking_id}/{communication.number}"


def _cut(text: str, most: int) -> str:
    """At most so many characters once they are escaped."""
    whole = safe(text.strip())
    if len(whole) <= most:
        return whole
    # Every & begins an escape: half of one would be read as it stands.
    return f"{re.sub('&[a-z]*$', '', whole[: max(most - 2, 0)]).rstrip()} …"
