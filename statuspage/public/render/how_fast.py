"""How fast we tell, by quarter, as an operator published it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext

from statuspage.public.render import times
from statuspage.public.snapshot.values import FiguresView


@dataclass(frozen=True, slots=True)
class Quarter:
    """`spans`: (what, half of them within, nine of ten within, of how many), in words."""

    name: str
    incidents: int
    untold: int
    spans: tuple[tuple[str, str, str, int], ...]
    promises: int
    kept: int


def quarters(figures: FiguresView) -> list[Quarter]:
    """The newest first."""
    return [_quarter(row) for row in figures.document["quarters"]]


def _quarter(row: Mapping[str, Any]) -> Quarter:
    year, _, number = row["quarter"].partition("-Q")
    names = {
        "impact_to_told": gettext("From the beginning to those affected"),
        "detection_to_told": gettext("From detection to those affected"),
        "told_to_public": gettext("From those affected to everybody"),
    }
    spans = tuple(
        (
            name,
            _words(row[key]["median_seconds"]),
            _words(row[key]["p90_seconds"]),
            row[key]["count"],
        )
        for key, name in names.items()
        if row[key]["count"]
    )
    return Quarter(
        name=gettext("Quarter %(number)s of %(year)s") % {"number": number, "year": year},
        incidents=row["incidents"],
        untold=row["untold"],
        spans=spans,
        promises=row["promises"],
        kept=row["promises_kept"],
    )


def _words(seconds: int) -> str:
    return times.length(timedelta(seconds=seconds))
