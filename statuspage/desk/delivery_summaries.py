"""Deliveries of all incidents side by side: what was planned, and how fast it left; as a table and as records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min, QuerySet
from django.db.models.functions import Coalesce, Greatest

from incidents.models import Incident
from notifications.models import DeliveryStatistics
from notifications.models.choices import SKIP_REASONS, STATES
from notifications.vocabulary.delivery_states import State
from statuspage.desk.delivery_statistics import (
    DEFERRED,
    ORIGINS,
    OutcomeTally,
    origins_of,
    tally_of,
)
from statuspage.desk.form.durations import in_words


@dataclass(frozen=True, slots=True)
class Past:
    """One incident in the comparison of all: what was planned, and its time-to-notify from `origin`."""

    incident: Incident
    endpoints: int
    all: OutcomeTally
    half: timedelta | None
    most: timedelta | None

    @property
    def half_words(self) -> str:
        return in_words(self.half)

    @property
    def most_words(self) -> str:
        return in_words(self.most)


def kept() -> QuerySet[DeliveryStatistics]:
    """The incidents that somebody was told of, the newest first; `published` is the first statement's.

    No drills: how fast a drill went says nothing of how fast customers hear.
    """
    published = Min(
        Greatest(
            "incident__communications__at",
            Coalesce(
                "incident__communications__decision__decided_at", "incident__communications__at"
            ),
        )
    )
    return (
        DeliveryStatistics.objects.filter(
            communication__isnull=True, planned__gt=0, incident__drill=False
        )
        .select_related("incident")
        .annotate(published=published)
        .order_by("-incident__started_at", "-id")
    )


def past_of(rows: Sequence[DeliveryStatistics], origin: str) -> list[Past]:
    found = []
    for row in rows:
        published: datetime = row.published  # type: ignore[attr-defined]  # annotated by kept
        since = origins_of(row.incident, published)[origin]
        found.append(
            Past(
                row.incident,
                row.endpoints,
                tally_of(row.counts.values()),
                row.half_at - since if row.half_at and since else None,
                row.most_at - since if row.most_at and since else None,
            )
        )
    return found


SUMMARY_COLUMNS = (
    "tracking_id",
    "update",
    "stage",
    "kind",
    "published_at",
    "planned",
    *(word for word, _ in STATES if word != State.SKIPPED),
    *(f"pending_{word}" for word in DEFERRED),
    *(f"skipped_{word}" for word, _ in SKIP_REASONS),
    "endpoints_told",
    "first_sent_at",
    "last_sent_at",
    *(f"{share}_seconds_from_{origin}" for origin in ORIGINS for share in ("p50", "p95")),
)


def summary_records() -> Iterator[dict[str, Any]]:
    """Every kept count as a record with SUMMARY_COLUMNS: a line a statement, and one a whole incident.

    Drills are left out, as everywhere where incidents are compared.
    """
    rows = (
        DeliveryStatistics.objects.filter(incident__drill=False)
        .select_related("incident", "communication__decision")
        .order_by("incident_id", "communication_id")
        .iterator(chunk_size=500)
    )
    first: dict[int, datetime] = {}
    for row in rows:
        said = row.communication
        published: datetime | None
        if said is not None:
            published = max(said.at, said.decision.decided_at if said.decision else said.at)
            first.setdefault(row.incident_id, published)
        else:  # the whole incident comes after its statements: nulls are the last
            published = first.get(row.incident_id)
        counts: dict[str, int] = {}
        for by in row.counts.values():
            for key, number in by.items():
                column = key.replace(":", "_")
                counts[column] = counts.get(column, 0) + number
        yield {
            "tracking_id": row.incident.tracking_id,
            "update": said.number if said else "all",
            "stage": said.stage if said else "",
            "kind": said.kind if said else "",
            "published_at": _iso(published),
            "planned": row.planned,
            "endpoints_told": row.endpoints,
            "first_sent_at": _iso(row.first_at),
            "last_sent_at": _iso(row.last_at),
            **counts,
            **_seconds(row, published),
        }


def _seconds(row: DeliveryStatistics, published: datetime | None) -> dict[str, int]:
    found = {}
    for origin, since in origins_of(row.incident, published).items():
        for share, at in (("p50", row.half_at), ("p95", row.most_at)):
            if at and since:
                found[f"{share}_seconds_from_{origin}"] = round((at - since).total_seconds())
    return found


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
