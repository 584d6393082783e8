"""The past 14 days: a row for each incident on the day it began, and one for days in a row without any. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from statuspage.public.render import times
from statuspage.public.render.headline import is_upcoming
from statuspage.public.render.table import labels
from statuspage.public.snapshot.values import BesideView, IncidentView, Snapshot

DAYS = 14


@dataclass(frozen=True, slots=True)
class Row:
    """`incident` is None for a day, or days in a row, on which none began. `length` is empty where none is known, also
    for what is `active`."""

    days: str
    incident: BesideView | None = None
    state: str = "good"
    length: str = ""
    active: bool = False


def rows(snapshot: Snapshot) -> tuple[Row, ...]:
    """Today first; days are days in UTC. What began earlier and is not over stands on the first day."""
    now = snapshot.as_of
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    first = today - timedelta(days=DAYS - 1)
    by_day: dict[datetime, list[IncidentView]] = {}
    for one in snapshot.incidents:
        over = one.ended_at or (now if one.active else one.listed_at)
        if over < first or one.listed_at > now or is_upcoming(one, now):
            continue
        began = datetime.combine(max(one.listed_at, first).astimezone(UTC).date(), time(), UTC)
        by_day.setdefault(began, []).append(one)
    found: list[Row] = []
    quiet: list[datetime] = []
    for day in (today - timedelta(days=n) for n in range(DAYS)):
        if day not in by_day:
            quiet.append(day)
            continue
        found += [*_quiet(quiet), *(_row(day, one) for one in by_day[day])]
        quiet = []
    return (*found, *_quiet(quiet))


def _quiet(days: list[datetime]) -> list[Row]:
    if not days:
        return []
    newest, oldest = times.short_day(days[0]), times.short_day(days[-1])
    return [Row(newest if newest == oldest else f"{oldest} – {newest}")]


def _row(day: datetime, one: IncidentView) -> Row:
    length = times.length(one.ended_at - one.started_at) if one.ended_at else ""
    named = BesideView(one.tracking_id, one.title, one.language)
    state = labels.state_of(one.kind, one.level)
    return Row(times.short_day(day), named, state, length, one.active)
