"""What operators and machines hand in, and what of it is refused in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from incidents import lifecycle, wording
from incidents.models import Incident, Offering, Region, Service
from incidents.services.errors import EntryError
from incidents.vocabulary import LEVEL_RANK, Audience, Kind, Stage

# Planned work is not graver or lighter; the policy counts its cells as it counts those of a Warning.
LEVEL_OF_MAINTENANCE = "warning"
EARLIEST = timedelta(days=3653)  # ten years either way; further away is a mistyped year
ENDING = frozenset({Stage.MITIGATED}) | lifecycle.CLOSED


@dataclass(frozen=True, slots=True)
class Hit:
    """A cell to be recorded as impacted."""

    service: Service
    region: Region
    extent: str | None = None  # None: what its zones say
    level: str | None = None  # None: the incident's
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """What an operator wants said. Empty texts are allowed: the facts then speak for themselves, those given
    here or those of the step. `language`: the texts' own."""

    public_text: str = ""
    targeted_text: str = ""
    next_update_by: datetime | None = None
    language: str = "en"
    public_facts: Sequence[wording.WordingFacts] = ()
    targeted_facts: Sequence[wording.WordingFacts] = ()


@dataclass(frozen=True, slots=True)
class RegionWindow:
    """When a maintenance is planned in one region (UTC), where that is another time than in the others."""

    region: Region
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Override:
    """A person's choice against the policy; it needs a reason."""

    public: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Facts that an update changes; None leaves them. `at`: since when (UTC), now if left out."""

    level: str | None = None
    audience: str | None = None
    dependents: int | None = None
    level_because: str = ""  # where the level was taken from the spread
    targeted_channel_available: bool | None = None
    hits: Sequence[Hit] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Declaration:
    """Everything a new incident starts with; `started_at` in UTC.

    `follows_plan`: a maintenance that begins and ends at its planned times by itself.
    """

    level: str
    public_title: str
    hits: Sequence[Hit]
    started_at: datetime
    kind: str = Kind.SERVICE_ISSUE
    stage: str = Stage.INVESTIGATING
    internal_title: str = ""
    audience: str = Audience.UNKNOWN
    dependents: int | None = None  # None: as the catalogue counts them
    targeted_channel_available: bool = True
    platform_fault: bool = True
    detected_at: datetime | None = None
    statement: Statement = field(default_factory=Statement)
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None
    follows_plan: bool = False
    remind_before: int | None = None  # minutes before the planned start
    series: str = ""  # the tracking ID of the plan's first window
    tracking_id: str = ""
    automated: bool = False
    drill: bool = False


def check_step(kind: str, before: str | None, after: str) -> None:
    try:
        lifecycle.check_step(kind, before, after)
    except lifecycle.LifecycleError as error:
        raise EntryError("stage", str(error)) from error


def check_past(name: str, at: datetime | None, now: datetime) -> None:
    if at is not None and at < now - EARLIEST:
        raise EntryError(name, f"{at.year:04} lies more than ten years back; check the year.")
    if at is not None and at > now:
        raise EntryError(
            name, f"{wording.clock(at)} lies in the future; give the time it happened."
        )


def check_declaration(declaration: Declaration, now: datetime) -> None:
    if declaration.stage in ENDING:
        raise EntryError(
            "stage", f"{declaration.stage} is no beginning; declare it, then post the end."
        )
    if not declaration.public_title.strip():
        raise EntryError("public_title", "is empty; say in a few words what is wrong and where.")
    if declaration.started_at < now - EARLIEST:
        year = f"{declaration.started_at.year:04}"
        raise EntryError("started_at", f"{year} lies more than ten years back; check the year.")
    for name in ("started_at", "scheduled_for", "scheduled_until"):
        moment = getattr(declaration, name)
        if moment is not None and moment > now + EARLIEST:
            raise EntryError(name, f"{moment.year} lies more than ten years ahead; check the year.")
    if declaration.kind == Kind.SERVICE_ISSUE and declaration.started_at > now:
        raise EntryError(
            "started_at",
            f"{wording.clock(declaration.started_at)} lies in the future; give the time impact began.",
        )
    check_past("detected_at", declaration.detected_at, now)
    _check_window(declaration, now)
    check_audience(declaration.audience, None)
    check_hits(declaration.hits, declaration.level)


def _check_window(declaration: Declaration, now: datetime) -> None:
    start, end = declaration.scheduled_for, declaration.scheduled_until
    if start and end and end <= start:
        raise EntryError("scheduled_until", "ends before it starts; give a later end.")
    if end is not None and end <= now:
        raise EntryError(
            "scheduled_until",
            f"{wording.clock(end)} is over: nothing can be planned for then; give a window to come, or, if"
            " work still goes on, the time when it will end.",
        )
    if start is not None and end is None and start <= now and declaration.stage == Stage.PLANNED:
        raise EntryError(
            "scheduled_for",
            f"{wording.clock(start)} is over: nothing can be planned for then; give a start to come, or"
            " declare it as in progress.",
        )
    if declaration.follows_plan and not declaration.scheduled_until:
        raise EntryError("scheduled_until", "is needed to end by itself; give the planned end.")


def check_audience(audience: str | None, incident: Incident | None) -> None:
    """Refuse to call an audience confirmed that no impact analysis has named."""
    if audience != Audience.CONFIRMED:
        return
    listed = incident is not None and (
        incident.impacted_version or incident.absorbed.filter(impacted_version__gt=0).exists()
    )
    if not listed:
        raise EntryError(
            "audience",
            "cannot be confirmed while no impacted list is in force; load one first, or choose"
            f" {Audience.ESTIMATED}.",
        )


def check_hits(hits: Sequence[Hit], level: str) -> None:
    if not hits:
        raise EntryError("impacts", "name at least one service and region.")
    offered = set(
        Offering.objects.current()
        .filter(
            service__in=[hit.service.pk for hit in hits], region__in=[hit.region.pk for hit in hits]
        )
        .values_list("service_id", "region_id")
    )
    for hit in hits:
        if hit.level and LEVEL_RANK[hit.level] > LEVEL_RANK[level]:
            raise EntryError(
                "impacts",
                f"{hit.service.name} in {hit.region.name} is {hit.level}, above the incident's"
                f" level {level}; raise the incident's level first.",
            )
        if unknown := set(hit.zones) - set(hit.region.zones):
            raise EntryError(
                "zones",
                f"{hit.region.name} has no zone {', '.join(sorted(unknown))};"
                f" it has {', '.join(hit.region.zones) or 'none'}.",
            )
        if (hit.service.pk, hit.region.pk) not in offered:
            raise EntryError(
                "impacts", f"{hit.service.name} is not offered in {hit.region.name}; remove it."
            )
