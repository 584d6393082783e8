"""Microsoft Teams: an adaptive card, as its workflows' webhooks take it. Pure.

Words of others stand in rich text blocks, which read no Markdown: nothing in them is a link or a mention.
"""

from __future__ import annotations

from typing import Any

from notifications.channels.chat.post import Post

VERSION = "1.4"
STYLES = {
    "critical": ("attention", "Attention"),
    "warning": ("warning", "Warning"),
    "information": ("accent", "Accent"),
    "maintenance": ("accent", "Accent"),
    "good": ("good", "Good"),
    "quiet": ("emphasis", "Default"),
}
LONGEST_TEXT = 6000  # a message may have 28 KB


def body(post: Post) -> dict[str, Any]:
    style, colour = STYLES[post.looks]
    content: list[dict[str, Any]] = [
        {
            "type": "Container",
            "style": style,
            "bleed": True,
            "items": [_text(f"{post.sign} {post.state}", weight="Bolder", color=colour)],
        },
        _text(post.headline, weight="Bolder", size="Large"),
        *[_text(line, spacing="Small") for line in post.facts],
        *[_text(line, spacing="Small", weight="Bolder" if n == 0 else "Default") for n, line in enumerate(post.yours)],
        *[_text(part) for part in post.body(LONGEST_TEXT).split("\n\n") if part],
        *[_text(line, size="Small", subtle=True) for line in (*post.notes, post.ref)],
    ]  # fmt: skip
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": VERSION,
        "msteams": {"width": "Full"},
        "fallbackText": post.headline,
        "body": content,
    }
    if post.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": post.link_words, "url": post.link}]
    return {
        "type": "message",
        "summary": post.headline,
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": None,
                "content": card,
            }
        ],
    }


def _text(
    text: str,
    *,
    weight: str = "Default",
    size: str = "Default",
    color: str = "Default",
    subtle: bool = False,
    spacing: str = "Default",
) -> dict[str, Any]:
    run = {
        "type": "TextRun",
        "text": text,
        "weight": weight,
        "size": size,
        "color": color,
        "isSubtle": subtle,
    }
    return {"type": "RichTextBlock", "spacing": spacing, "inlines": [run]}
