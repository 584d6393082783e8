"""A replay and a backtest as drawings: percentages along, so that letters keep their size. Pure.

The templates turn them into SVG with classes and presentation attributes only; the table beside
each says the same in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from incidents.replay.replay import Replay
from statuspage.public.render.charts.window_chart import ticks

NARROWEST = 0.4  # percent; a moment is to be seen, too
LETTERED = 22.0  # percent; from here on a word fits into a segment on a phone
EDGE = 6.0  # percent; nearer to it half a label would be cut off
TAIL = 1 / 12  # of the span, so that the last state has some length


@dataclass(frozen=True, slots=True)
class Segment:
    """`state`: public, targeted or withdrawn; `x` and `width` as SVG percentages."""

    state: str
    x: str
    width: str
    lettered: bool


@dataclass(frozen=True, slots=True)
class Tick:
    x: str
    text: str


@dataclass(frozen=True, slots=True)
class TimePlot:
    """Two lanes over one axis. `gained`: between our post at the latest and the real one."""

    decided: list[Segment]
    really: list[Segment]
    ticks: list[Tick]
    gained: Segment | None


@dataclass(frozen=True, slots=True)
class ReplayBar:
    name: str
    value: int | None
    width: str


def time_plot(result: Replay) -> TimePlot:
    """What was decided and what was really said, from the first moment to a little after the last."""
    moments = [step.point.at for step in result.steps]
    extra = [at for at in (result.public_at, result.really_public_at) if at]
    first, last = min(moments + extra), max(moments + extra)
    end = last + (last - first) * TAIL

    def x(at: datetime) -> float:
        return (at - first) / (end - first) * 100 if end > first else 0.0

    def lane(states: Iterable[tuple[datetime, str]]) -> list[Segment]:
        rows = list(_changes(states))
        ends = [*(at for at, _ in rows[1:]), end][: len(rows)]
        return [
            _segment(state, x(at), x(until) if end > first else 100.0)
            for (at, state), until in zip(rows, ends, strict=True)
        ]

    decided = (
        (step.point.at, "public" if step.explanation.verdict.public else "targeted")
        for step in result.steps
    )
    ours, theirs = result.public_at, result.really_public_at
    return TimePlot(
        decided=lane(decided),
        really=lane(_really(result)),
        ticks=[
            Tick(f"{x(at):.2f}%", _label(at))
            for at in (ticks(first, end) if end > first else ())
            if EDGE <= x(at) <= 100 - EDGE
        ],
        gained=_segment("gained", x(ours), x(theirs))
        if ours and theirs and ours < theirs
        else None,
    )


def bars(values: Sequence[tuple[str, int | None]], most: int) -> list[ReplayBar]:
    """Bars whose lengths compare; `most` fills the width, None has no length."""
    return [
        ReplayBar(name, value, f"{(value or 0) / most * 100 if most else 0:.2f}%")
        for name, value in values
    ]


def _really(result: Replay) -> Iterable[tuple[datetime, str]]:
    """Nothing recorded at a moment means: as before. A post recorded by itself counts, too."""
    said = [(step.point.at, step.point.really) for step in result.steps]
    if result.really_public_at:
        said.append((result.really_public_at, "public"))
    return sorted((at, state) for at, state in said if state)


def _changes(states: Iterable[tuple[datetime, str]]) -> Iterable[tuple[datetime, str]]:
    before = ""
    for at, state in states:
        if state != before:
            yield at, state
        before = state


def _segment(state: str, start: float, end: float) -> Segment:
    width = max(end - start, NARROWEST)
    return Segment(state, f"{start:.2f}%", f"{width:.2f}%", lettered=width >= LETTERED)


def _label(at: datetime) -> str:
    return f"{at.day} {at:%b}" if at.hour == 0 and at.minute == 0 else f"{at:%H:%M}"
