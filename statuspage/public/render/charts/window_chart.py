"""Windows of an incident drawn as SVG: percentages along, pixels down, so that letters keep their size.

Classes and presentation attributes only: a strict policy allows no inline style.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import gettext

from statuspage.public.render import times

STEPS = tuple(timedelta(minutes=m) for m in (5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880))
MOST_TICKS = 5
ROW, UNNAMED, BAR, TOP, BOTTOM = 36, 20, 10, 4, 24
BELOW, RADIUS = 40, 12  # of the numbered marks: from the end of the axis' words, and their size
MOST_NUMBERED = 12  # beyond, marks are points
ROOM = 7.0  # percent that half of a time or day below the axis takes on a phone
LONGEST_NAME = 48  # letters of a name below the drawing


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of which the page says more at `href`; `name` says it in few words."""

    at: datetime
    number: int
    href: str
    name: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One span; `end` None while it is going on (drawn up to the end of the axis).

    Bars of the same name that follow each other share a row; without a name each has its own.
    """

    name: str
    state: str
    start: datetime
    end: datetime | None


def draw(bars: Sequence[Bar], marks: Sequence[Mark], now: datetime, label: str) -> SafeString:
    """An SVG with one row per bar, ticks of time below, and below them `marks` that lead to what they stand for,
    and a list that names them.

    `label` is the text alternative. All times UTC.
    """
    last = max([bar.end or now for bar in bars])
    first = min(bar.start for bar in bars)
    margin = max((last - first) / 16, timedelta(minutes=4))
    left, right = first - margin, last + margin
    rows = [bars[0], *(bar for before, bar in pairwise(bars) if not _together(before, bar))]
    axis = TOP + sum(ROW if bar.name else UNNAMED for bar in rows)

    def x(moment: datetime) -> str:
        return f"{max(0.0, min(1.0, (moment - left) / (right - left))) * 100:.2f}%"

    body = [_tick(tick, (tick - left) / (right - left) * 100, axis) for tick in ticks(left, right)]
    y, before = TOP, None
    for bar in bars:
        opens = before is None or not _together(before, bar)
        before = bar
        if opens:
            y += ROW if bar.name else UNNAMED
        top = y - BAR - 6
        if opens and bar.name:
            body.append(f'<text class="row" x="0" y="{top - 6}">{escape(bar.name)}</text>')
        if opens:
            body.append(f'<rect class="track" x="0" y="{top}" width="100%" height="{BAR}"/>')
        start, end = bar.start, bar.end or right
        width = f"{max((end - start) / (right - left) * 100, 0.4):.2f}%"
        body.append(
            f'<rect class="bar {bar.state}" x="{x(start)}" y="{top}" width="{width}" height="{BAR}">'
            f"<title>{escape(_span(bar))}</title></rect>"
        )
    inside = [mark for mark in marks if left <= mark.at <= right]
    numbered = len(inside) <= MOST_NUMBERED
    places = apart([(mark.at - left) / (right - left) * 100 for mark in inside]) if numbered else []
    for number, mark in enumerate(inside):
        place = f"{places[number]:.2f}%" if numbered else x(mark.at)
        body.append(_marked(mark, x(mark.at), place, axis, numbered=numbered))
    height = axis + BOTTOM + (BELOW if inside and numbered else 0)
    # With links in it, it is no single image.
    role = "group" if inside else "img"
    listed = "".join(map(_named, inside)) if numbered else ""
    below = f'<ol class="marked">{listed}</ol>' if listed else ""
    # Safe: names and label are escaped, everything else is numbers and our own words.
    return mark_safe(  # noqa: S308
        f'<svg class="drawing" role="{role}" aria-label="{escape(label)}" width="100%" height="{height}">'
        f"{''.join(body)}</svg>{below}"
    )


def _named(mark: Mark) -> str:
    """What a number stands for, below the drawing."""
    name = escape(Truncator(mark.name).chars(LONGEST_NAME))
    return (
        f'<li><a href="{escape(mark.href)}"><b>{mark.number}</b>'
        f" {times.element(mark.at, times.clock(mark.at))} {name}</a></li>"
    )


def _marked(mark: Mark, at: str, place: str, axis: int, *, numbered: bool) -> str:
    """A point on the axis, and its number below with a line between them where it had to make room."""
    words = escape(f"{times.clock(mark.at)} – {mark.name}")
    point = f'<circle class="mark" cx="{at}" cy="{axis}" r="3"/>'
    if numbered:
        y = axis + BOTTOM + BELOW - RADIUS - 3
        point += (
            f'<line class="leads" x1="{at}" x2="{place}" y1="{axis + BOTTOM - 2}" y2="{y - RADIUS}"/>'
            f'<circle class="number" cx="{place}" cy="{y}" r="{RADIUS}"/>'
            f'<text class="number" x="{place}" y="{y + 4}" text-anchor="middle">{mark.number}</text>'
        )
    # The list below is the way of the keyboard, where there is one.
    stop = ' tabindex="-1"' if numbered else ""
    return f'<a href="{escape(mark.href)}"{stop} aria-label="{words}"><title>{words}</title>{point}</a>'


def apart(places: Sequence[float], nearest: float = 7.0, edge: float = 3.0) -> list[float]:
    """Percent along a line, in order: never nearer to each other than `nearest`, nor to an end than `edge`."""
    room = 100 - 2 * edge
    nearest = min(nearest, room / max(1, len(places) - 1))
    found: list[float] = []
    for number, place in enumerate(places):
        least = found[-1] + nearest if found else edge
        most = 100 - edge - nearest * (len(places) - 1 - number)
        found.append(min(max(place, least), most))
    return found


def _together(before: Bar, bar: Bar) -> bool:
    return bool(bar.name) and bar.name == before.name


def _span(bar: Bar) -> str:
    if bar.end is None:
        return gettext("since %(start)s, still going on") % {"start": times.clock(bar.start)}
    return gettext("%(start)s to %(end)s, %(length)s") % {
        "start": times.clock(bar.start),
        "end": times.near(bar.end, bar.start),
        "length": times.length(bar.end - bar.start),
    }


def ticks(left: datetime, right: datetime) -> list[datetime]:
    """Round points in time strictly inside, at most a handful."""
    span = right - left
    step = next((one for one in STEPS if span / one <= MOST_TICKS), span / 2)
    midnight = left.replace(hour=0, minute=0, second=0, microsecond=0)
    count = int((left - midnight) / step) + 1
    found = []
    while (moment := midnight + count * step) < right:
        found.append(moment)
        count += 1
    return found


def _tick(moment: datetime, place: float, axis: int) -> str:
    """A line, and its time below: in its middle, but where that would not fit on a phone beside it."""
    x, day = f"{place:.2f}%", moment.hour == 0 and moment.minute == 0
    anchor = "start" if place < ROOM else "end" if place > 100 - ROOM else "middle"
    text = times.short_day(moment) if day else f"{moment:%H:%M}"
    return (
        f'<line class="tick" x1="{x}" x2="{x}" y1="0" y2="{axis + 4}"/>'
        f'<text class="time" x="{x}" y="{axis + 18}" text-anchor="{anchor}">{text}</text>'
    )
