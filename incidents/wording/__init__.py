"""Sentences written from facts alone: what was hit, since when, how grave, and what stage it is in.

Used where no person has written a text. Nothing of a targeted text or title can get in, because none is a
fact. Each knows kind, stage and tense, and is written in the language that is active. No database.
"""

from incidents.wording.facts import WordingFacts
from incidents.wording.phrases import (
    MOST_GROUPS,
    cells,
    clock,
    day,
    effect,
    isolated,
    joined,
    listed,
    named,
    place,
    span,
)
from incidents.wording.situations import ADVISORIES, ENDED, MAINTENANCE
from incidents.wording.standard_texts import (
    BROAD_AFTER_WITHDRAWAL,
    EXPIRED,
    NOTES,
    REVIEW_HEADINGS,
    STANDARD,
    WITHDRAWN_AFTER_REVIEW,
    standard,
)
from incidents.wording.writers import WRITERS, WRITTEN_IN, sentence, written

__all__ = [
    "ADVISORIES",
    "BROAD_AFTER_WITHDRAWAL",
    "ENDED",
    "EXPIRED",
    "MAINTENANCE",
    "MOST_GROUPS",
    "NOTES",
    "REVIEW_HEADINGS",
    "STANDARD",
    "WITHDRAWN_AFTER_REVIEW",
    "WRITERS",
    "WRITTEN_IN",
    "WordingFacts",
    "cells",
    "clock",
    "day",
    "effect",
    "isolated",
    "joined",
    "listed",
    "named",
    "place",
    "sentence",
    "span",
    "standard",
    "written",
]
