"""A level proposed from how an incident spreads: what a rule sees before a person has raised it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Annotated

from incidents.validation import whole
from incidents.vocabulary import Level

MAX_COUNT = 100_000


@dataclass(frozen=True, slots=True)
class Spread:
    """When Error is proposed for what was taken for a Warning; each is enough by itself.

    `second_region_minutes`: a second region was hit within so many minutes of the first.
    `hard_dependents`: so many services need one that is hit and cannot do without it.
    `zone_to_region`: what was hit in a zone is hit in the whole region.
    """

    second_region_minutes: Annotated[int, whole(0, 24 * 60)]
    hard_dependents: Annotated[int, whole(1, MAX_COUNT)]
    zone_to_region: bool = True


@dataclass(frozen=True, slots=True)
class Growth:
    """How far impact has come: since when each region is hit (UTC; impacts at Warning or above),

    services that cannot do without one that is hit, and whether a zone has become a region.
    """

    regions: Mapping[str, datetime]
    hard_dependents: int = 0
    zone_to_region: bool = False


@dataclass(frozen=True, slots=True)
class LevelProposal:
    level: Level
    because: str


def spreading_minutes(regions: Iterable[datetime]) -> int:
    """Whole minutes (rounded down) between the first region that was hit and the latest; 0 for none or one."""
    begun = sorted(regions)
    return int((begun[-1] - begun[0]) / timedelta(minutes=1)) if begun else 0


def proposed_level(level: Level, growth: Growth, spread: Spread | None) -> LevelProposal | None:
    """Error for a Warning that spreads, with its reason; None where nothing is proposed.

    What is Informational stays so: many regions with an effect that nobody feels are no outage.
    """
    if spread is None or level != Level.WARNING:
        return None
    if growth.hard_dependents >= spread.hard_dependents:
        reason = (
            f"{growth.hard_dependents} services cannot do without what is hit"
            f" ({spread.hard_dependents} are enough)"
        )
        return LevelProposal(Level.ERROR, reason)
    # Any two, not the first two: a region that turns out to have been hit long before takes nothing back.
    gaps = [after - before for before, after in pairwise(sorted(growth.regions.values()))]
    if gaps and min(gaps) <= timedelta(minutes=spread.second_region_minutes):
        minutes = round(min(gaps).total_seconds() / 60)
        which = ("a second", "the first") if gaps[0] == min(gaps) else ("another", "one before")
        reason = (
            f"{which[0]} region was hit {minutes} minutes after {which[1]}"
            f" (up to {spread.second_region_minutes} count)"
        )
        return LevelProposal(Level.ERROR, reason)
    if growth.zone_to_region and spread.zone_to_region:
        return LevelProposal(Level.ERROR, "what was hit in a zone is hit in the whole region now")
    return None
