"""How fast we tell, by quarter: from impact and detection to those concerned, from them to the world.

Counted are service issues that happened here. What is untold is counted as that, and in no duration.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from incidents.services.published_figures import quarter_of
from notifications.evidence.measures import EXCLUDED, Measure, Span, durations, measures


@dataclass(frozen=True, slots=True)
class Quarter:
    """`name`: 2026-Q1, by the start of impact (UTC). `under_way`: not over, and nobody told so far."""

    name: str
    incidents: int
    untold: int
    under_way: int
    impact_to_told: Span
    detection_to_told: Span
    told_to_public: Span
    promises: int
    promises_kept: int

    @property
    def kept_share(self) -> float | None:
        return self.promises_kept / self.promises if self.promises else None

    def as_dict(self) -> dict[str, object]:
        return {
            "quarter": self.name,
            "incidents": self.incidents,
            "untold": self.untold,
            "under_way": self.under_way,
            "impact_to_told": self.impact_to_told.as_dict(),
            "detection_to_told": self.detection_to_told.as_dict(),
            "told_to_public": self.told_to_public.as_dict(),
            "promises": self.promises,
            "promises_kept": self.promises_kept,
        }


@dataclass(frozen=True, slots=True)
class HowFast:
    """The quarters, the newest first, and how many incidents are left out for which reason."""

    quarters: list[Quarter]
    excluded: dict[str, int]

    def as_dict(self) -> dict[str, object]:
        """What `how-fast.schema.json` describes."""
        return {
            "version": 1,
            "quarters": [each.as_dict() for each in self.quarters],
            "excluded": self.excluded,
        }


def how_fast(*, now: datetime) -> HowFast:
    """Over everything kept here. A promise that is not due yet counts nowhere."""
    found, excluded = measures(now=now)
    gathered: defaultdict[str, list[Measure]] = defaultdict(list)
    for each in found:
        gathered[quarter_of(each.incident.started_at)].append(each)
    quarters = [_quarter(name, gathered[name]) for name in sorted(gathered, reverse=True)]
    return HowFast(quarters, {reason: excluded[reason] for reason in EXCLUDED})


def _quarter(name: str, found: Sequence[Measure]) -> Quarter:
    return Quarter(
        name=name,
        incidents=len(found),
        untold=sum(each.untold for each in found),
        under_way=sum(each.under_way for each in found),
        impact_to_told=durations(each.to_told for each in found),
        detection_to_told=durations(each.detected_to_told for each in found),
        told_to_public=durations(each.told_to_public for each in found),
        promises=sum(each.promises for each in found),
        promises_kept=sum(each.kept for each in found),
    )
