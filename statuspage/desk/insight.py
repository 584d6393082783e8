"""What the screens of insight show: figures in words, and as records of a CSV file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from notifications.evidence.insight import Figures, IncidentFigures
from notifications.evidence.measures import Span
from statuspage.desk.form.durations import in_words

SPANS = ("detected", "told", "public", "mitigated")
COLUMNS = (
    "incidents",
    "untold",
    "under_way",
    *(f"{name}_{part}" for name in SPANS for part in ("count", "median_seconds", "p90_seconds")),
    "promises",
    "promises_kept",
    "longest_silence_seconds",
    "longest_silence_in",
    "reviews_due",
    "reviews_on_time",
    "repair_items_open",
    "repair_items_overdue",
    "receivers_reached",
    "feedback_answers",
    "feedback_useful",
    "feedback_clear",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One month, service or geography in words; a dash where nothing is known."""

    name: str
    figures: Figures
    detected: str
    told: str
    public: str
    mitigated: str
    kept: str
    silence: str
    on_time: str
    feedback: str


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """One incident of a month: how long after impact it was detected, told, public and mitigated."""

    told: IncidentFigures
    detected: str
    first_told: str
    public: str
    mitigated: str


def line(name: str, figures: Figures) -> Line:
    useful = figures.useful
    return Line(
        name,
        figures,
        detected=_median(figures.detected),
        told=_median(figures.told),
        public=_median(figures.public),
        mitigated=_median(figures.mitigated),
        kept=_share(figures.kept_share),
        silence=in_words(figures.silence),
        on_time=_share(figures.on_time_share),
        feedback="–" if useful is None else f"{useful:.1f} of 5",
    )


def incident_line(told: IncidentFigures) -> IncidentLine:
    measure = told.measure
    spans = (measure.to_detected, measure.to_told, measure.to_public, measure.to_mitigated)
    return IncidentLine(told, *map(in_words, spans))


def month_in_words(month: str) -> str:
    """`Nov 2026`, of 2026-11."""
    return f"{date.fromisoformat(f'{month}-01'):%b %Y}"


def months_before(month: str, number: int) -> str:
    """The month so many before; after it, if the number is negative."""
    year, of_year = (int(part) for part in month.split("-"))
    index = year * 12 + of_year - 1 - number
    return f"{index // 12:04}-{index % 12 + 1:02}"


def records(by: str, rows: Iterable[Figures]) -> Iterator[dict[str, Any]]:
    """With the keys of COLUMNS, and the name of the month, service or geography as `by`."""
    for each in rows:
        yield {
            by: each.name,
            "incidents": each.incidents,
            "untold": each.untold,
            "under_way": each.under_way,
            "promises": each.promises,
            "promises_kept": each.kept,
            "longest_silence_seconds": round(each.silence.total_seconds())
            if each.silence
            else None,
            "longest_silence_in": each.silent_in.tracking_id if each.silent_in else None,
            "reviews_due": each.reviews,
            "reviews_on_time": each.reviews_on_time,
            "repair_items_open": each.repairs,
            "repair_items_overdue": each.overdue,
            "receivers_reached": each.receivers,
            "feedback_answers": each.answers,
            "feedback_useful": None if each.useful is None else round(each.useful, 2),
            "feedback_clear": None if each.clear is None else round(each.clear, 2),
            **_seconds(each),
        }


def _seconds(figures: Figures) -> dict[str, int | None]:
    spans: dict[str, Span] = {name: getattr(figures, name) for name in SPANS}
    return {
        f"{name}_{part}": value
        for name, span in spans.items()
        for part, value in span.as_dict().items()
    }


def _median(span: Span) -> str:
    return in_words(None if span.median is None else timedelta(seconds=span.median))


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"
