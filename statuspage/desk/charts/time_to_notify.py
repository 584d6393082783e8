"""Time-to-notify of many incidents as a drawing: when along, how long upwards. Pure.

The scale upwards is logarithmic, from a second on: seconds matter as much as hours do. Classes and
presentation attributes only; the table below says the same in words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from statuspage.desk.form.durations import in_words

HEIGHT, TOP, BOTTOM = 240, 12, 28  # pixels
LINES = tuple(timedelta(seconds=s) for s in (1, 10, 60, 600, 3600, 6 * 3600, 86_400, 7 * 86_400))
LEFT = 8.0  # percent; the scale's letters stand there
MARGIN = 11.0  # percent at both ends, so that no letter is cut off on a phone
MOST_TICKS = 3


@dataclass(frozen=True, slots=True)
class Mark:
    """An incident: a line from p50 (a dot) to p95 (a bar). `x` in percent, the others in pixels."""

    x: str
    half: float
    most: float
    words: str


@dataclass(frozen=True, slots=True)
class Rule:
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    x: str
    text: str


@dataclass(frozen=True, slots=True)
class NotifyPlot:
    marks: list[Mark]
    rules: list[Rule]
    ticks: list[Tick]
    height: int
    axis: int


def notify_plot(
    points: Sequence[tuple[datetime, timedelta, timedelta, str]],
) -> NotifyPlot | None:
    """`points`: (when, p50, p95, name) of each incident; None when there is nothing to draw."""
    if not points:
        return None
    longest = max(most for _, _, most, _ in points)
    rules = [line for line in LINES if line <= longest] or [LINES[0]]
    beyond = [line for line in LINES if line > longest]
    top = beyond[0] if beyond else longest
    rules.append(top)
    axis = HEIGHT - BOTTOM
    reach = math.log(max(top.total_seconds(), 10.0))
    first, last = min(p[0] for p in points), max(p[0] for p in points)

    def y(span: timedelta) -> float:
        share = math.log(max(span.total_seconds(), 1.0)) / reach
        return round(axis - min(share, 1.0) * (axis - TOP), 1)

    def x(at: datetime) -> str:
        share = (at - first) / (last - first) if last > first else 0.5
        return f"{LEFT + MARGIN + share * (100 - LEFT - 2 * MARGIN):.2f}%"

    return NotifyPlot(
        marks=[
            Mark(x(at), y(half), y(most), f"{name}: p50 {in_words(half)}, p95 {in_words(most)}")
            for at, half, most, name in points
        ],
        rules=[Rule(y(line), in_words(line)) for line in dict.fromkeys(rules)],
        ticks=[Tick(x(at), f"{at.day} {at:%b %Y}") for at in _days(first, last)],
        height=HEIGHT,
        axis=axis,
    )


def _days(first: datetime, last: datetime) -> list[datetime]:
    if first.date() == last.date():
        return [first]
    return [first + (last - first) * step / (MOST_TICKS - 1) for step in range(MOST_TICKS)]
