"""Rows of the list: what an operator must see of an incident before opening it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import OuterRef, QuerySet, Subquery

from incidents.cells import CellIds, PlacedCell, grouped
from incidents.models import Communication, Impact, Incident
from incidents.review_deadlines import ReviewDeadline, promise_missed
from incidents.services.automatic_text import cells_of
from incidents.services.scheduled.review_deadlines import deadlines_of, owing
from incidents.services.scheduled.update_cadence import UpdateDue, updates_due
from incidents.wording import cells
from statuspage.public.render import plan

CLOSED_SHOWN = 30
OWING_SHOWN = 30
Publicity = Literal["public", "waiting", "withdrawn", "targeted"]
NAMED = 3  # groups of services and regions named before the rest is counted


@dataclass(frozen=True, slots=True)
class Row:
    incident: Incident
    where: str
    publicity: str
    minutes_silent: int | None
    plan: str  # what a maintenance's plan means now
    off_plan: bool  # it waits for a word, or takes longer
    promised: datetime | None
    missed: bool  # the next update was promised for earlier than now
    update_due: UpdateDue | None  # by the policy's cadence, where nothing is promised
    clocks: tuple[ReviewDeadline, ...]  # reviews still owed


def publicity_of(incident: Incident) -> Publicity:
    if incident.withdrawn_at is not None:
        return "withdrawn"
    if incident.published_at is not None:
        return "public"
    return "waiting" if incident.public_due_at is not None else "targeted"


def open_rows(incidents: QuerySet[Incident], now: datetime) -> list[Row]:
    """Waiting posts first, then missed promises, then the newest."""
    rows = _rows(incidents.filter(closed_at__isnull=True, merged_into__isnull=True), now)
    return sorted(
        rows,
        key=lambda row: (row.publicity != "waiting", not row.missed, -row.incident.pk),
    )


def owing_rows(incidents: QuerySet[Incident], now: datetime) -> tuple[list[Row], int]:
    """Closed incidents that still owe a review, and how many more there are than are listed."""
    found = owing(incidents)
    rows = _rows(found[:OWING_SHOWN], now)
    return rows, found.count() - len(rows) if len(rows) == OWING_SHOWN else 0


def closed_rows(incidents: QuerySet[Incident], now: datetime, above: list[Row]) -> list[Row]:
    """The latest closed ones, without those shown `above` them."""
    closed = incidents.filter(closed_at__isnull=False).order_by("-closed_at", "-id")
    shown = [row.incident.pk for row in above]
    return _rows(closed.exclude(pk__in=shown)[:CLOSED_SHOWN], now)


def rows_of(incidents: Iterable[Incident], now: datetime) -> list[Row]:
    """Rows of these, in their order."""
    order = [incident.pk for incident in incidents]
    rows = {row.incident.pk: row for row in _rows(Incident.objects.filter(pk__in=order), now)}
    return [rows[pk] for pk in order]


def promise_of(incident: Incident) -> datetime | None:
    """When the next update is due: the earlier of what the public and the affected were promised."""
    if incident.closed_at is not None:
        return None
    return min(incident.communications.all().promises().get(incident.pk, ()), default=None)


def _rows(incidents: QuerySet[Incident], now: datetime) -> list[Row]:
    last = Communication.objects.filter(incident=OuterRef("pk")).order_by("-number")
    found = list(incidents.annotate(said_at=Subquery(last.values("at")[:1])))
    pks = [incident.pk for incident in found]
    where = _where(pks)
    promises = Communication.objects.filter(incident__in=pks).promises()
    clocks, due = deadlines_of(found, now), updates_due(found, now)
    return [
        Row(
            incident=incident,
            where=where.get(incident.pk, ""),
            publicity=publicity_of(incident),
            minutes_silent=_minutes(incident.said_at, now),
            plan=plan.in_words(incident, now),
            off_plan=plan.phase(incident, now) in plan.OFF_PLAN,
            promised=(promised := min(promises.get(incident.pk, ()), default=None)),
            missed=promise_missed(promised, closed=incident.closed_at is not None, now=now),
            update_due=due.get(incident.pk),
            clocks=clocks.get(incident.pk, ()),
        )
        for incident in found
    ]


def _minutes(at: datetime | None, now: datetime) -> int | None:
    return None if at is None else max(0, (now - at) // timedelta(minutes=1))


def _where(pks: list[int]) -> dict[int, str]:
    """`Storage in West Europe; Key Vault in all of Asia (4 regions)` per incident: open cells, else all."""
    hit: dict[int, dict[CellIds, bool]] = defaultdict(dict)
    impacts = Impact.objects.filter(occurrence__incident__in=pks).order_by("id")
    for pk, service, region, ended_at in impacts.values_list(
        "occurrence__incident_id", "service_id", "region_id", "ended_at"
    ):
        still = hit[pk].get((service, region), False)
        hit[pk][service, region] = still or ended_at is None
    named = cells_of(pair for pairs in hit.values() for pair in pairs)
    return {pk: _sentence(pairs, named) for pk, pairs in hit.items()}


def _sentence(hit: Mapping[CellIds, bool], named: Mapping[CellIds, PlacedCell]) -> str:
    shown = {pair for pair, still in hit.items() if still} or hit
    return cells(grouped(cell for pair, cell in named.items() if pair in shown), NAMED)
