"""Planned maintenance as a month: a grid of days, in UTC as everything here."""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from incidents.vocabulary import Kind, Stage
from notifications.audience.tenants.tenant_events import TenantEvent

FIRST, LAST = date(2000, 1, 1), date(2099, 12, 1)


@dataclass(frozen=True, slots=True)
class Day:
    """`events`: those whose planned window touches it. `other`: of the month before or after."""

    date: date
    events: Sequence[TenantEvent]
    other: bool
    today: bool


@dataclass(frozen=True, slots=True)
class Month:
    first: date
    weeks: Sequence[Sequence[Day]]

    @property
    def before(self) -> date | None:
        found = (self.first - timedelta(days=1)).replace(day=1)
        return found if found >= FIRST else None

    @property
    def after(self) -> date | None:
        found = (self.first + timedelta(days=32)).replace(day=1)
        return found if found <= LAST else None

    @property
    def empty(self) -> bool:
        return not any(day.events for week in self.weeks for day in week if not day.other)


def month_of(events: Iterable[TenantEvent], asked: str, *, now: datetime) -> Month:
    """The month `asked` for, as 2026-11; the current one where that is none."""
    try:
        first = datetime.strptime(asked, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError:
        first = now.astimezone(UTC).date().replace(day=1)
    first = min(max(first, FIRST), LAST)
    planned = [
        (each, *span)
        for each in events
        if each.incident.kind == Kind.PLANNED_MAINTENANCE
        and each.incident.stage != Stage.CANCELLED
        and (span := _days(each))
    ]
    weeks = [
        [
            Day(
                day,
                [each for each, begin, end in planned if begin <= day <= end],
                other=day.month != first.month,
                today=day == now.astimezone(UTC).date(),
            )
            for day in week
        ]
        for week in Calendar().monthdatescalendar(first.year, first.month)
    ]
    return Month(first, weeks)


def _days(event: TenantEvent) -> tuple[date, date] | None:
    incident = event.incident
    if incident.scheduled_for is None:
        return None
    begin = incident.scheduled_for.astimezone(UTC)
    end = (incident.scheduled_until or begin).astimezone(UTC)
    # What ends at midnight does not touch the day that begins.
    return begin.date(), max(begin, end - timedelta(microseconds=1)).date()
