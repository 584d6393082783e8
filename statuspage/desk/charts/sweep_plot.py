"""What one number of a policy does: a line for each count over its values. Pure; the table beside says the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 40, 12, 12, 28
LINES = (("public", "public"), ("false_public", "needlessly"), ("missed_public", "missed"))


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    kind: str
    points: str  # of a polyline, in units of the drawing
    ends_at: tuple[float, float]


@dataclass(frozen=True, slots=True)
class SweepPlot:
    """`xs`: (position, value) along the bottom; `ys`: (position, count) at the side."""

    lines: list[Line]
    xs: list[tuple[float, str]]
    ys: list[tuple[float, int]]


def sweep_plot(tallies: Sequence[tuple[str, Mapping[str, Any]]]) -> SweepPlot | None:
    """Of (value, counts) in order; None for fewer than two, which make no line."""
    if len(tallies) < 2:
        return None
    most = max(max(counts[key] for _, counts in tallies) for key, _ in LINES) or 1
    step = (WIDTH - LEFT - RIGHT) / (len(tallies) - 1)

    def y(count: int) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - count / most), 1)

    xs = [(round(LEFT + index * step, 1), value) for index, (value, _) in enumerate(tallies)]
    lines = []
    for key, name in LINES:
        points = [(x, y(counts[key])) for (x, _), (_, counts) in zip(xs, tallies, strict=True)]
        drawn = " ".join(f"{x},{height}" for x, height in points)
        lines.append(Line(name, key, drawn, points[-1]))
    every = max(1, len(xs) // 12)
    return SweepPlot(lines, xs[::every], [(y(count), count) for count in (0, most // 2, most)])
