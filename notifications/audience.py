"""Who is concerned by a statement: sets computed by the database, in slices, never a loop over people.

Order of the questions: which customer subscriptions are hit (by index on service and region), which
alert rules of their tenants match, which endpoints those lead to. Deliveries are unique per
communication and endpoint, so asking twice, late or in parallel adds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from incidents.models import Communication, Incident
from notifications import audience_sql as sql
from notifications.lifecycle import Relevance, priority
from notifications.models import ImpactedSubscription

Cell = tuple[int, int]  # (service id, region id)


@dataclass(frozen=True, slots=True)
class Slice:
    """One step of a phase: the last id looked at (None: nothing left), ids seen, deliveries added."""

    last: int | None
    seen: int
    added: int


@dataclass(frozen=True, slots=True)
class Counts:
    """An audience before anything is sent. `readers`: public subscribers, if it were public."""

    subscriptions: int
    tenants: int
    endpoints: int
    readers: int


def line_of(incident_id: int) -> list[int]:
    """The incident and those it has absorbed: who heard of one of them hears how it goes on."""
    absorbed = Incident.objects.filter(merged_into=incident_id).values_list("pk", flat=True)
    return [incident_id, *absorbed]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """An audience in parts: endpoints by channel, subscriptions by geography and by (the largest) tenant."""

    channels: dict[str, int]
    geographies: dict[str, int]
    tenants: dict[str, int]
    sample: list[str]


def breakdown(cells: Sequence[Cell], *, kind: str, incident_id: int | None = None) -> Breakdown:
    """What `count` counts, in parts, with ten addresses of it."""
    parts: dict[str, dict[str, int]] = {}
    by = sql.MATCHED_BY_FOOTPRINT if incident_id is None else sql.MATCHED_BY_LIST
    with connection.cursor() as cursor:
        facts = _first_facts(cells, kind, incident_id)
        cursor.execute("".join((sql.SCOPE, by, sql.TARGETS, sql.BREAKDOWN)), facts)
        for group, name, count in cursor.fetchall():
            parts.setdefault(group, {})[name or "Global"] = count
    return Breakdown(
        channels=parts.get("channel", {}),
        geographies=parts.get("geography", {}),
        tenants=parts.get("tenant", {}),
        sample=list(parts.get("sample", {})),
    )


def has_list(communication: Communication) -> bool:
    """Whether an impacted list replaces the footprint. Confirmed without a list still means it."""
    incident = communication.incident
    return incident.audience == "confirmed" and has_impacted(incident.pk)


def has_impacted(incident_id: int) -> bool:
    return ImpactedSubscription.objects.filter(incident__in=line_of(incident_id)).exists()


def add_matching(
    communication: Communication, cells: Sequence[Cell], *, by_list: bool, after: int, most: int
) -> Slice:
    """Deliveries for the endpoints of the next `most` matching subscriptions with an id > `after`."""
    chain = (
        sql.SCOPE,
        sql.MATCHED_BY_LIST if by_list else sql.MATCHED_BY_FOOTPRINT,
        sql.TARGETS,
        sql.ADD_TARGETS,
    )
    return _step(
        "".join(chain),
        _facts(communication, cells, after, most)
        | {"relevance": Relevance.IMPACTED if by_list else Relevance.RELATED},
    )


def add_told_before(communication: Communication, *, by_list: bool, after: int, most: int) -> Slice:
    """Deliveries for endpoints that heard, targeted, of this incident before and match no longer."""
    return _step(
        sql.ADD_TOLD_BEFORE,
        _facts(communication, (), after, most)
        | {"by_list": by_list, "retraction": communication.kind == "retraction"},
    )


def add_readers(
    communication: Communication, cells: Sequence[Cell], *, after: int, most: int
) -> Slice:
    """Deliveries for confirmed public subscribers, by topic or because they were told before."""
    return _step(
        "".join((sql.SCOPE, sql.READERS, sql.ADD_READERS)),
        _facts(communication, cells, after, most)
        | {"matching": communication.kind != "retraction"},
    )


def count(cells: Sequence[Cell], *, kind: str, incident_id: int | None = None) -> Counts:
    """The audience of a first statement about these cells; with `incident_id`, of its impacted list."""
    facts = _first_facts(cells, kind, incident_id)
    by = sql.MATCHED_BY_FOOTPRINT if incident_id is None else sql.MATCHED_BY_LIST
    with connection.cursor() as cursor:
        cursor.execute("".join((sql.SCOPE, by, sql.TARGETS, sql.COUNT)), facts)
        subscriptions, tenants, endpoints = cursor.fetchone() or (0, 0, 0)
        cursor.execute("".join((sql.SCOPE, sql.READERS, "SELECT count(*) FROM chosen")), facts)
        (readers,) = cursor.fetchone() or (0,)
    return Counts(subscriptions, tenants, endpoints, readers)


def _first_facts(cells: Sequence[Cell], kind: str, incident_id: int | None) -> dict[str, Any]:
    """The parameters of a first statement about these cells."""
    return {
        "services": [service for service, _ in cells],
        "regions": [region for _, region in cells],
        "kind": kind,
        "line": [] if incident_id is None else line_of(incident_id),
        "incident": incident_id or 0,
        "communication": 0,
        "after": 0,
        "most": None,
        "matching": True,
    }


def _facts(
    communication: Communication, cells: Sequence[Cell], after: int, most: int
) -> dict[str, Any]:
    return {
        "services": [service for service, _ in cells],
        "regions": [region for _, region in cells],
        "kind": communication.incident.kind,
        "line": line_of(communication.incident_id),
        "incident": communication.incident_id,
        "communication": communication.pk,
        "priority": priority(
            kind=communication.kind, stage=communication.stage, number=communication.number
        ),
        "after": after,
        "most": most,
    }


def _step(statement: str, facts: dict[str, Any]) -> Slice:
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        last, seen, added = cursor.fetchone() or (None, 0, 0)
    return Slice(last, seen, added)
