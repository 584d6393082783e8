"""Figures of months, services or geographies as rows of bars, each chart on a scale of its own. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from notifications.evidence.insight import Figures
from notifications.evidence.measures import Span
from statuspage.desk.form.durations import in_words

ROW, LETTERS, BAR = 34, 14, 20  # pixels: one row; in it the base line of its words, and its bar


@dataclass(frozen=True, slots=True)
class ChartRow:
    """`width`: as an SVG percentage, empty where there is no figure. `y`: of the row, `bar`: of its bar."""

    name: str
    words: str
    width: str
    y: int
    bar: int


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    rows: list[ChartRow]

    @property
    def height(self) -> int:
        return ROW * len(self.rows)


def charts(figures: Sequence[Figures], name: Callable[[str], str]) -> list[Chart]:
    """One chart for each measure that has a figure at all. `name`: what a row is called."""
    found = [
        ("Detected: median from impact", lambda each: _span(each.detected)),
        ("First told: median from impact", lambda each: _span(each.told)),
        ("Public: median from impact", lambda each: _span(each.public)),
        ("Mitigated: median from impact", lambda each: _span(each.mitigated)),
        ("Promises kept", lambda each: _share(each.kept, each.promises)),
        ("Longest silence", lambda each: _time(each.silence)),
        ("Reviews on time", lambda each: _share(each.reviews_on_time, each.reviews)),
        ("Receivers reached", lambda each: _number(each.receivers)),
    ]
    drawn = [_chart(title, figures, of, name) for title, of in found]
    return [chart for chart in drawn if any(row.width for row in chart.rows)]


# How much, in words, and what fills the whole width where that is not the largest of the chart.
Value = tuple[float, str, float | None] | None


def _chart(
    title: str,
    figures: Sequence[Figures],
    of: Callable[[Figures], Value],
    name: Callable[[str], str],
) -> Chart:
    values = [of(each) for each in figures]
    most = max((value[2] or value[0] for value in values if value), default=0)
    rows = []
    for index, (each, value) in enumerate(zip(figures, values, strict=True)):
        width = f"{value[0] / most * 100 if most else 0:.2f}%" if value else ""
        y = index * ROW
        rows.append(
            ChartRow(name(each.name), value[1] if value else "–", width, y + LETTERS, y + BAR)
        )
    return Chart(title, rows)


def _span(span: Span) -> Value:
    return None if span.median is None else _time(timedelta(seconds=span.median))


def _time(span: timedelta | None) -> Value:
    return None if span is None else (max(span.total_seconds(), 0), in_words(span), None)


def _share(part: int, whole: int) -> Value:
    if not whole:
        return None
    return part / whole, f"{part / whole:.0%} ({part} of {whole})", 1.0


def _number(number: int) -> Value:
    return (number, f"{number:,}", None) if number else None
