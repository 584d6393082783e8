"""Texts with plain placeholders such as `{services}`. Pure, and no template engine: nothing is evaluated."""

from __future__ import annotations

import re
from collections.abc import Mapping

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
KNOWN = frozenset({"services", "regions", "effect", "level", "since", "tracking_id"})

AUTOMATED = (
    "Our monitoring reports that {services} in {regions} {effect} since {since}. You run resources"
    " there that may be affected. This message was sent automatically ({tracking_id}); our engineers"
    " are looking into it and will follow up."
)


class PlaceholderError(ValueError):
    """A text with a placeholder that nobody fills in; the message names it and those there are."""


def check(text: str) -> None:
    """Raise PlaceholderError for an unknown placeholder or an empty text."""
    if not text.strip():
        raise PlaceholderError("the text is empty.")
    unknown = sorted({name for name in PLACEHOLDER.findall(text) if name not in KNOWN})
    if unknown:
        names = ", ".join(f"{{{name}}}" for name in unknown)
        known = ", ".join(f"{{{name}}}" for name in sorted(KNOWN))
        raise PlaceholderError(f"{names} is no placeholder; known: {known}.")


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with each known placeholder replaced once; what a value contains is never read again."""
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)
