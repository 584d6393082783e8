"""Google Chat: a card in the thread of the incident; what it says in HTML is escaped. Pure."""

from __future__ import annotations

from html import escape
from typing import Any

from notifications.channels.chat.post import Post

LONGEST_TEXT = 6000  # a message may have 32 KB
# Where it is not said whether tags are read.
NO_TAGS = str.maketrans("<>", "‹›")
# Answers to the thread of the same key, and begins one where there is none.
REPLY = "messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD"


def body(post: Post) -> dict[str, Any]:
    state = f'<b><font color="{post.colour}">{post.sign} {escape(post.state)}</font></b>'
    sections: list[dict[str, Any]] = [
        {"widgets": [_paragraph(state), _paragraph(_lines(post.facts))]},
        *([{"widgets": [_paragraph(_lines(post.yours))]}] if post.yours else []),
        {"widgets": [_paragraph(_lines(post.body(LONGEST_TEXT).split("\n")))]},
        {"widgets": [_paragraph(_lines((*post.notes, post.ref)))]},
    ]
    if post.link:
        button = {"text": post.link_words, "onClick": {"openLink": {"url": post.link}}}
        sections[0]["widgets"].append({"buttonList": {"buttons": [button]}})
    title = post.headline.translate(NO_TAGS)
    card = {"header": {"title": title, "subtitle": post.site}, "sections": sections}
    return {
        "cardsV2": [{"cardId": post.ref.removeprefix("Ref. "), "card": card}],
        "fallbackText": title,
        "thread": {"threadKey": post.thread},
    }


def _paragraph(text: str) -> dict[str, Any]:
    return {"textParagraph": {"text": text}}


def _lines(lines: Any) -> str:
    return "<br>".join(escape(line, quote=False) for line in lines)


def address(base: str) -> str:
    """Where to post, so that it lands in its thread."""
    return f"{base}{'&' if '?' in base else '?'}{REPLY}"
