"""Where many services and regions are called so: each with its state, the worst first, to choose from.

The browser offers the same from the page itself (search.js).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from statuspage import languages
from statuspage.public.render.table import labels

FEWEST, MOST = 2, 20


@dataclass(frozen=True, slots=True)
class Choice:
    """A service or region that may be meant: its `state` (good, possible or worse), that in a word, and the address
    of its own answer."""

    name: str
    state: str
    word: str
    href: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What is said where too many are called so to speak of them as one; `state` is the worst of theirs."""

    state: str
    text: str
    detail: str
    offered: Sequence[Choice]


def choices(asked: str, found: Sequence[tuple[str, str]]) -> Choices | None:
    """`found`: name and state of what fits, best first. None where there is nothing to choose."""
    if len(found) < FEWEST:
        return None
    order = [*labels.TROUBLE, "possible", "good"]
    ranked = sorted(found, key=lambda each: order.index(each[1]))
    hit = sum(state in labels.TROUBLE for _, state in found)
    return Choices(
        ranked[0][1],
        str(labels.MANY) % {"what": asked, "n": len(found)},
        str(labels.HIT_AMONG) % {"n": hit} if hit else str(labels.NONE_HIT),
        [
            Choice(
                name,
                state,
                str(labels.STATES[state]),
                f"{languages.root()}/status/?{urlencode({'q': name})}",
            )
            for name, state in ranked[:MOST]
        ],
    )
