"""Mattermost and Rocket.Chat: Slack's older attachments, which both took over. Pure."""

from __future__ import annotations

from typing import Any

from notifications.channels.chat.formats.discord import plain
from notifications.channels.chat.formats.text import quiet
from notifications.channels.chat.post import Post

LONGEST_TEXT = 6000


def body(post: Post) -> dict[str, Any]:
    parts = (
        "\n".join(post.facts),
        "\n".join(post.yours),
        post.body(LONGEST_TEXT),
        "\n".join(post.notes),
    )
    attachment: dict[str, Any] = {
        "fallback": quiet(plain(post.headline)),
        "color": post.colour,
        "author_name": f"{post.sign} {post.state}",
        "title": quiet(plain(post.headline)),
        "text": quiet(plain("\n\n".join(part for part in parts if part))),
        "footer": quiet(plain(post.ref)),  # cut after 300 characters
    }
    if post.link:
        attachment["title_link"] = post.link
    return {"username": post.site, "text": "", "attachments": [attachment]}
