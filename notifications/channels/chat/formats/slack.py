"""Slack: blocks in an attachment that has the colour of the state; `text` is what notifications show. Pure.

Text of others stands in `mrkdwn` only once it is escaped, so that it opens no link and calls nobody.
"""

from __future__ import annotations

from typing import Any

from notifications.channels.chat.formats.text import cut, safe
from notifications.channels.chat.post import Post

LONGEST_SECTION, LONGEST_HEADER, LONGEST_CONTEXT = 3000, 150, 2000


def body(post: Post) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(f"{post.sign} {post.state}")},
        _section(f"*{cut(post.headline, 1000)}*"),
        *([_section("\n".join(map(safe, post.facts)))] if post.facts else []),
        *([_section("\n".join(map(safe, post.yours)))] if post.yours else []),
    ]
    if text := cut(post.body(LONGEST_SECTION - 600), LONGEST_SECTION):
        blocks.append(_section(text))
    if post.link:
        button = {"type": "button", "text": _plain(post.link_words), "url": post.link}
        blocks.append({"type": "actions", "elements": [button]})
    notes = cut("\n".join((*post.notes, post.ref)), LONGEST_CONTEXT)
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": notes}]})
    return {
        "text": safe(f"{post.sign} {post.headline}"),
        "attachments": [{"color": post.colour, "blocks": blocks}],
    }


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text[:LONGEST_HEADER], "emoji": True}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:LONGEST_SECTION]}}
