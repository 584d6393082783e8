"""Policies as data: thresholds that facts meet or miss. Nothing here names a provider."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from incidents.cells import Cell
from incidents.policy.facts import GLOBAL, MAX_SPREADING, Facts, ImpactFact
from incidents.policy.spread import MAX_COUNT, Spread
from incidents.validation import checked, name, whole
from incidents.vocabulary import EXTENT_RANK, LEVEL_RANK, Extent, Level, Scenario

Combine = Literal["all", "any"]

MAX_POLICY_NAME = 60
MAX_VERSION = 2**31 - 1  # a database integer
MAX_WAYS = 9
# Scenario 1 is out: its entry is the public record and stays.
_LEAVING = checked("one of 2, 3", lambda value: type(value) is not bool and value in (2, 3))


class Size(NamedTuple):
    """How big an incident is, over its impacts at Warning or above."""

    level: Level  # the incident's own
    services: int  # distinct named services + dependents
    named: int  # of which named
    regions: int  # distinct regions; "global" is one of them
    everywhere: bool  # "global" with extent region: reaches further than any count of regions
    extent: Extent | None  # the widest; None when no impact counts
    spreading_minutes: int = 0  # from the first region hit to the latest


def measure(facts: Facts) -> Size:
    """The aggregates of the facts.

    Dependents count even when no named impact is at Warning or above: whoever states that four
    services fail behind a merely informational one has stated four failing services.
    """
    services: set[str] = set()
    regions: set[str] = set()
    extent: Extent | None = None
    widest, everywhere = -1, False
    informational, rank_of = Level.INFORMATIONAL, EXTENT_RANK  # looked up once
    for impact in facts.impacts:
        if impact.level == informational:
            continue
        services.add(impact.service)
        regions.add(impact.region)
        if (rank := rank_of[impact.extent]) > widest:
            extent, widest = impact.extent, rank
        if impact.region == GLOBAL and impact.extent == Extent.REGION:
            everywhere = True
    named = len(services)
    return Size(
        facts.level,
        named + facts.dependents,
        named,
        len(regions),
        everywhere,
        extent,
        facts.spreading_minutes,
    )


def condensed(facts: Facts) -> Facts:
    """Facts with fewer impacts that measure the same, here and at each notch.

    Which service is hit in which region never matters, only which services and which regions are
    hit at a level and to an extent. A row of impacts that names each once stands for a whole field
    of cells: 25 services in 5 regions are 25 impacts instead of 125.
    """
    fields: dict[tuple[Level, Extent], tuple[dict[str, None], dict[str, None]]] = {}
    for impact in facts.impacts:
        key = (impact.level, impact.extent)
        services, regions = fields.setdefault(key, ({}, {}))
        services[impact.service] = None
        regions[impact.region] = None
    rows = tuple(
        ImpactFact(service, region, extent, level)
        for (level, extent), (services, regions) in fields.items()
        for service, region in paired(tuple(services), tuple(regions))
    )
    return replace(facts, impacts=rows) if len(rows) < len(facts.impacts) else facts


def paired(services: tuple[str, ...], regions: tuple[str, ...]) -> Iterator[Cell]:
    """Each service and each region at least once; the shorter side is filled up with its first."""
    for index in range(max(len(services), len(regions))):
        yield (
            services[index] if index < len(services) else services[0],
            regions[index] if index < len(regions) else regions[0],
        )


@dataclass(frozen=True, slots=True)
class Threshold:
    """At least this much. Every part is a lower bound: more can never miss what less has met.

    `level`: of the incident, always asked. `services`: distinct services and dependents.
    Reach: `extent` at least, or `regions` at least (None = a count of regions is no reach;
    "global" with extent region always is several). `combine`: "all" asks for services and
    reach, "any" for services or reach. `named_only`: services that are named count, those that
    depend on them do not. `spreading_minutes`: another region was hit so long after the first,
    asked besides the rest (0: not asked).
    """

    level: Level
    services: Annotated[int, whole(1, MAX_COUNT)]
    regions: Annotated[int, whole(2, MAX_COUNT)] | None
    extent: Extent
    combine: Combine
    named_only: bool = False
    spreading_minutes: Annotated[int, whole(0, MAX_SPREADING)] = 0

    def met_by(self, size: Size) -> bool:
        if LEVEL_RANK[size.level] < LEVEL_RANK[self.level]:
            return False
        if size.spreading_minutes < self.spreading_minutes:
            return False
        services = self.counted(size) >= self.services
        if self.combine == "all":
            return services and self.reached_by(size)
        return services or self.reached_by(size)

    def counted(self, size: Size) -> int:
        return size.named if self.named_only else size.services

    def reached_by(self, size: Size) -> bool:
        if size.extent is None:
            return False
        if EXTENT_RANK[size.extent] >= EXTENT_RANK[self.extent]:
            return True
        return self.regions is not None and (size.everywhere or size.regions >= self.regions)


def met(threshold: Threshold | None, size: Size) -> bool:
    """Whether a rule that may be switched off (None) holds."""
    return threshold is not None and threshold.met_by(size)


@dataclass(frozen=True, slots=True)
class UpdateCadence:
    """How many minutes may lie between two updates of a service issue, by its level; None: any."""

    error_minutes: Annotated[int, whole(5, 24 * 60)] | None
    warning_minutes: Annotated[int, whole(5, 24 * 60)] | None
    informational_minutes: Annotated[int, whole(5, 24 * 60)] | None

    def every(self, level: Level) -> timedelta | None:
        minutes = {
            Level.ERROR: self.error_minutes,
            Level.WARNING: self.warning_minutes,
            Level.INFORMATIONAL: self.informational_minutes,
        }[level]
        return None if minutes is None else timedelta(minutes=minutes)


@dataclass(frozen=True, slots=True)
class Policy:
    """A named, versioned set of thresholds and switches. None switches a rule off.

    `broad`: scenario 1; `also_broad`: further ways to be broad, each enough by itself.
    `public_review`: what scenario 1 needs besides for a public review
    (None: nothing). `channel_unavailable`: scenario 2 on or off. `audience_unknown`: scenario 3.
    `not_platform_fault`, `notice` (maintenance and health advisories), `security_advisory`: what
    makes those public. `withdraw_after_review`: the scenarios whose public entry goes once the
    targeted review is delivered. `spread`: when the level of a Warning that spreads is proposed
    to be raised. The rest are clocks, a review deadline among them, in the unit of their name: a public post
    that a machine decided on waits for a person `broad_deadline_minutes` where scenario 1 holds,
    else `public_deadline_minutes`. `update_cadence`: when the next update is due that nobody has
    promised for another time (None: never).
    """

    name: Annotated[str, name(MAX_POLICY_NAME)]
    version: Annotated[int, whole(1, MAX_VERSION)]
    broad: Threshold | None
    also_broad: Annotated[
        tuple[Threshold, ...],
        Meta(max_length=MAX_WAYS, description=f"a list of at most {MAX_WAYS} thresholds"),
    ]
    public_review: Threshold | None
    channel_unavailable: bool
    audience_unknown: Threshold | None
    not_platform_fault: Threshold | None
    notice: Threshold | None
    security_advisory: Threshold | None
    withdraw_after_review: Annotated[
        tuple[Annotated[Scenario, _LEAVING], ...], Meta(description="a list of scenarios (2, 3)")
    ]
    spread: Spread | None
    broad_deadline_minutes: Annotated[int, whole(1, 24 * 60)]
    public_deadline_minutes: Annotated[int, whole(1, 24 * 60)]
    update_cadence: UpdateCadence | None
    preliminary_review_hours: Annotated[int, whole(1, 24 * 90)]
    final_review_days: Annotated[int, whole(1, 365)]
    withdraw_latest_hours: Annotated[int, whole(1, 24 * 90)]
    retention_years: Annotated[int, whole(1, 100)]

    def deadline_minutes(self, scenario: Scenario | None) -> int:
        """How long a public post under this scenario waits for a person at most."""
        return (
            self.broad_deadline_minutes
            if scenario == Scenario.BROAD
            else self.public_deadline_minutes
        )

    @property
    def ways_to_be_broad(self) -> tuple[Threshold, ...]:
        return self.also_broad if self.broad is None else (self.broad, *self.also_broad)

    def as_dict(self) -> dict[str, object]:
        """The JSON shape; `parse_policy` reads it back to an equal policy."""
        document: dict[str, object] = msgspec.to_builtins(self)
        return document
