"""What a review's time line says of our own response: when it was detected, told and posted. Pure.

Only lines that say so in plain words count; the first one each. Nothing is guessed from their order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

_DETECTED = re.compile(
    r"\bmonitor(?:ing|s)?\b.{0,60}\b(?:detect|report|alert|saw|notic|identif|show)"
    r"|\b(?:detected|alerted|identified) by\b.{0,40}\bmonitor",
    re.IGNORECASE,
)
_TARGETED = re.compile(
    r"\b(?:communications?|messages?|notifications?|alerts?)\b.{0,40}\b(?:impacted|affected)\b"
    r" (?:customers|subscriptions|tenants)",
    re.IGNORECASE,
)
_PUBLIC = re.compile(
    r"\b(?:posted|published|posting)\b.{0,80}\b(?:status page|publicly|public)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Milestones:
    """Moments in UTC; None where no line says so."""

    detected_at: datetime | None
    targeted_at: datetime | None
    public_at: datetime | None


def milestones(rows: Iterable[tuple[datetime, str]]) -> Milestones:
    """Of the rows of a time line (moment in UTC, plain text), in any order."""
    ordered = sorted(rows)

    def first(pattern: re.Pattern[str]) -> datetime | None:
        return next((at for at, text in ordered if pattern.search(text)), None)

    return Milestones(first(_DETECTED), first(_TARGETED), first(_PUBLIC))
