"""Matrix: a notice in a room, by the client API of a bot's own account. Pure.

The message's id is the transaction's, so that a repeat is no second message. `m.mentions` is empty: nobody is called.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from notifications.channels.chat.post import Post

LONGEST_TEXT = 6000
_EVENT = re.compile(r"\$[!-~]{1,254}")


def body(post: Post) -> dict[str, Any]:
    return {
        "msgtype": "m.notice",
        "body": "\n\n".join(_parts(post)),
        "format": "org.matrix.custom.html",
        "formatted_body": _html(post),
        "m.mentions": {},
    }


def event_id(answer: Mapping[str, Any]) -> str:
    """Of what was sent, as the server answers; empty where it says none."""
    found = str(answer.get("event_id"))
    return found if _EVENT.fullmatch(found) else ""


def in_thread(content: Mapping[str, Any], root: str) -> dict[str, Any]:
    """In the thread of that event; clients that know no threads show it as an answer to it."""
    return dict(content) | {
        "m.relates_to": {
            "rel_type": "m.thread",
            "event_id": root,
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": root},
        }
    }


def _parts(post: Post) -> list[str]:
    link = f"{post.link_words}: {post.link}" if post.link else ""
    parts = (
        f"{post.sign} {post.headline}",
        "\n".join(post.facts),
        "\n".join(post.yours),
        post.body(LONGEST_TEXT),
        link,
        "\n".join((*post.notes, post.ref)),
    )
    return [part for part in parts if part]


def _html(post: Post) -> str:
    first, *others = _parts(post)
    state = f'<font color="{post.colour}" data-mx-color="{post.colour}">{escape(post.state)}</font>'
    paragraphs = "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in others)
    return f"<p><strong>{escape(first)}</strong> · {state}</p>{paragraphs}"
