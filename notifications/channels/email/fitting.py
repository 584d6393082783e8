"""How much of what was said a mail has room for: beyond 102 KB, Gmail cuts a mail where it likes."""

from __future__ import annotations

import binascii

from django.utils.translation import gettext

from incidents.texts import markdown

# Bytes, as text and as HTML together and encoded: with all that stands around it, a mail stays below 60 KB.
ROOM = 30_000


class Room:
    """What is left of a mail for so many texts (`share`d fairly: what one does not need is the others')."""

    def __init__(self, texts: int) -> None:
        self._left, self._texts = ROOM, max(texts, 1)

    def fitted(self, text: str) -> str:
        """The text, or as many of its lines as fit and a sentence that says so, in Markdown."""
        room = self._left // self._texts
        self._texts = max(self._texts - 1, 1)
        shown = _beginning(text, room)
        self._left -= _cost(shown)
        if shown == text:
            return text
        note = gettext(
            "Only the beginning stands in this mail: %(shown)d of %(all)d characters. All of it can be read by"
            " the link in this mail."
        ) % {"shown": len(shown), "all": len(text)}
        return f"{shown}\n\n**{note}**"


def _cost(text: str) -> int:
    written = markdown.to_text(text), markdown.to_html(text)
    return sum(len(binascii.b2a_qp(each.encode(), istext=True)) for each in written)


def _beginning(text: str, room: int) -> str:
    if _cost(text) <= room:
        return text
    lines = text.splitlines(keepends=True)
    fits, beyond = 0, len(lines)
    while beyond - fits > 1:
        middle = (fits + beyond) // 2
        fits, beyond = (
            (middle, beyond) if _cost("".join(lines[:middle])) <= room else (fits, middle)
        )
    # No line at all: one of its kind that is longer than a mail. A character is at most 9 bytes, twice.
    return "".join(lines[:fits]).rstrip() or text[: room // 18].rstrip()
