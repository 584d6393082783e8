"""Discord: an embed with the colour of the state; nobody is mentioned, whatever a text says. Pure."""

from __future__ import annotations

import re
from typing import Any

from notifications.channels.chat.post import Post, shortened

# Of the service; an embed may have 6,000 characters in all.
LONGEST_TITLE, LONGEST_TEXT, LONGEST_FIELD, LONGEST_FOOTER = 256, 2500, 900, 900
LONGEST_NAME = 80
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
