"""The one field that nearly all products know: `{"text": …}`, escaped as Slack asks. Pure."""

from __future__ import annotations

import re
from typing import Any

from notifications.channels.chat.post import Post, Update, older

# Characters once escaped; the smallest limit of these products is 4,096.
LONGEST = 4_000
# The newest of a digest may have so much; what is left tells the others.
LONGEST_TEXT, LONGEST_ITEM = 2_000, 500
LEAST_ITEM = 40  # less of a text says nothing

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# The @ of an address such as ops@example.com calls nobody; every other one might.
_CALL = re.compile(r"(?<![A-Za-z0-9])@|@(?![A-Za-z0-9-]+\.[A-Za-z]{2})")


def body(post: Post) -> dict[str, Any]:
    return {"text": text_of(post)}


def quiet(text: str) -> str:
    """Text that calls nobody: each @ is cut off from the name behind it."""
    return _CALL.sub("@\N{ZERO WIDTH SPACE}", text)


def safe(text: str) -> str:
    """Text that opens no link, tag or mention: escaped as Slack asks, and quiet."""
    return quiet(re.sub("[&<>]", lambda m: _ESCAPES[m[0]], text))


def text_of(post: Post) -> str:
    start = [safe(each) for each in (post.headline, *post.places, *post.times, *post.yours)]
    link = f"{post.link_words}: {safe(post.link)}" if post.link else ""
    end = [line for line in (link, *map(safe, post.notes)) if line]
    room = LONGEST - sum(len(line) + 1 for line in (*start, *end, post.ref)) - 40
    text = cut(post.text, min(room, LONGEST_TEXT))
    items = _items(post, room - len(text)) if post.items else []
    parts = ("\n".join(start), text, *items, "\n".join(end), post.ref)
    return "\n\n".join(part for part in parts if part)


def _items(post: Post, room: int) -> list[str]:
    """The other updates of a digest, the oldest first; the newest of them have the room that there is."""
    head = safe(post.items_head)
    room -= len(head)
    entries: list[str] = []
    for each in reversed(post.items):
        entry = _entry(each, post.link_words)
        room -= len(entry) + 4
        if room < 0:
            entries.append(older(len(post.items) - len(entries)))
            break
        if room > LEAST_ITEM:
            text = cut(each.text, min(room, LONGEST_ITEM))
            room -= len(text)
            headline, _, rest = entry.partition("\n")
            entry = f"{headline}\n{text}\n{rest}"
        entries.append(entry)
    return [head, *reversed(entries)]


def _entry(update: Update, link_words: str) -> str:
    link = f"{link_words}: {safe(update.link)}" if update.link else ""
    return "\n".join(line for line in (safe(update.headline), link, update.ref) if line)


def cut(text: str, most: int) -> str:
    """At most so many characters once they are escaped."""
    whole = safe(text.strip())
    if len(whole) <= most:
        return whole
    # Every & begins an escape: half of one would be read as it stands.
    return f"{re.sub('&[a-z]*$', '', whole[: max(most - 2, 0)]).rstrip()} …"
