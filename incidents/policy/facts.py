"""What is known of an incident: the facts that a decision rests on, checked."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from incidents.policy.fields import FactsError, Fields, is_name, show, wanted_name
from incidents.vocabulary import (
    LEVEL_RANK,
    LEVELS,
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


@dataclass(frozen=True, slots=True)
class ImpactFact:
    """One service in one region, how much of it, how badly. Names are opaque to the policy."""

    service: str
    region: str
    extent: Extent = Extent.SUBSET
    level: Level = Level.ERROR
    zones: tuple[str, ...] = ()

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
    `audience`: unknown until a person or an analysis sets it; estimated = an operator accepts
    the footprint; confirmed = a list of impacted subscriptions is there.
    `ever_broad`: an earlier decision about this incident promised a public review.
    `previous_scenario`: the last scenario that made it public, kept through later decisions
    without a scenario of their own and cleared once the public entry is withdrawn.
    """

    kind: Kind
    level: Level
    impacts: tuple[ImpactFact, ...]
    dependents: int = 0
    audience: Audience = Audience.UNKNOWN
    targeted_channel: TargetedChannel = TargetedChannel.AVAILABLE
    platform_fault: bool = True
    false_positive: bool = False
    ever_broad: bool = False
    previous_scenario: Scenario | None = None

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
        )

    def as_dict(self) -> dict[str, object]:
        """The JSON shape; `parse_facts` reads it back to equal facts."""
        document: dict[str, object] = msgspec.to_builtins(self)
        return document


FACT_KEYS = tuple(Facts.__dataclass_fields__)
IMPACT_KEYS = ("service", "region", "zones", "extent", "level")


def parse_facts(obj: object, at: str = "") -> Facts:
    """Facts from decoded JSON. Required: kind, level, impacts (each: service, region).

    `at` prefixes the field paths in messages (`[2]` for the third of a list). Raises FactsError,
    one line naming field and value, for unknown keys, wrong types (a bool is no number),
    impossible values and contradictions.
    """
    fields = Fields.of(obj, at, FACT_KEYS, FactsError, "facts")
    level = fields.choice("level", LEVELS)
    facts = Facts(
        kind=fields.choice("kind", tuple(Kind)),
        level=level,
        impacts=_impacts(fields, level),
        dependents=fields.whole("dependents", 0, MAX_DEPENDENTS, 0),
        audience=fields.choice("audience", tuple(Audience), Audience.UNKNOWN),
        targeted_channel=fields.choice(
            "targeted_channel", tuple(TargetedChannel), TargetedChannel.AVAILABLE
        ),
        platform_fault=fields.flag("platform_fault", default=True),
        false_positive=fields.flag("false_positive", default=False),
        ever_broad=fields.flag("ever_broad", default=False),
        previous_scenario=_previous_scenario(fields),
    )
    if facts.false_positive and facts.targeted_channel == TargetedChannel.UNAVAILABLE:
        raise fields.refuse(
            "targeted_channel",
            "contradicts false_positive true: a false positive broke no channel; drop one of them",
        )
    return facts


def _previous_scenario(fields: Fields) -> Scenario | None:
    value = fields.values.get("previous_scenario")
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and value in tuple(Scenario):
        return Scenario(value)
    raise fields.refuse("previous_scenario", "is not one of 1, 2, 3, null")


def _impacts(fields: Fields, incident_level: Level) -> tuple[ImpactFact, ...]:
    value = fields.required("impacts", "a list of one or more impacts")
    if not isinstance(value, list | tuple) or not value:
        raise fields.refuse("impacts", "is not a list of one or more impacts")
    path = fields.path("impacts")
    return tuple(
        _impact(item, f"{path}[{index}]", incident_level) for index, item in enumerate(value)
    )


def _impact(obj: object, at: str, incident_level: Level) -> ImpactFact:
    fields = Fields.of(obj, at, IMPACT_KEYS, FactsError, at)
    level = fields.choice("level", LEVELS, incident_level)
    if LEVEL_RANK[level] > LEVEL_RANK[incident_level]:
        raise fields.refuse(
            "level", f'is above the incident\'s level "{incident_level}"; raise that or lower this'
        )
    region = fields.name("region", MAX_NAME)
    return ImpactFact(
        service=fields.name("service", MAX_NAME),
        # "Global" is how pages print it; as an ordinary region it would count differently.
        region=GLOBAL if region.casefold() == GLOBAL else region,
        extent=fields.choice("extent", tuple(Extent), Extent.SUBSET),
        level=level,
        zones=_zones(fields),
    )


def _zones(fields: Fields) -> tuple[str, ...]:
    value = fields.values.get("zones", [])
    if not isinstance(value, list | tuple):
        raise fields.refuse("zones", "is not a list of zone names")
    for index, zone in enumerate(value):
        if not is_name(zone, MAX_NAME):
            where = f"{fields.path('zones')}[{index}]"
            raise FactsError(f"{where}: {show(zone)} is not {wanted_name(MAX_NAME)}")
    return tuple(value)
