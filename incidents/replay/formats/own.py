"""The format of recordings: one incident a line, its facts over time. See docs/recordings.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, get_args

from incidents.policy.facts import MAX_DEPENDENTS, MAX_NAME, Facts, ImpactFact
from incidents.policy.fields import Fields, RefusedError, is_name, wanted_name
from incidents.policy.rules import paired
from incidents.replay.replay import BacktestCase, Point
from incidents.vocabulary import LEVELS, Audience, Extent, Kind, Level, TargetedChannel

KnownBy = Literal["monitor", "operator", "customers", "nobody"]
Basis = Literal["stated", "assumed"]

CASE_KEYS = ("id", "title", "kind", "began", "posted", "ended", "public", "label", "facts")
FACT_KEYS = (
    "at", "basis", "why", "said", "services", "regions", "level", "extent", "audience",
    "audience_basis", "dependents", "targeted_channel", "known_by",
)  # fmt: skip
KNOWN_BY: tuple[KnownBy, ...] = get_args(KnownBy)
BASES: tuple[Basis, ...] = get_args(Basis)


class CaseError(RefusedError):
    """A recording that cannot be used; one line naming the field, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class _State:
    """What is known at a moment; what a line leaves out stands as before."""

    services: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    level: Level = Level.WARNING
    extent: Extent = Extent.SUBSET
    audience: Audience = Audience.UNKNOWN
    audience_assumed: bool = False
    dependents: int = 0
    targeted_channel: TargetedChannel = TargetedChannel.AVAILABLE
    known_by: KnownBy = "operator"


def read_recorded(document: object) -> BacktestCase:
    """One incident's facts over time from decoded JSON. Times become UTC. Raises CaseError."""
    fields = Fields.of(document, "", CASE_KEYS, CaseError, "recording")
    kind = fields.choice("kind", tuple(Kind), Kind.SERVICE_ISSUE)
    points = tuple(_points(fields, kind))
    name = fields.name("id", MAX_NAME)
    return BacktestCase(
        tracking_id=name,
        title=fields.name("title", 500) if "title" in fields else name,
        started_at=_moment(fields, "began") or points[0].at,
        points=points,
        really_public_at=_moment(fields, "posted"),
        public=None if fields.values.get("public") is None else fields.flag("public", False),
        label=fields.name("label", 500) if "label" in fields else "",
    )


def _points(parent: Fields, kind: Kind) -> Iterator[Point]:
    value = parent.required("facts", "a list of one or more moments")
    if not isinstance(value, list) or not value:
        raise parent.refuse("facts", "is not a list of one or more moments")
    state, before = _State(), None
    for index, item in enumerate(value):
        fields = Fields.of(item, f"facts[{index}]", FACT_KEYS, CaseError, "facts")
        at = _moment(fields, "at")
        if at is None:
            raise CaseError(f"{fields.path('at')}: missing; give a time such as 2024-01-21T01:59Z")
        if before is not None and at < before:
            raise fields.refuse("at", "is before the moment above it; sort them by time")
        before, state = at, _next(state, fields)
        if state.known_by == "nobody":
            continue
        if not state.services or not state.regions:
            missing = "regions" if state.services else "services"
            raise CaseError(f"{fields.path(missing)}: nothing named yet; name one or more")
        yield Point(
            at=at,
            facts=_facts(state, kind),
            really=None,
            basis=fields.choice("basis", BASES, "stated"),
            said=str(fields.values.get("said", "")),
            known_by=state.known_by,
            audience_assumed=state.audience_assumed,
        )
    if state.known_by == "nobody":
        raise parent.refuse("facts", "is known by nobody to the end; nothing could be decided")


def _next(state: _State, fields: Fields) -> _State:
    if fields.values.get("audience") is not None:
        basis = fields.choice("audience_basis", BASES, fields.choice("basis", BASES, "stated"))
        state = replace(state, audience_assumed=basis == "assumed")
    return replace(
        state,
        services=_names(fields, "services", state.services),
        regions=_names(fields, "regions", state.regions),
        level=fields.choice("level", LEVELS, state.level),
        extent=fields.choice("extent", tuple(Extent), state.extent),
        audience=fields.choice("audience", tuple(Audience), state.audience),
        dependents=fields.whole("dependents", 0, MAX_DEPENDENTS, state.dependents),
        targeted_channel=fields.choice(
            "targeted_channel", tuple(TargetedChannel), state.targeted_channel
        ),
        known_by=fields.choice("known_by", KNOWN_BY, state.known_by),
    )


def _facts(state: _State, kind: Kind) -> Facts:
    return Facts(
        kind=kind,
        level=state.level,
        impacts=tuple(
            ImpactFact(service, region, state.extent, state.level)
            for service, region in paired(state.services, state.regions)
        ),
        dependents=state.dependents,
        audience=state.audience,
        targeted_channel=state.targeted_channel,
    )


def _names(fields: Fields, name: str, before: tuple[str, ...]) -> tuple[str, ...]:
    value = fields.values.get(name)
    if value is None:
        return before
    if not isinstance(value, list | tuple):
        raise fields.refuse(name, "is not a list of names")
    for each in value:
        if not is_name(each, MAX_NAME):
            raise CaseError(f"{fields.path(name)}: {each!a} is not {wanted_name(MAX_NAME)}")
    return tuple(dict.fromkeys(value)) or before


def _moment(fields: Fields, name: str) -> datetime | None:
    value = fields.values.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise fields.refuse(name, "is no time with an offset; write 2024-01-21T01:59:00Z")
    return moment.astimezone(UTC)
