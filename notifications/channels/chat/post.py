"""A delivery → what a room reads, in pieces that no format has written yet: the only part of chat that reads rows.

It is the same for every room that reads its language and zone: a link to leave would let anybody in the room
silence all of it, so it only says whom to ask. The page that it leads to wants a sign-in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.conf import settings
from django.utils.translation import gettext, ngettext

from incidents.texts.markdown import to_text
from incidents.wording import clock
from notifications.channels import holding_back, wording
from notifications.channels.base import one_line
from notifications.channels.yours import Book
from notifications.models import Delivery

LONGEST_TITLE = 200
MOST_PLACES = 4
LINE = 50  # room for the count of what is left out
# By how things stand; readable on white and on black.
COLOURS = {
    "critical": "#c4314b",
    "warning": "#c77700",
    "information": "#2563c9",
    "maintenance": "#7a4fc2",
    "good": "#1a7f4b",
    "quiet": "#6b7280",
}
SIGNS = {
    "critical": "\N{LARGE RED CIRCLE}",
    "warning": "\N{LARGE ORANGE CIRCLE}",
    "information": "\N{LARGE BLUE CIRCLE}",
    "maintenance": "\N{LARGE PURPLE CIRCLE}",
    "good": "\N{LARGE GREEN CIRCLE}",
    "quiet": "\N{MEDIUM WHITE CIRCLE}",
}


@dataclass(frozen=True, slots=True)
class Update:
    """An older update that a digest tells along."""

    headline: str
    link: str
    text: str
    ref: str


@dataclass(frozen=True, slots=True)
class Post:
    """Plain words, nothing escaped. `looks`: a key of COLOURS, `state` its word; `times` and `yours`: lines, as
    `places`. `link`: the public entry, else its receivers' own page. `ref` tells this message from every other one;
    `thread`: what all messages of the incident have in common. `items` under `items_head`, the oldest first;
    `older`: how the rest of them is counted."""

    site: str
    looks: str
    state: str
    headline: str
    title: str
    places: Sequence[str]
    times: Sequence[str]
    yours: Sequence[str]
    text: str
    link: str
    link_words: str
    notes: Sequence[str]
    ref: str
    thread: str
    items_head: str = ""
    items: Sequence[Update] = ()

    @property
    def colour(self) -> str:
        return COLOURS[self.looks]

    @property
    def sign(self) -> str:
        return SIGNS[self.looks]

    @property
    def facts(self) -> list[str]:
        return [*self.places, *self.times]

    def body(self, most: int) -> str:
        """The text, and beneath it what a digest tells along, in at most so many characters."""
        parts = [shortened(self.text, most)]
        room = most - len(parts[0]) - len(self.items_head) - LINE
        left = list(self.items)
        along: list[str] = []
        while left:
            one = left[-1]  # the newest first: older ones are counted where there is no room
            text = f"{one.headline}\n{shortened(one.text, 400)}\n{one.ref}"
            if (room := room - len(text) - 2) < 0:
                break
            along.insert(0, text)
            left.pop()
        if self.items and most - len(parts[0]) > len(self.items_head) + LINE:
            parts += [self.items_head, *along, *([older(len(left))] if left else [])]
        return "\n\n".join(parts)


def shortened(text: str, most: int) -> str:
    text = text.strip()
    return text if len(text) <= most else f"{text[: max(most - 2, 0)].rstrip()} …"


def older(count: int) -> str:
    return ngettext("… and %(n)d older one.", "… and %(n)d older ones.", count) % {"n": count}


def post_of(delivery: Delivery) -> Post:
    """In the language that is active."""
    book = Book(delivery.communication)
    facts = wording.facts(delivery, book.where(most=MOST_PLACES)) | book.standing(delivery)
    where, public = facts["where"], str(facts["link"])
    post = Post(
        site=settings.SITE_NAME,
        looks=str(facts["state"]),
        state=str(facts["state_word"]),
        headline=_headline(facts),
        title=one_line(str(facts["title"]), LONGEST_TITLE),
        places=list(where) if isinstance(where, list) else [],
        times=_times(facts),
        yours=_yours(delivery, book),
        text=to_text(wording.body(delivery)[0]),
        link=public or wording.own_page(delivery),
        link_words=gettext("Read the public entry") if public else wording.own_page_words(),
        notes=_notes(delivery),
        ref=_ref(delivery),
        thread=delivery.communication.incident.tracking_id,
    )
    return _with_story(_with_items(post, delivery), delivery)


def test_post(now: datetime) -> Post:
    """That nothing is wrong; in the language that is active."""
    title = wording.TEST % {"site": settings.SITE_NAME}
    text = f"{title}, {clock(now.astimezone(UTC))}."
    return Post(
        site=settings.SITE_NAME,
        looks="quiet",
        state=gettext("Test"),
        headline=text,
        title=text,
        places=(),
        times=(),
        yours=(),
        text=str(wording.CALM),
        link="",
        link_words="",
        notes=(),
        ref="",
        thread="test",
    )


def _headline(facts: Mapping[str, object]) -> str:
    title = one_line(str(facts["title"]), LONGEST_TITLE)
    drill = gettext("Drill")
    mark = f"[{drill}] " if facts["drill"] else ""
    return f"{mark}[{facts['stage']}] {title}"


def _yours(delivery: Delivery, book: Book) -> list[str]:
    """What of theirs it touches; a room is read by people of one tenant."""
    yours = book.yours(delivery)
    rows = [row.as_text() for row in yours.rows]
    return [line for line in (yours.line, *rows, yours.others) if line]


def _times(facts: Mapping[str, object]) -> list[str]:
    lines = [str(wording.DRILL)] if facts["drill"] else []
    if facts["window_start"]:
        until = f" – {facts['window_end']}" if facts["window_end"] else ""
        lines.append(gettext("Planned for") + f": {facts['window_start']}{until}")
    elif facts["since"]:
        lines.append(gettext("Since") + f": {facts['since']}")
        if facts["until"]:
            lines.append(gettext("Until") + f": {facts['until']}")
    if facts["next_update"]:
        by = gettext("by %(time)s") % {"time": facts["next_update"]}
        lines.append(gettext("Next update") + f": {by}")
    return lines


def _notes(delivery: Delivery) -> list[str]:
    lines = [gettext("Why this is here:") + f" {' '.join(wording.why(delivery))}"]
    if confidential := wording.confidential(delivery):
        lines.append(confidential)
    if delivery.last_of_hour:
        lines.append(holding_back.limit_reached(room=True))
    lines.append(
        gettext("To change or end these messages, ask whoever runs %(site)s.")
        % {"site": settings.SITE_NAME}
    )
    return lines


def _with_items(post: Post, delivery: Delivery) -> Post:
    if not (items := len(delivery.digest_items)):
        return post
    more = ngettext("%(n)d more update", "%(n)d more updates", items) % {"n": items}
    updates = []
    for each in delivery.digest_items:
        facts = wording.facts(each, ())
        text = to_text(wording.body(each)[0])
        updates.append(Update(_headline(facts), str(facts["link"]), text, _ref(each)))
    head = f"{more}: {holding_back.kept_back(delivery, room=True)}"
    return replace(post, items_head=head, items=updates)


def _with_story(post: Post, delivery: Delivery) -> Post:
    """For who joins late: what others were told before."""
    zone = delivery.endpoint.time_zone
    updates = []
    title, along = wording.earlier_head(), bool(post.items)
    for each, public in reversed(wording.story(delivery)):
        head = wording.heading(each, zone, within=delivery.communication)
        head = f"{title}: {head}" if along else head
        ref = f"Ref. {each.incident.tracking_id}/{each.number}"
        updates.append(Update(head, "", to_text(wording.said(each, public=public)[0]), ref))
    if not updates:
        return post
    head = post.items_head if along else title
    return replace(post, items_head=head, items=[*updates, *post.items])


def _ref(delivery: Delivery) -> str:
    communication = delivery.communication
    return f"Ref. {communication.incident.tracking_id}/{communication.number}"
