"""Google's shape: the incidents of all products in one list, its schema, and the products. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from incidents.status_mapping import GOOD, shown
from incidents.vocabulary import Kind, Role, Stage
from statuspage.public.formats.plain import clean, dump, line
from statuspage.public.formats.statuspage.identity import number
from statuspage.public.formats.statuspage.incident_timeline import (
    OVER,
    TimelineEvent,
    open_states,
    sentence,
    timeline_events,
)
from statuspage.public.render.history import plain
from statuspage.public.render.page import JSON, Page
from statuspage.public.snapshot.values import IncidentView, NamedView, Snapshot

Row = dict[str, Any]
NEWEST = 200
MAX_AGE, RARELY = 10, 3600
SCHEMA = Path(__file__).with_name("incidents.schema.json")
GRAVITY = ("AVAILABLE", "SERVICE_INFORMATION", "SERVICE_DISRUPTION", "SERVICE_OUTAGE")
SEVERITY = {
    "AVAILABLE": "low",
    "SERVICE_INFORMATION": "low",
    "SERVICE_DISRUPTION": "medium",
    "SERVICE_OUTAGE": "high",
}
SEVERAL = {"title": "Multiple Products", "id": "multiple-products"}


def pages(snapshot: Snapshot) -> dict[str, Page]:
    """URL path -> page, for the three addresses."""
    products = [
        {"title": line(service.name), "id": service.slug}
        for category in snapshot.categories
        for service in category.services
    ]
    return {
        "/incidents.json": Page(dump(incidents(snapshot)), JSON, max_age=MAX_AGE),
        "/incidents.schema.json": Page(
            SCHEMA.read_bytes(), "application/schema+json; charset=utf-8", max_age=RARELY
        ),
        "/products.json": Page(dump({"products": products}), JSON, max_age=RARELY),
    }


def incidents(snapshot: Snapshot) -> list[Row]:
    """Newest first: the newest, and whatever is still open. Maintenance from its beginning on."""
    everywhere = snapshot.non_regional.slug if snapshot.non_regional else ""
    return [
        _incident(part, name, snapshot.as_of, everywhere)
        for position, one in enumerate(snapshot.incidents)
        if (position < NEWEST or one.active)
        and (
            one.kind != Kind.PLANNED_MAINTENANCE or one.stage in (Stage.IN_PROGRESS, Stage.COMPLETE)
        )
        for name, part in _parts(one, snapshot.as_of)
    ]


def _parts(incident: IncidentView, now: datetime) -> list[tuple[str, IncidentView]]:
    """(id, what is told under it): one for each service, unless all are hit in the same regions.

    Whoever reads products and locations takes every product for hit in every location. The first one keeps
    the tracking ID, so that it goes on when a second service is hit elsewhere.
    """
    ever, hit = defaultdict(set), defaultdict(set)
    for impact in incident.impacts:
        ever[impact.service.slug].add(impact.region.slug)
    for service, region in open_states(incident, now):
        hit[service].add(region)
    shapes = {(frozenset(regions), frozenset(hit[service])) for service, regions in ever.items()}
    if len(shapes) < 2:
        return [(incident.tracking_id, incident)]
    first, *others = ever
    named = [(incident.tracking_id, first)]
    named += [(f"{incident.tracking_id}.{service}", service) for service in others]
    return [(name, _of_service(incident, service)) for name, service in named]


def _of_service(incident: IncidentView, service: str) -> IncidentView:
    impacts = tuple(one for one in incident.impacts if one.service.slug == service)
    regions = {one.region.slug: one.region for one in impacts}
    ends = [one.end for one in impacts if one.end is not None]
    return replace(
        incident,
        impacts=impacts,
        windows=(),
        services=(impacts[0].service,),
        regions=tuple(regions.values()),
        geographies=(),
        started_at=min(one.start for one in impacts),
        ended_at=max(ends) if len(ends) == len(impacts) else None,
    )


def _incident(incident: IncidentView, name: str, now: datetime, everywhere: str) -> Row:
    told = timeline_events(incident, now)
    updates = [_update(incident, one, everywhere) for one in reversed(told)]
    if not updates or (incident.review is not None and not incident.communications):
        updates.insert(0, _last_word(incident, now))
    current, former = _places(incident, now)
    ended = _end(incident)
    impact = _impact(incident)
    products = [
        {"title": line(one.name), "id": one.slug}
        for one in incident.services
        if one.role == Role.IMPACTED
    ]
    only = products[0] if len(products) == 1 else SEVERAL
    return {
        "id": name,
        "number": number("incident", name),
        "begin": _time(incident.started_at),
        "created": min(one["created"] for one in updates),
        "end": _time(ended) if ended else None,
        "modified": _time(min(incident.updated_at, now)),
        "external_desc": line(incident.title),
        "updates": updates,
        "most_recent_update": updates[0],
        "status_impact": impact,
        "severity": SEVERITY[impact],
        "service_key": only["id"],
        "service_name": only["title"],
        "affected_products": products,
        "uri": f"status/history/{incident.tracking_id}/",
        "currently_affected_locations": [_location(one, everywhere) for one in current],
        "previously_affected_locations": [_location(one, everywhere) for one in former],
    }


def _last_word(incident: IncidentView, now: datetime) -> Row:
    """For an incident without statements: the beginning of its review, or its title."""
    review = incident.review
    text = plain(review.sections[0].html) if review and review.sections else incident.title
    at = min((review.published_at if review else None) or incident.updated_at, now)
    status = GOOD.google if _end(incident) else _impact(incident)
    return _row(at, text, status, [])


def _update(incident: IncidentView, moment: TimelineEvent, everywhere: str) -> Row:
    """Where a text names places without cells, they count until it says that all is over."""
    if incident.impacts:
        states = [state.google for state in moment.after.values()]
        status = max(states, key=GRAVITY.index, default=GOOD.google)
        hit = {region for _service, region in moment.after}
        regions = {i.region.slug: i.region for i in incident.impacts if i.region.slug in hit}
        places = [_location(one, everywhere) for one in regions.values()]
    elif moment.stage in OVER:
        status, places = GOOD.google, []
    else:
        status = _impact(incident)
        named = (*incident.regions, *incident.geographies)
        places = [_location(one, everywhere) for one in named if one.role == Role.IMPACTED]
    text = moment.said.text if moment.said else sentence(incident, moment)
    return _row(moment.at, text, status, places)


def _row(at: datetime, text: str, status: str, places: list[dict[str, str]]) -> Row:
    when = _time(at)
    return {
        "created": when,
        "modified": when,
        "when": when,
        "text": clean(text),
        "status": status,
        "affected_locations": places,
    }


def _places(incident: IncidentView, now: datetime) -> tuple[list[NamedView], list[NamedView]]:
    """What is affected now, and what was."""
    named = [one for one in (*incident.regions, *incident.geographies) if one.role == Role.IMPACTED]
    if incident.impacts:
        hit = {region for _service, region in open_states(incident, now)}
    else:
        hit = set() if _end(incident) else {one.slug for one in named}
    return [one for one in named if one.slug in hit], [one for one in named if one.slug not in hit]


def _end(incident: IncidentView) -> datetime | None:
    """None while it is going on."""
    if incident.ended_at is not None:
        return incident.ended_at
    return None if incident.active else incident.updated_at


def _impact(incident: IncidentView) -> str:
    """The worst of its cells over its whole life, or what its level alone says."""
    states = [shown(incident.kind, one.level, one.extent).google for one in incident.impacts]
    states = states or [shown(incident.kind, incident.level, "subset").google]
    return max(states, key=GRAVITY.index)


def _location(view: NamedView, everywhere: str) -> dict[str, str]:
    title = view.name if view.slug == everywhere else f"{view.name} ({view.slug})"
    return {"title": line(title), "id": view.slug}


@lru_cache(maxsize=4096)  # each service of an incident is told the same statements
def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
