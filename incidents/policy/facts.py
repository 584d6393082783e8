"""What is known of an incident: the facts that a decision rests on, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from incidents.validation import RefusedError, join, name, read, whole
from incidents.vocabulary import (
    LEVEL_RANK,
    Audience,
    Extent,
    Kind,
    Level,
    Scenario,
    TargetedChannel,
)

GLOBAL = "global"  # the region of a non-regional service
MAX_DEPENDENTS = 100_000
MAX_NAME = 200
MAX_SPREADING = 366 * 24 * 60  # minutes: a year


class FactsError(RefusedError):
    """Facts that are malformed, impossible or contradictory."""


@dataclass(frozen=True, slots=True)
class ImpactFact:
    """One service in one region, how much of it, how badly. Names are opaque to the policy."""

    service: Annotated[str, name(MAX_NAME)]
    region: Annotated[str, name(MAX_NAME)]
    extent: Extent = Extent.SUBSET
    level: Level = Level.ERROR
    zones: Annotated[
        tuple[Annotated[str, name(MAX_NAME)], ...], Meta(description="a list of zone names")
    ] = ()

    def at(self, *, extent: Extent | None = None, level: Level | None = None) -> ImpactFact:
        """The same cell, hit otherwise. (`dataclasses.replace` costs five times as much.)"""
        return ImpactFact(
            self.service, self.region, extent or self.extent, level or self.level, self.zones
        )

    def elsewhere(self, *, service: str | None = None, region: str | None = None) -> ImpactFact:
        """Another cell, hit alike; zones are those of a region."""
        zones = self.zones if region is None else ()
        return ImpactFact(
            service or self.service, region or self.region, self.extent, self.level, zones
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one moment. Build them with `parse_facts`, which checks them.

    `dependents`: services down because they depend on a named one; counted on top of the named.
    `spreading_minutes`: how long after its first region the latest one was hit, impact at Warning
    or above; 0 where all began together.
    `audience`: unknown until a person or an analysis sets it; estimated = an operator accepts
    the footprint; confirmed = a list of impacted subscriptions is there.
    `ever_broad`: an earlier decision about this incident promised a public review.
    `previous_scenario`: the last scenario that made it public, kept through later decisions
    without a scenario of their own and cleared once the public entry is withdrawn.
    """

    kind: Kind
    level: Level
    impacts: Annotated[
        tuple[ImpactFact, ...], Meta(min_length=1, description="a list of one or more impacts")
    ]
    dependents: Annotated[int, whole(0, MAX_DEPENDENTS)] = 0
    audience: Audience = Audience.UNKNOWN
    targeted_channel: TargetedChannel = TargetedChannel.AVAILABLE
    platform_fault: bool = True
    false_positive: bool = False
    ever_broad: bool = False
    previous_scenario: Scenario | None = None
    spreading_minutes: Annotated[int, whole(0, MAX_SPREADING)] = 0

    def at_level(self, level: Level) -> Facts:
        """The incident graver or milder; impacts at its level go with it, as those do whose level

        was never stated."""
        impacts = tuple(
            each.at(level=level) if each.level == self.level else each for each in self.impacts
        )
        return self.but(level=level, impacts=impacts)

    def but(
        self,
        *,
        level: Level | None = None,
        impacts: tuple[ImpactFact, ...] | None = None,
        dependents: int | None = None,
        audience: Audience | None = None,
        targeted_channel: TargetedChannel | None = None,
    ) -> Facts:
        """The same facts, but for what is given. (Several times as fast as `dataclasses.replace`.)"""
        return Facts(
            self.kind,
            level or self.level,
            self.impacts if impacts is None else impacts,
            self.dependents if dependents is None else dependents,
            audience or self.audience,
            targeted_channel or self.targeted_channel,
            self.platform_fault,
            self.false_positive,
            self.ever_broad,
            self.previous_scenario,
            self.spreading_minutes,
        )

    def as_dict(self) -> dict[str, object]:
        """The JSON shape; `parse_facts` reads it back to equal facts."""
        document: dict[str, object] = msgspec.to_builtins(self)
        return document


def parse_facts(obj: object, at: str = "") -> Facts:
    """Facts from decoded JSON. Required: kind, level, impacts (each: service, region).

    `at` prefixes the field paths in messages (`[2]` for the third of a list). Raises FactsError,
    one line naming field and value, for unknown keys, wrong types (a bool is no number),
    impossible values and contradictions.
    """
    facts = read(_with_levels(obj), Facts, FactsError, at=at, noun="facts")
    for index, impact in enumerate(facts.impacts):
        if LEVEL_RANK[impact.level] > LEVEL_RANK[facts.level]:
            raise FactsError(
                f'{join(at, "impacts")}[{index}].level: "{impact.level}" is above the incident\'s level'
                f' "{facts.level}"; raise that or lower this'
            )
    if facts.false_positive and facts.targeted_channel == TargetedChannel.UNAVAILABLE:
        raise FactsError(
            f'{join(at, "targeted_channel")}: "unavailable" contradicts false_positive true: a false positive'
            " broke no channel; drop one of them"
        )
    # "Global" is how pages print it; as an ordinary region it would count differently.
    return facts.but(
        impacts=tuple(
            each.elsewhere(region=GLOBAL)
            if each.region.casefold() == GLOBAL != each.region
            else each
            for each in facts.impacts
        )
    )


def _with_levels(obj: object) -> object:
    """An impact that states no level has the incident's."""
    if not isinstance(obj, Mapping) or obj.get("level") not in list(Level):
        return obj
    impacts = obj.get("impacts")
    if not isinstance(impacts, list | tuple):
        return obj
    stated = [
        {"level": obj["level"], **each} if isinstance(each, Mapping) else each for each in impacts
    ]
    return {**obj, "impacts": stated}
