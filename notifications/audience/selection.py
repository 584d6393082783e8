"""Who is concerned by a statement: sets computed by the database, in slices, never a loop over people.

By footprint the target index answers (see `target_index`): which endpoints an incident in these cells leads to,
tenant by tenant. By an impacted list the listed subscriptions do, through their tenants' rules. Deliveries
are unique per communication and endpoint, so asking twice, late or in parallel adds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone

from incidents import prepared_statements
from incidents.cells import CellIds
from incidents.models import Communication
from incidents.sealing import unseal_findable
from incidents.services.visibility import waits_for_audience
from incidents.vocabulary import LEVEL_RANK, Audience, CommunicationKind, Kind, Level
from notifications.audience import daily_summary, readers_sql, target_index
from notifications.audience import selection_sql as sql
from notifications.audience.quiet import QuietNow
from notifications.audience.rule_bits import bits
from notifications.models import ImpactedSubscription
from notifications.vocabulary.addresses import label
from notifications.vocabulary.delivery_states import (
    CLOSING_STAGES,
    PATIENT,
    Relevance,
    is_end,
    is_in_between,
    priority,
    takes_back,
)

_LAST = 2**63 - 1  # beyond every id
# The parameters of a first statement, whose audience is chosen at once.
_FIRST: Mapping[str, Any] = {
    "in_between": False,
    "end": False,
    "takes_back": False,
    "line": [],
    "communication": 0,
    "after": 0,
    "upto": _LAST,
    "most": None,
    "matching": True,
}
# With so many cells it is cheaper to read all targets of a tenant than to look up each cell.
WIDE = 3_000
# Tenants of a window, for which the server need not plan the statement anew.
FEW = 100


@dataclass(frozen=True, slots=True)
class Slice:
    """One step of a phase: the last id looked at (None: none), ids seen, deliveries added, more to come."""

    last: int | None
    seen: int
    added: int
    more: bool


def line_of(incident_id: int) -> list[int]:
    """The incident and those it has absorbed: who heard of one of them hears how it goes on."""
    absorbed = prepared_statements.answers(sql.ABSORBED, {"incident": incident_id})
    return [incident_id, *(pk for (pk,) in absorbed)]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """An audience in parts: endpoints by channel, subscriptions by geography and by (the largest) tenant."""

    subscriptions: int
    tenants: int
    channels: dict[str, int]
    geographies: dict[str, int]
    largest_tenants: dict[str, int]
    sample: list[str]


def breakdown(
    cells: Sequence[CellIds], *, kind: str, level: str, incident_id: int | None = None
) -> Breakdown:
    """The audience of a first statement about these cells, of its list with `incident_id`; ten addresses of it."""
    target_index.refresh()
    facts = {**_FIRST, **_places(cells), **asdict(bits(kind, level))}
    parts: dict[str, dict[str, int]] = {}
    spread: tuple[str, ...] = (sql.SPREAD_BY_FOOTPRINT,)
    if incident_id is not None:
        facts["line"] = line_of(incident_id)
        spread = (sql.MATCHED_BY_LIST, sql.SPREAD_BY_LIST)
    with connection.cursor() as cursor:
        for statement in (
            sql.chain(*spread) + sql.PLACES,
            sql.chain(*_targets(cells, by_list=incident_id is not None)) + sql.CHANNELS,
        ):
            cursor.execute(statement, facts)
            for group, name, count in cursor.fetchall():
                parts.setdefault(group, {})[name] = count
    return Breakdown(
        subscriptions=parts["total"]["subscriptions"],
        tenants=parts["total"]["tenants"],
        channels=parts.get("channel", {}),
        geographies=parts.get("geography", {}),
        largest_tenants=parts.get("tenant", {}),
        sample=[_shown(each) for each in parts.get("sample", {})],
    )


def _shown(sample: str) -> str:
    channel, _, address = sample.partition(" ")
    return f"{channel} {label(unseal_findable(address))}"


def matches(communication: Communication) -> bool:
    """Whether anybody is told because it concerns them, rather than because they were told before."""
    if not communication.targeted_text or communication.kind == CommunicationKind.RETRACTION:
        return False
    return not waits_for_audience(communication.incident)


def has_list(communication: Communication) -> bool:
    """Whether an impacted list replaces the footprint. Confirmed without a list still means it."""
    incident = communication.incident
    return incident.audience == Audience.CONFIRMED and has_impacted(incident.pk)


def has_impacted(incident_id: int) -> bool:
    return ImpactedSubscription.objects.filter(incident__in=line_of(incident_id)).exists()


def add_matching(
    communication: Communication,
    cells: Sequence[CellIds],
    *,
    by_list: bool,
    quiet: QuietNow,
    after: int,
    window: int,
) -> Slice:
    """Deliveries for the endpoints of matching tenants with an id > `after`, `window` ids at a time.

    Windows of ids and no limit: each cell's part of the index is entered where the window begins and left
    where it ends, without sorting what comes later.
    """
    standing = _standing(communication, after=after)
    if standing.is_stale:
        target_index.refresh()
    if (first := standing.first) is None:
        return Slice(None, 0, 0, more=False)
    facts = _facts(communication, cells, after, None, standing) | {
        "upto": min(first + window - 1, standing.last),
        "relevance": Relevance.IMPACTED if by_list else Relevance.RELATED,
        **asdict(quiet),
    }
    statement = sql.chain(*_targets(cells, by_list=by_list)) + sql.ADD_TARGETS
    step = _step(statement, facts, prepared=window <= FEW)
    return Slice(step.last, step.seen, step.added, more=facts["upto"] < standing.last)


def add_told_before(
    communication: Communication, *, by_list: bool, quiet: QuietNow, after: int, most: int
) -> Slice:
    """Deliveries for endpoints that heard, targeted, of this incident before and match no longer."""
    return _step(
        sql.ADD_TOLD_BEFORE,
        _facts(communication, (), after, most)
        | asdict(quiet)
        | {"by_list": by_list, "retraction": communication.kind == CommunicationKind.RETRACTION},
    )


def add_readers(
    communication: Communication, cells: Sequence[CellIds], *, after: int, most: int
) -> Slice:
    """Deliveries for confirmed public subscribers, by topic or because they were told before, as they chose."""
    summaries = daily_summary.due_by_zone(now=timezone.now())
    return _step(
        sql.chain(readers_sql.READERS) + readers_sql.ADD_READERS,
        _facts(communication, cells, after, most)
        | {
            "matching": communication.kind != CommunicationKind.RETRACTION,
            "patient": PATIENT,
            "zones": list(summaries),
            "summaries": list(summaries.values()),
        },
    )


def count_readers(cells: Sequence[CellIds], *, kind: str, level: str) -> int:
    """How many public subscribers hear of these cells, if it is public."""
    facts = {**_FIRST, **_places(cells), **_post_facts(kind, level)}
    with connection.cursor() as cursor:
        cursor.execute(sql.chain(readers_sql.READERS) + readers_sql.COUNT_READERS, facts)
        ((number,),) = cursor.fetchall()
    return int(number)


def hearing_facts(communication: Communication, cells: Sequence[CellIds]) -> dict[str, Any]:
    """The parameters of planning a statement in one go, phases and all; the index is brought up to date."""
    target_index.refresh()
    return _facts(communication, cells, 0, None) | {
        "matching": communication.kind != CommunicationKind.RETRACTION,
        "concerns": matches(communication),
        "targeted": bool(communication.targeted_text),
        "retraction": communication.kind == CommunicationKind.RETRACTION,
        "public": Communication.objects.public().filter(pk=communication.pk).exists(),
    }


def _targets(cells: Sequence[CellIds], *, by_list: bool) -> tuple[str, ...]:
    if by_list:
        return (sql.MATCHED_BY_LIST, sql.TARGETS_BY_LIST)
    return (sql.TARGETS_BY_WIDE_FOOTPRINT if len(cells) >= WIDE else sql.TARGETS_BY_FOOTPRINT,)


def _post_facts(kind: str, level: str) -> dict[str, Any]:
    """What readers choose by: `levels` are those that one may ask for as the least, to hear of this one."""
    met = [each.value for each in Level if LEVEL_RANK[each] <= LEVEL_RANK[level]]
    return {"kind": str(kind), "levels": ["", *met]}


def _places(cells: Sequence[CellIds]) -> dict[str, str]:
    return {
        "services": prepared_statements.array(service for service, _ in cells),
        "regions": prepared_statements.array(region for _, region in cells),
        "places": prepared_statements.array(sql.place(*cell) for cell in cells),
    }


class _Standing(NamedTuple):
    """What a slice asks before all else. `first`, `last`: ids of the tenants that come next; `recovered`: whether some
    of what was hit was well again before the rest."""

    is_stale: bool
    absorbed: list[int]
    recovered: bool
    first: int | None
    last: int


def _standing(communication: Communication, *, after: int) -> _Standing:
    facts = {"incident": communication.incident_id, "after": after}
    return _Standing(*prepared_statements.answers(sql.STANDING, facts)[0])


def _facts(
    communication: Communication,
    cells: Sequence[CellIds],
    after: int,
    most: int | None,
    standing: _Standing | None = None,
) -> dict[str, Any]:
    incident = communication.incident
    standing = standing or _standing(communication, after=after)
    # Who was told that all of theirs is well hears no more: of an update, and where it can be.
    kinds = communication.kind, incident.kind
    partial = kinds == (CommunicationKind.UPDATE, Kind.SERVICE_ISSUE) and standing.recovered
    return {
        **_places(cells),
        **asdict(bits(incident.kind, incident.level)),
        **_post_facts(incident.kind, incident.level),
        "in_between": is_in_between(kind=communication.kind, stage=communication.stage),
        "end": is_end(kind=communication.kind, stage=communication.stage),
        "takes_back": takes_back(kind=communication.kind),
        "line": [incident.pk, *standing.absorbed],
        "incident": communication.incident_id,
        "communication": communication.pk,
        "priority": priority(
            kind=communication.kind, stage=communication.stage, number=communication.number
        ),
        "after": after,
        "upto": _LAST,
        "most": most,
        "partial": partial,
        "closing": communication.stage in CLOSING_STAGES,
    }


def _step(statement: str, facts: dict[str, Any], *, prepared: bool = False) -> Slice:
    """`prepared`: it is about few, so that any way of the planner's will do."""
    with (
        prepared_statements.executed(statement, facts)
        if prepared
        else connection.cursor() as cursor
    ):
        if not prepared:
            cursor.execute(statement, facts)
        ((last, seen, added),) = cursor.fetchall()
    return Slice(last, seen, added, more=seen == facts["most"])
