"""Rows of the list: what an operator must see of an incident before opening it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db.models import QuerySet

from incidents.cells import CellIds, PlacedCell, grouped
from incidents.models import Communication, Impact, Incident
from incidents.review_deadlines import ReviewDeadline, promise_missed
from incidents.services.automatic_text import cells_of
from incidents.services.decisions.policies import current_policy
from incidents.services.scheduled.review_deadlines import deadlines_of, owing
from incidents.services.scheduled.update_cadence import UpdateDue, updates_due
from incidents.wording import cells
from statuspage.desk.form.durations import in_words
from statuspage.public.render import maintenance_plan

CLOSED_SHOWN = 30
OWING_SHOWN = 30
Publicity = Literal["public", "waiting", "withdrawn", "targeted"]
NAMED = 3  # groups of services and regions named before the rest is counted


@dataclass(frozen=True, slots=True)
class Row:
    incident: Incident
    where: str
    publicity: str
    silent: str  # for how long, in words; empty where nothing was said yet
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


@dataclass(frozen=True, slots=True)
class Listing:
    """The three parts of the list. `more_owing`: incidents that owe a review and are not listed."""

    open: list[Row]
    owing: list[Row]
    more_owing: int
    closed: list[Row]


def listing(incidents: QuerySet[Incident], now: datetime) -> Listing:
    """What is open, what is closed and owes a review, and the latest closed ones that owe none of those.

    The rows of all three are made together: the same dozen queries, however many there are.
    """
    going_on, owes = list(_open(incidents)), owing(incidents)
    listed = list(owes[:OWING_SHOWN])
    closed = incidents.filter(closed_at__isnull=False).order_by("-closed_at", "-id")
    others = list(closed.exclude(pk__in=[each.pk for each in listed])[:CLOSED_SHOWN])
    rows = {row.incident.pk: row for row in _rows([*going_on, *listed, *others], now)}
    return Listing(
        open=_most_pressing([rows[each.pk] for each in going_on]),
        owing=[rows[each.pk] for each in listed],
        more_owing=owes.count() - OWING_SHOWN if len(listed) == OWING_SHOWN else 0,
        closed=[rows[each.pk] for each in others],
    )


def _open(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    return incidents.filter(closed_at__isnull=True, merged_into__isnull=True)


def _most_pressing(rows: list[Row]) -> list[Row]:
    """Waiting posts first, then missed promises, then the newest."""
    return sorted(
        rows,
        key=lambda row: (row.publicity != "waiting", not row.missed, -row.incident.pk),
    )


def rows_of(incidents: Iterable[Incident], now: datetime) -> list[Row]:
    """Rows of these, in their order."""
    return _rows(list(incidents), now)


def promise_of(incident: Incident) -> datetime | None:
    """When the next update is due: the earlier of what the public and the affected were promised."""
    if incident.closed_at is not None:
        return None
    return min(incident.communications.all().promises().get(incident.pk, ()), default=None)


def _rows(found: list[Incident], now: datetime) -> list[Row]:
    pks = [incident.pk for incident in found]
    where, policy = _where(pks), current_policy()
    words = Communication.objects.filter(incident__in=pks).last_words()
    clocks = deadlines_of(found, now, policy=policy)
    updates = updates_due(found, now, policy=policy, words=words)
    return [
        Row(
            incident=incident,
            where=where.get(incident.pk, ""),
            publicity=publicity_of(incident),
            silent=_silent(said[0][0], now) if (said := words.get(incident.pk)) else "",
            plan=maintenance_plan.in_words(incident, now),
            off_plan=maintenance_plan.phase(incident, now) in maintenance_plan.OFF_PLAN,
            promised=(promised := min((due for _, due in said or () if due), default=None)),
            missed=promise_missed(promised, closed=incident.closed_at is not None, now=now),
            update_due=updates.get(incident.pk),
            clocks=clocks.get(incident.pk, ()),
        )
        for incident in found
    ]


def _silent(at: datetime, now: datetime) -> str:
    minutes = max(timedelta(), (now - at) // timedelta(minutes=1) * timedelta(minutes=1))
    return in_words(minutes) if minutes else "0 min"


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
