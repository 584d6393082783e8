"""Publicly posted minutes of the last 90 days, by service and region. Pure.

Named so because that is what they are: impact of public incidents. Targeted incidents are not in them,
and cells that nobody stated (a text that names services here and regions there) are not either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlencode

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from incidents.cells import Cell
from incidents.vocabulary import Kind
from statuspage import languages
from statuspage.public.render import times
from statuspage.public.render.table import labels
from statuspage.public.snapshot.values import IncidentView, Snapshot

DAYS = 90
MOST_ROWS = 150
DAYS_NAMED = 6
HEIGHT = 24
HEIGHTS = {"critical": 24, "warning": 16}


@dataclass(frozen=True, slots=True)
class Row:
    """One cell. `days`: (day, length) of the latest days with impact, newest first; `more` days are not named."""

    region: str
    href: str
    total: str
    exact: int  # minutes
    drawing: SafeString
    days: tuple[tuple[str, str], ...]
    more: int


@dataclass(frozen=True, slots=True)
class Group:
    service: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Minutes:
    """`quiet`: cells that are offered and have no minute; `left_out`: cells with minutes beyond those shown."""

    groups: tuple[Group, ...]
    shown: int
    quiet: int
    left_out: int
    first: str
    last: str


# What goes on is counted up to the last of these, so that the page changes no oftener.
STEP = timedelta(minutes=15)

Span = tuple[datetime, datetime, str]  # from, until, state
Days = dict[int, tuple[timedelta, str]]  # day number -> length, worst state


def first_day(snapshot: Snapshot) -> datetime:
    """Its midnight in UTC; today is the last of the days."""
    today = datetime.combine(snapshot.as_of.date(), time(), UTC)
    return today - timedelta(days=DAYS - 1)


def by_place(snapshot: Snapshot) -> dict[str, Days]:
    """Geography name (empty for what runs in no region) -> its days. What overlaps counts once."""
    first = first_day(snapshot)
    homes = {r.slug: g.name for g in snapshot.geographies for r in g.regions}
    spans: dict[str, list[Span]] = {}
    for (_, region), _name, _place, span in _impacts(snapshot, first, snapshot.as_of):
        spans.setdefault(homes.get(region, ""), []).append(span)
    return {home: _days(found, first) for home, found in spans.items()}


def minutes(snapshot: Snapshot) -> Minutes:
    """What goes on up to the last full STEP; days are days in UTC, today included."""
    first = first_day(snapshot)
    names = {s.slug: s.name for category in snapshot.categories for s in category.services}
    places = {r.slug: r.name for geography in snapshot.geographies for r in geography.regions}
    if snapshot.non_regional:
        places[snapshot.non_regional.slug] = gettext("Non-regional")
    spans: dict[Cell, list[Span]] = {}
    for key, name, place, span in _impacts(snapshot, first, _last_step(snapshot)):
        names.setdefault(key[0], name)
        places.setdefault(key[1], place)
        spans.setdefault(key, []).append(span)
    cells = {key: days for key, found in spans.items() if (days := _days(found, first))}
    lengths = {key: sum((d[0] for d in days.values()), timedelta()) for key, days in cells.items()}
    ranked = sorted(cells, key=lambda key: (-lengths[key], names[key[0]], places[key[1]]))
    groups: dict[str, list[Row]] = {}
    for key in ranked[:MOST_ROWS]:
        row = _row(key, places[key[1]], lengths[key], cells[key], first)
        groups.setdefault(names[key[0]], []).append(row)
    return Minutes(
        groups=tuple(Group(service, tuple(rows)) for service, rows in groups.items()),
        shown=min(len(cells), MOST_ROWS),
        quiet=len(snapshot.offered - cells.keys()),
        left_out=max(0, len(cells) - MOST_ROWS),
        first=times.day(first),
        last=times.day(first + timedelta(days=DAYS - 1)),
    )


def counted_from(snapshot: Snapshot) -> tuple[object, ...]:
    """What `minutes` reads besides the catalogue: while this is the same they are."""
    first, last = first_day(snapshot), _last_step(snapshot)
    impacts = [(one.kind, one.impacts) for one in _counted(snapshot, first)]
    now = snapshot.as_of
    every = [each for _, some in impacts for each in some]
    begun = sum(each.start < now for each in every)
    goes_on = sum(each.end is None or each.end > now for each in every)
    return first, impacts, begun, goes_on, last if goes_on else None


def _last_step(snapshot: Snapshot) -> datetime:
    return snapshot.as_of - (snapshot.as_of - first_day(snapshot)) % STEP


def _counted(snapshot: Snapshot, first: datetime) -> Iterator[IncidentView]:
    for one in snapshot.incidents:
        if one.kind != Kind.PLANNED_MAINTENANCE and not (one.ended_at and one.ended_at < first):
            yield one


def _impacts(
    snapshot: Snapshot, first: datetime, last: datetime
) -> Iterator[tuple[Cell, str, str, Span]]:
    """Error and Warning of all that was not planned, cut to the days shown."""
    for one in _counted(snapshot, first):
        for impact in one.impacts:
            state = labels.state_of(one.kind, impact.level)
            start = max(impact.start, first)
            end = impact.end
            if end is None or end > snapshot.as_of:
                end = max(last, start + timedelta(minutes=1))
            if state in HEIGHTS and start < min(end, snapshot.as_of):
                key = (impact.service.slug, impact.region.slug)
                yield key, impact.service.name, impact.region.name, (start, end, state)


def _days(spans: Sequence[Span], first: datetime) -> Days:
    """What overlaps counts once."""
    found: Days = {}
    reached = first
    for start, end, state in sorted(spans):
        number = (start - first).days
        while number < DAYS and (day := first + timedelta(days=number)) < end:
            begins, ends = max(start, day), min(end, day + timedelta(days=1))
            length, worst = found.get(number, (timedelta(), state))
            fresh = max(timedelta(), ends - max(begins, reached))
            found[number] = (length + fresh, min(worst, state, key=labels.TROUBLE.index))
            number += 1
        reached = max(reached, end)
    return found


def whole(span: timedelta) -> int:
    """Minutes, a part of one counted as one: nothing that was is shown as nothing."""
    return -int(-span // timedelta(minutes=1))


def _row(
    key: Cell,
    region: str,
    total: timedelta,
    days: Days,
    first: datetime,
) -> Row:
    newest = sorted(days, reverse=True)
    named = tuple(
        (times.day(first + timedelta(days=n)), gettext("%(n)d min") % {"n": whole(days[n][0])})
        for n in newest[:DAYS_NAMED]
    )
    query = urlencode({"service": key[0], "region": key[1], "from": first.date().isoformat()})
    return Row(
        region=region,
        href=f"{languages.root()}/status/history/?{query}",
        total=times.length(total),
        exact=whole(total),
        drawing=drawing(days),
        days=named,
        more=len(newest) - len(named),
    )


def drawing(days: Days, *, dotted: bool = False) -> SafeString:
    """The days as bars, grave ones higher, on a track; or on a dot for each day. One unit along is a day."""
    bars: dict[str, str] = {}
    for number, (_, state) in sorted(days.items()):
        height = HEIGHTS[state]
        bars[state] = bars.get(state, "") + f"M{number}.1 {HEIGHT}v-{height}h.8v{height}"
    body = "".join(f'<path class="bar {state}" d="{path}"/>' for state, path in bars.items())
    track = f'<path class="dots" d="M0 {HEIGHT - 1}h{DAYS}"/>'
    if not dotted:
        track = f'<path class="track" d="M0 0h{DAYS}v{HEIGHT}H0"/>'
    # Safe: numbers and our own words for states.
    return mark_safe(  # noqa: S308
        f'<svg class="days" aria-hidden="true" width="100%" height="{HEIGHT}" '
        f'viewBox="0 0 {DAYS} {HEIGHT}" preserveAspectRatio="none">{track}{body}</svg>'
    )
