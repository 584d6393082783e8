"""Incidents as JSON-able rows, with all that Statuspage's documents tell of them: views are made on request. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from statuspage.public.snapshot.values import (
    CommunicationView,
    ImpactView,
    IncidentView,
    NamedView,
    ReviewView,
    SectionView,
    WindowView,
)

Packed = dict[str, Any]


def pack(incident: IncidentView) -> Packed:
    review = incident.review
    return {
        "id": incident.tracking_id,
        "kind": incident.kind,
        "level": incident.level,
        "title": incident.title,
        "stage": incident.stage,
        "active": incident.active,
        "times": [_time(at) for at in _times(incident)],
        "backfilled": incident.backfilled,
        "windows": [[_time(one.start), _time(one.end)] for one in incident.windows],
        "impacts": [
            [
                [one.service.slug, one.service.name],
                [one.region.slug, one.region.name],
                one.extent,
                one.level,
                _time(one.start),
                _time(one.end),
            ]
            for one in incident.impacts
        ],
        "named": [
            [[one.slug, one.name, one.role] for one in views]
            for views in (incident.services, incident.regions, incident.geographies)
        ],
        "said": [
            [one.number, one.kind, one.stage, _time(one.at), one.html, one.text, one.announced]
            for one in incident.communications
        ],
        "review": review
        and [
            review.kind,
            review.version,
            _time(review.published_at),
            [[one.heading, one.html] for one in review.sections],
        ],
    }


def unpack(row: Packed) -> IncidentView:
    """As far as it was packed."""
    started, ended, updated, begin, until = (_moment(at) for at in row["times"])
    services, regions, geographies = (
        tuple(NamedView(*one) for one in views) for views in row["named"]
    )
    assert started is not None  # noqa: S101  (for the type checker: every incident has both)
    assert updated is not None  # noqa: S101
    return IncidentView(
        tracking_id=row["id"],
        kind=row["kind"],
        level=row["level"],
        title=row["title"],
        stage=row["stage"],
        active=row["active"],
        started_at=started,
        ended_at=ended,
        updated_at=updated,
        scenario=None,
        note="",
        windows=tuple(WindowView("", *_span(one)) for one in row["windows"]),
        impacts=tuple(_impacts(row["impacts"])),
        services=services,
        regions=regions,
        geographies=geographies,
        communications=tuple(_said(row["said"])),
        review=_review(row["review"]),
        scheduled_for=begin,
        scheduled_until=until,
        backfilled=row["backfilled"],
    )


def _times(incident: IncidentView) -> tuple[datetime | None, ...]:
    return (
        incident.started_at,
        incident.ended_at,
        incident.updated_at,
        incident.scheduled_for,
        incident.scheduled_until,
    )


def _impacts(rows: Iterable[Sequence[Any]]) -> Iterable[ImpactView]:
    for service, region, extent, level, *span in rows:
        places = NamedView(*service), NamedView(*region)
        yield ImpactView(*places, (), extent, level, *_span(span))


def _said(rows: Iterable[Sequence[Any]]) -> Iterable[CommunicationView]:
    for number, kind, stage, at, html, text, announced in rows:
        when = datetime.fromisoformat(at)
        yield CommunicationView(number, kind, stage, when, html, text, "", announced=announced)


def _review(row: Sequence[Any] | None) -> ReviewView | None:
    if row is None:
        return None
    kind, version, published, sections = row
    told = tuple(SectionView("", heading, html) for heading, html in sections)
    return ReviewView(kind, version, _moment(published), told, (), (), "", "")


def _span(pair: Sequence[str | None]) -> tuple[datetime, datetime | None]:
    start, end = pair
    return datetime.fromisoformat(str(start)), _moment(end)


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _moment(at: str | None) -> datetime | None:
    return datetime.fromisoformat(at) if at else None
