"""The format of recordings: one incident a line, its facts over time. See docs/recordings.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta

from incidents.policy.facts import MAX_DEPENDENTS, MAX_NAME, MAX_SPREADING, Facts, ImpactFact
from incidents.policy.rules import paired
from incidents.policy.spread import spreading_minutes
from incidents.replay.replay import BacktestCase, Point
from incidents.validation import RefusedError, checked, name, read, whole
from incidents.vocabulary import (
    LEVEL_RANK,
    Audience,
    Extent,
    FactBasis,
    Kind,
    KnownBy,
    Level,
    TargetedChannel,
)

Name = Annotated[str, name(MAX_NAME)]
Names = Annotated[tuple[Name, ...], Meta(description="a list of names")]
Title = Annotated[str, name(500)]
MomentText = Annotated[
    str,
    checked(
        "a time with an offset; write 2024-01-21T01:59:00Z", lambda value: _time(value) is not None
    ),
]


class CaseError(RefusedError):
    """A recording that cannot be used; one line naming the field, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class _Impact:
    """A cell by itself; without a level it has the incident's."""

    service: Name
    region: Name
    extent: Extent = Extent.SUBSET
    level: Level | None = None
    zones: Names = ()

    def fact(self, level: Level) -> ImpactFact:
        return ImpactFact(self.service, self.region, self.extent, self.level or level, self.zones)


@dataclass(frozen=True, slots=True)
class _Line:
    """What a moment says; what it leaves out stands as before."""

    at: MomentText
    basis: FactBasis = FactBasis.STATED
    why: str | None = None
    said: str | None = None
    services: Names | None = None
    regions: Names | None = None
    impacts: Annotated[tuple[_Impact, ...], Meta(description="a list of cells")] | None = None
    level: Level | None = None
    extent: Extent | None = None
    audience: Audience | None = None
    audience_basis: FactBasis | None = None
    dependents: Annotated[int, whole(0, MAX_DEPENDENTS)] | None = None
    targeted_channel: TargetedChannel | None = None
    platform_fault: bool | None = None
    false_positive: bool | None = None
    spreading_minutes: Annotated[int, whole(0, MAX_SPREADING)] | None = None
    known_by: KnownBy | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    id: Name
    facts: Annotated[
        tuple[_Line, ...], Meta(min_length=1, description="a list of one or more moments")
    ]
    title: Title | None = None
    kind: Kind = Kind.SERVICE_ISSUE
    began: MomentText | None = None
    posted: MomentText | None = None
    ended: MomentText | None = None
    public: bool | None = None
    label: Title | None = None


@dataclass(frozen=True, slots=True)
class _State:
    """What is known at a moment; what a line leaves out stands as before."""

    services: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    impacts: tuple[_Impact, ...] = ()
    level: Level = Level.WARNING
    extent: Extent = Extent.SUBSET
    audience: Audience = Audience.UNKNOWN
    audience_assumed: bool = False
    dependents: int = 0
    targeted_channel: TargetedChannel = TargetedChannel.AVAILABLE
    platform_fault: bool = True
    false_positive: bool = False
    known_by: KnownBy = KnownBy.OPERATOR


def read_recorded(document: object) -> BacktestCase:
    """One incident's facts over time from decoded JSON. Times become UTC. Raises CaseError."""
    case = read(document, _Case, CaseError, at="", noun="recording")
    points = tuple(_points(case))
    return BacktestCase(
        tracking_id=case.id,
        title=case.title or case.id,
        started_at=_time(case.began) or points[0].at,
        points=points,
        really_public_at=_time(case.posted),
        public=case.public,
        label=case.label or "",
    )


def written(case: BacktestCase) -> dict[str, object]:
    """The case as one recording: every moment with all that was known, cell by cell. `read_recorded` reads it back.

    What a policy made of earlier moments is left out: it is decided anew.
    """
    document: dict[str, object] = {
        "id": case.tracking_id,
        "title": case.title,
        "kind": case.points[0].facts.kind,
        "began": case.started_at.isoformat(),
        "posted": case.really_public_at and case.really_public_at.isoformat(),
        "public": case.public,
        "label": case.label or None,
        "facts": [_written(point) for point in case.points],
    }
    return {name: value for name, value in document.items() if value is not None}


def _written(point: Point) -> dict[str, object]:
    facts = point.facts
    return {
        "at": point.at.isoformat(),
        "known_by": point.known_by,
        "basis": FactBasis.ASSUMED if point.basis == FactBasis.ASSUMED else FactBasis.STATED,
        **({"said": point.said} if point.said else {}),
        "level": facts.level,
        "impacts": [
            {
                "service": each.service,
                "region": each.region,
                "extent": each.extent,
                "level": each.level,
                **({"zones": list(each.zones)} if each.zones else {}),
            }
            for each in facts.impacts
        ],
        "dependents": facts.dependents,
        "audience": facts.audience,
        "audience_basis": FactBasis.ASSUMED if point.audience_assumed else FactBasis.STATED,
        "targeted_channel": facts.targeted_channel,
        "platform_fault": facts.platform_fault,
        "false_positive": facts.false_positive,
        "spreading_minutes": facts.spreading_minutes,
    }


def _points(case: _Case) -> Iterator[Point]:
    state, before = _State(), None
    since: dict[str, datetime] = {}  # when each region was first hit at Warning or above
    for index, line in enumerate(case.facts):
        at = datetime.fromisoformat(line.at).astimezone(UTC)
        if before is not None and at < before:
            raise CaseError(
                f'facts[{index}].at: "{line.at}" is before the moment above it; sort them by time'
            )
        before, state = at, _next(state, line)
        hit = _regions(state)
        since |= {region: at for region in hit if region not in since}
        if state.known_by == KnownBy.NOBODY:
            continue
        if any(
            LEVEL_RANK[each.level or state.level] > LEVEL_RANK[state.level]
            for each in state.impacts
        ):
            raise CaseError(
                f'facts[{index}].impacts: one is above the level "{state.level}"; raise that or lower this'
            )
        if not state.impacts and not (state.services and state.regions):
            missing = "regions" if state.services else "services"
            raise CaseError(f"facts[{index}].{missing}: nothing named yet; name one or more")
        yield Point(
            at=at,
            facts=_facts(state, case.kind, _spreading(line, [since[region] for region in hit])),
            really=None,
            basis=line.basis,
            said=line.said or "",
            known_by=state.known_by,
            audience_assumed=state.audience_assumed,
        )
    if state.known_by == KnownBy.NOBODY:
        raise CaseError("facts: is known by nobody to the end; nothing could be decided")


def _next(state: _State, line: _Line) -> _State:
    stated = {
        field: value
        for field in STATED
        if (value := getattr(line, field)) is not None and value != ()
    }
    if line.services or line.regions:
        stated["impacts"] = line.impacts or ()
    if line.audience is not None:
        stated["audience_assumed"] = (line.audience_basis or line.basis) == FactBasis.ASSUMED
    return replace(state, **stated)


STATED = (
    "services", "regions", "impacts", "level", "extent", "audience", "dependents", "targeted_channel",
    "platform_fault", "false_positive", "known_by",
)  # fmt: skip


def _regions(state: _State) -> set[str]:
    if not state.impacts:
        return set() if state.level == Level.INFORMATIONAL else set(state.regions)
    levels = ((each.region, each.level or state.level) for each in state.impacts)
    return {region for region, level in levels if level != Level.INFORMATIONAL}


def _spreading(line: _Line, since: list[datetime]) -> int:
    return spreading_minutes(since) if line.spreading_minutes is None else line.spreading_minutes


def _facts(state: _State, kind: Kind, spreading: int) -> Facts:
    return Facts(
        kind=kind,
        level=state.level,
        impacts=tuple(each.fact(state.level) for each in state.impacts)
        or tuple(
            ImpactFact(service, region, state.extent, state.level)
            for service, region in paired(state.services, state.regions)
        ),
        dependents=state.dependents,
        audience=state.audience,
        targeted_channel=state.targeted_channel,
        platform_fault=state.platform_fault,
        false_positive=state.false_positive,
        spreading_minutes=spreading,
    )


def _time(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
