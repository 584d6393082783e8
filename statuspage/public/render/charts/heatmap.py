"""The last twelve months as one strip of weeks per geography: where and when something was public. Pure.

Only weeks with something in them are drawn. Height tells the state besides colour: critical is full,
what is less grave is lower. Four weeks together are one link, as one alone is too narrow to be hit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlencode

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from incidents.vocabulary import Kind
from statuspage import languages
from statuspage.public.render import times
from statuspage.public.render.table import labels
from statuspage.public.snapshot.values import IncidentView, Snapshot

WEEKS, MONTHS = 53, 12
LED = 4  # weeks of one link; the last one has one more
HEIGHT = 24
HEIGHTS = {"critical": 24, "warning": 17, "information": 10, "maintenance": 10}


class HeatmapPlace(NamedTuple):
    """A row: a geography, or what belongs to none; `query` is the filter that leads to its entries."""

    name: str
    query: tuple[str, str]
    regions: frozenset[str]
    geography: str  # empty for what is not regional


class Concerned(NamedTuple):
    """What is drawn of an incident: its state, the days of its impact, and the slugs of what it names."""

    state: str
    spans: tuple[tuple[date, date], ...]
    regions: frozenset[str]
    geographies: frozenset[str]


@dataclass(frozen=True, slots=True)
class Row:
    """`months`: (count, address) of the last twelve, oldest first; the alternative to the drawing."""

    name: str
    href: str
    count: int
    drawing: SafeString
    months: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Strip:
    rows: tuple[Row, ...]
    months: tuple[str, ...]  # YYYY-MM, oldest first
    axis: SafeString
    count: int  # incidents in all


def strip(snapshot: Snapshot) -> Strip:
    """The strips as of the snapshot's time; planned maintenance is left out, as it was no surprise."""
    today = snapshot.as_of.date()
    since = min(_first(today), date.fromisoformat(f"{_months(today)[0]}-01"))
    begin = datetime.combine(since, time(), UTC)
    recent = tuple(
        Concerned(
            labels.state_of(one.kind, one.level),
            tuple(spans),
            frozenset(view.slug for view in one.regions),
            frozenset(view.slug for view in one.geographies),
        )
        for one in snapshot.incidents
        if (one.ended_at is None or one.ended_at >= begin)
        and one.kind != Kind.PLANNED_MAINTENANCE
        and (spans := _spans(one, since, today))
    )
    return _strip(recent, tuple(_places(snapshot)), today, languages.current())


# A statement alone changes nothing of it.
@lru_cache(maxsize=12)
def _strip(
    recent: tuple[Concerned, ...], places: tuple[HeatmapPlace, ...], today: date, _language: str
) -> Strip:
    first, months = _first(today), _months(today)
    rows = [_row(one, [o for o in recent if _concerns(o, one)], first, months) for one in places]
    return Strip(tuple(rows), tuple(months), _axis(first, today), len(recent))


def _first(today: date) -> date:
    return today - timedelta(days=today.weekday() + 7 * (WEEKS - 1))


def _places(snapshot: Snapshot) -> list[HeatmapPlace]:
    found = [
        HeatmapPlace(
            one.name, ("geography", one.slug), frozenset(r.slug for r in one.regions), one.slug
        )
        for one in snapshot.geographies
    ]
    if everywhere := snapshot.non_regional:
        name, slug = gettext("Non-regional"), everywhere.slug
        found.append(HeatmapPlace(name, ("region", slug), frozenset({slug}), ""))
    return found


def _concerns(one: Concerned, place: HeatmapPlace) -> bool:
    """As the filter of the history has it, so that a click shows what was counted."""
    return bool(one.regions & place.regions) or place.geography in one.geographies


def _spans(one: IncidentView, first: date, today: date) -> list[tuple[date, date]]:
    """Days of impact (UTC) that reach into the time shown."""
    windows: Iterable[tuple[datetime, datetime | None]] = [(w.start, w.end) for w in one.windows]
    spans = [
        (start.date(), end.date() if end else today if one.active else start.date())
        for start, end in windows or [(one.started_at, one.ended_at)]
    ]
    return [(start, end) for start, end in spans if end >= first and start <= today]


def _row(place: HeatmapPlace, here: Sequence[Concerned], first: date, months: Sequence[str]) -> Row:
    root = f"{languages.root()}/status/history/"
    weeks: dict[int, list[str]] = {}
    for one in here:
        for number in {n for start, end in one.spans for n in _weeks(start, end, first)}:
            weeks.setdefault(number, []).append(one.state)
    hit = [{month for span in one.spans for month in _months_of(span, months)} for one in here]
    led: dict[int, list[str]] = {}
    for number, found in sorted(weeks.items()):
        block = min(number // LED, WEEKS // LED - 1)
        led.setdefault(block, []).append(_week(place, number, found, first))
    body = [_link(place, block, bars, first) for block, bars in led.items()]
    counted = tuple(
        (
            sum(month in each for each in hit),
            f"{root}?{urlencode([place.query, ('month', month)])}",
        )
        for month in months
    )
    # Safe: numbers, and words and addresses that are escaped.
    drawing = mark_safe(  # noqa: S308
        f'<svg class="heat" aria-hidden="true" width="100%" height="{HEIGHT}">'
        f'<rect class="track" width="100%" height="{HEIGHT}"/>{"".join(body)}</svg>'
    )
    query = urlencode([place.query, ("from", first.isoformat())])
    return Row(place.name, f"{root}?{query}", len(here), drawing, counted)


def _weeks(start: date, end: date, first: date) -> range:
    return range(max(0, (start - first).days // 7), min(WEEKS - 1, (end - first).days // 7) + 1)


def _week(place: HeatmapPlace, number: int, found: Sequence[str], first: date) -> str:
    """`found`: the states of the incidents."""
    monday = first + timedelta(days=7 * number)
    state = min(found, key=labels.TROUBLE.index)
    count = ngettext("%(n)d incident", "%(n)d incidents", len(found)) % {"n": len(found)}
    title = gettext("%(place)s, week of %(day)s: %(count)s") % {
        "place": place.name,
        "day": times.date_name(monday),
        "count": count,
    }
    height = HEIGHTS[state]
    return (
        f'<rect class="bar {state}" x="{number / WEEKS * 100:.2f}%" y="{HEIGHT - height}" '
        f'width="{100 / WEEKS - 0.3:.2f}%" height="{height}"><title>{escape(title)}</title></rect>'
    )


def _link(place: HeatmapPlace, block: int, bars: Sequence[str], first: date) -> str:
    """Around the bars of some weeks: to what was public in these."""
    begin, end = block * LED, WEEKS if block == WEEKS // LED - 1 else (block + 1) * LED
    span = ("from", first + timedelta(weeks=begin)), ("to", first + timedelta(weeks=end, days=-1))
    query = urlencode([place.query, *((name, day.isoformat()) for name, day in span)])
    return (
        f'<a href="{escape(f"{languages.root()}/status/history/?{query}")}" tabindex="-1">'
        f'<rect class="hit" x="{begin / WEEKS * 100:.2f}%" width="{(end - begin) / WEEKS * 100:.2f}%" '
        f'height="{HEIGHT}"/>{"".join(bars)}</a>'
    )


def _months_of(span: tuple[date, date], months: Sequence[str]) -> Iterable[str]:
    first, last = span[0].isoformat()[:7], span[1].isoformat()[:7]
    return (first,) if first == last else (month for month in months if first <= month <= last)


def _months(today: date) -> list[str]:
    """The twelve months up to this one, oldest first."""
    last = today.year * 12 + today.month - 1
    return [f"{n // 12}-{n % 12 + 1:02}" for n in range(last - MONTHS + 1, last + 1)]


def _axis(first: date, today: date) -> SafeString:
    """The names of the months where they begin; every other one is left out where there is little room."""
    marks = []
    for number, month in enumerate(_months(today)):
        begins = (date.fromisoformat(f"{month}-01") - first).days / 7 / WEEKS * 100
        if begins >= 0:
            odd = ' class="odd"' if number % 2 else ""
            marks.append(
                f'<text{odd} x="{begins:.2f}%" y="12">{escape(times.short_month(month))}</text>'
            )
    # Safe: numbers and escaped names.
    return mark_safe(  # noqa: S308
        f'<svg class="heat" aria-hidden="true" width="100%" height="16">{"".join(marks)}</svg>'
    )
