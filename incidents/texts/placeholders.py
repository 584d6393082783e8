"""Texts with plain placeholders such as `{services}`. Pure, and no template engine: nothing is evaluated."""

from __future__ import annotations

import re
from collections.abc import Mapping

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
KNOWN = frozenset({"cells", "services", "regions", "effect", "level", "since", "tracking_id"})

# Only where every service is hit in every region is this true; else the cells are named one by one.
EVERYWHERE = "{services} in {regions}"


class PlaceholderError(ValueError):
    """A text with a placeholder that nobody fills in; the message names it and those there are."""


def check(text: str, known: frozenset[str] = KNOWN) -> None:
    """Raise PlaceholderError for an unknown placeholder or an empty text; the message names the `known` ones."""
    if not text.strip():
        raise PlaceholderError("the text is empty.")
    unknown = sorted({name for name in PLACEHOLDER.findall(text) if name not in known})
    if unknown:
        names = ", ".join(f"{{{name}}}" for name in unknown)
        there_are = ", ".join(f"{{{name}}}" for name in sorted(known))
        raise PlaceholderError(f"{names} is no placeholder; known: {there_are}.")


def fill(text: str, values: Mapping[str, str], *, one_group: bool = True) -> str:
    """The text with each known placeholder replaced once; what a value contains is never read again.

    `one_group`: every one of the services is hit in every one of the regions.
    """
    if not one_group:
        text = text.replace(EVERYWHERE, "{cells}")
    return PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)
