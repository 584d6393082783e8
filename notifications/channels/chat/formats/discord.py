"""Discord: an embed with the colour of the state; nobody is mentioned, whatever a text says. Pure.

The first message of an incident is edited to say how things stand; in a forum each incident is a thread of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from notifications.channels.chat.post import Post, shortened

# Of the service; an embed may have 6,000 characters in all.
LONGEST_TITLE, LONGEST_TEXT, LONGEST_FIELD, LONGEST_FOOTER = 256, 2500, 900, 900
LONGEST_NAME, LONGEST_THREAD = 80, 100
_ID = re.compile(r"[0-9]{1,20}")
_MARKS = re.compile(r"([\\*_~`|>\[\]()#<-])")


def plain(text: str) -> str:
    """Text that is read as it is written: its signs make no Markdown."""
    return _MARKS.sub(r"\\\1", text)


def body(post: Post) -> dict[str, Any]:
    fields = [("\N{ZERO WIDTH SPACE}", post.facts), ("\N{ZERO WIDTH SPACE}", post.yours)]
    embed: dict[str, Any] = {
        "author": {"name": f"{post.sign} {post.state}"},
        "title": shortened(plain(post.headline), LONGEST_TITLE),
        "color": int(post.colour[1:], 16),
        "description": shortened(plain(post.body(LONGEST_TEXT)), LONGEST_TEXT),
        "fields": [
            {"name": name, "value": shortened(plain("\n".join(lines)), LONGEST_FIELD)}
            for name, lines in fields
            if lines
        ],
        "footer": {"text": shortened("\n".join((*post.notes, post.ref)), LONGEST_FOOTER)},
    }
    if post.link:
        embed["url"] = post.link
    return {
        "username": post.site[:LONGEST_NAME],
        "embeds": [embed],
        "allowed_mentions": {"parse": []},
    }


def forum(post: Post) -> dict[str, Any]:
    return body(post) | {"thread_name": shortened(post.title, LONGEST_THREAD)}


def in_thread(content: Mapping[str, Any]) -> dict[str, Any]:
    """What is posted to a thread that is there."""
    return {name: value for name, value in content.items() if name != "thread_name"}


def edited(content: Mapping[str, Any]) -> dict[str, Any]:
    """What takes the place of a message: who says it cannot be changed."""
    return {name: content[name] for name in ("embeds", "allowed_mentions")}


def message_id(answer: Mapping[str, Any]) -> str:
    """Of what was posted with `wait=true`."""
    return _id(answer.get("id"))


def thread_id(answer: Mapping[str, Any]) -> str:
    """Of the thread that it has begun in a forum, whose first message has the same id."""
    return _id(answer.get("channel_id"))


def _id(found: object) -> str:
    return str(found) if _ID.fullmatch(str(found)) else ""
