"""What a chat room reads: one short plain text. Same facts as the letter.

It is the same for every room that reads its language and zone: a link to leave would let anybody in the room
silence all of it, so it only says whom to ask.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from django.conf import settings
from django.utils.translation import gettext, ngettext

from incidents.markdown import to_text
from notifications.channels import wording
from notifications.channels.base import Message, one_line
from notifications.channels.yours import Book
from notifications.models import Delivery

# Characters once escaped; the smallest limit of these products is 4,096.
LONGEST = 4_000
LONGEST_TITLE = 200
# The newest of a digest may have so much; what is left tells the others.
LONGEST_TEXT, LONGEST_CARRIED = 2_000, 500
MOST_PLACES = 4
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
        key = (*wording.same_words(delivery), delivery.concern)
        if key not in self._bodies:
            with wording.reading(delivery):
                self._bodies[key] = body_of(_text(delivery))
        return Message(id=str(delivery.uuid), to=delivery.endpoint.address, event=self._bodies[key])


def body_of(text: str) -> bytes:
    """The one field that all products know; some refuse others."""
    return json.dumps({"text": text}, ensure_ascii=False).encode()


def safe(text: str) -> str:
    """Text that opens no link, tag or mention: escaped as Slack asks, each @ cut off from the name behind it."""
    return _CALL.sub("@\N{ZERO WIDTH SPACE}", re.sub("[&<>]", lambda m: _ESCAPES[m[0]], text))


def _text(delivery: Delivery) -> str:
    book = Book(delivery.communication)
    facts = wording.facts(delivery, book.where(most=MOST_PLACES))
    start = [_headline(facts), *_places(facts), *_times(facts), *_yours(delivery, book)]
    end = [line for line in (_entry(facts), *_notes(delivery)) if line]
    room = LONGEST - sum(len(line) + 1 for line in (*start, *end, _foot(delivery))) - 40
    body = _cut(to_text(wording.body(delivery)[0]), min(room, LONGEST_TEXT))
    carried = _carried(delivery, room - len(body)) if delivery.digest_items else []
    parts = ("\n".join(start), body, *carried, "\n".join(end), _foot(delivery))
    return "\n\n".join(part for part in parts if part)


def _headline(facts: Mapping[str, object]) -> str:
    title = one_line(str(facts["title"]), LONGEST_TITLE)
    drill = gettext("Drill")
    mark = f"[{drill}] " if facts["drill"] else ""
    return f"{mark}[{safe(str(facts['stage']))}] {safe(title)}"


def _places(facts: Mapping[str, object]) -> list[str]:
    where = facts["where"]
    return [safe(line) for line in where] if isinstance(where, list) else []


def _yours(delivery: Delivery, book: Book) -> list[str]:
    """What of theirs it touches; a room is read by people of one tenant."""
    yours = book.yours(delivery)
    rows = [row.as_text() for row in yours.rows]
    return [safe(line) for line in (yours.line, *rows, yours.others) if line]


def _times(facts: Mapping[str, object]) -> list[str]:
    lines = [str(wording.DRILL)] if facts["drill"] else []
    if facts["window_start"]:
        until = f" – {facts['window_end']}" if facts["window_end"] else ""
        lines.append(gettext("Planned for") + f": {facts['window_start']}{until}")
    else:
        lines.append(gettext("Since") + f": {facts['since']}")
        if facts["until"]:
            lines.append(gettext("Until") + f": {facts['until']}")
    if facts["next_update"]:
        by = gettext("by %(time)s") % {"time": facts["next_update"]}
        lines.append(gettext("Next update") + f": {by}")
    return [safe(line) for line in lines]


def _entry(facts: Mapping[str, object]) -> str:
    return (
        gettext("Read the public entry") + f": {safe(str(facts['link']))}" if facts["link"] else ""
    )


def _notes(delivery: Delivery) -> list[str]:
    lines = [gettext("Why this is here:") + f" {' '.join(wording.why(delivery))}"]
    if confidential := wording.confidential(delivery):
        lines.append(confidential)
    if delivery.last_of_hour:
        lines.append(wording.limit_reached(room=True))
    lines.append(
        gettext("To change or end these messages, ask whoever runs %(site)s.")
        % {"site": settings.SITE_NAME}
    )
    return [safe(line) for line in lines]


def _carried(delivery: Delivery, room: int) -> list[str]:
    """The other updates of a digest, the oldest first; the newest of them have the room that there is."""
    items = len(delivery.digest_items)
    more = ngettext("%(n)d more update", "%(n)d more updates", items) % {"n": items}
    head = f"{more}: {wording.kept_back(room=True)}"
    room -= len(safe(head))
    entries: list[str] = []
    for each in reversed(delivery.digest_items):
        facts = wording.facts(each, ())
        entry = "\n".join(line for line in (_headline(facts), _entry(facts), _foot(each)) if line)
        room -= len(entry) + 4
        if room < 0:
            older = items - len(entries)
            entries.append(
                ngettext("… and %(n)d older one.", "… and %(n)d older ones.", older) % {"n": older}
            )
            break
        if room > LEAST_CARRIED:
            text = _cut(to_text(wording.body(each)[0]), min(room, LONGEST_CARRIED))
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
