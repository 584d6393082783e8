"""What feeds tell: one entry per public statement and per published review, newest first. Pure.

An entry is JSON-able, as filtered feeds are made from the generation's index:
`id` (a URN), `url`, `title`, its parts `state` (for `labels.said`) and `about`, `at` (ISO 8601 UTC, never
after the snapshot's time), `text`, `html` (sanitised),
`incident` (tracking ID), `stage`, `services` and `regions` ([slug, name] pairs), `geographies` (slugs).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from html import escape
from typing import Any, NamedTuple

from incidents.texts.timestamps import seconds
from incidents.vocabulary import CommunicationKind
from statuspage.public.formats.plain import clean, line
from statuspage.public.formats.statuspage.identity import incident_url, lasting
from statuspage.public.formats.statuspage.incident_timeline import open_states
from statuspage.public.render import history
from statuspage.public.render.headline import open_incidents
from statuspage.public.render.table import labels
from statuspage.public.snapshot.values import (
    CommunicationView,
    IncidentView,
    NamedView,
    ReviewView,
    Snapshot,
)

FeedEntry = dict[str, Any]
KEPT = 300
TITLED = 3  # services, and as many regions, that a title names
LONGEST = 20_000  # characters of one entry's HTML; beyond that its beginning as plain text


class _Told(NamedTuple):
    """`source` None: an incident that is public, of which nothing has been said yet."""

    at: datetime
    number: int
    incident: IncidentView
    source: CommunicationView | ReviewView | None


def newest_entries(
    snapshot: Snapshot, *, base_url: str, site: str, most: int = KEPT
) -> list[FeedEntry]:
    """The newest entries of all public incidents; `base_url` without a slash at its end."""
    told = (one for incident in snapshot.incidents for one in _told(incident, snapshot.as_of))
    newest = heapq.nlargest(
        most, told, key=lambda one: (one.at, one.incident.started_at, one.number)
    )
    where = {one.incident.tracking_id: places(one.incident) for one in newest}
    return [_entry(one, base_url, site) | where[one.incident.tracking_id] for one in newest]


def active_entries(snapshot: Snapshot, *, base_url: str, site: str) -> list[FeedEntry]:
    """Of every incident that is going on the last entry alone, with the places that are hit now, which its title
    begins with, as in Azure's feed: service - region - what is said."""
    found = []
    for incident in open_incidents(snapshot):
        newest = max(_told(incident, snapshot.as_of), key=lambda one: (one.at, one.number))
        entry = _entry(newest, base_url, site) | places(incident)
        if incident.impacts:
            now = open_states(incident, snapshot.as_of)
            services, regions = ({cell[side] for cell in now} for side in (0, 1))
            entry["services"] = [one for one in entry["services"] if one[0] in services]
            entry["regions"] = [one for one in entry["regions"] if one[0] in regions]
        parts = [_first(entry["services"]), _first(entry["regions"]), entry["title"]]
        entry["title"] = " - ".join(filter(None, parts))
        found.append(entry)
    return sorted(found, key=lambda entry: str(entry["at"]), reverse=True)


def _first(places: Sequence[list[str]]) -> str:
    names = [name for _slug, name in places]
    more = f" and {len(names) - TITLED} more" if len(names) > TITLED else ""
    return ", ".join(names[:TITLED]) + more


def _told(incident: IncidentView, now: datetime) -> Iterator[_Told]:
    for said in incident.communications:
        yield _Told(min(said.at, now), said.number, incident, said)
    review = incident.review
    # A version that came with a statement of its own is in the feed by that.
    announced = any(said.kind == CommunicationKind.REVIEW for said in incident.communications)
    if review is not None and not announced:
        at = review.published_at or incident.updated_at
        yield _Told(min(at, now), 1_000_000 + review.version, incident, review)
    elif not incident.communications:
        yield _Told(min(incident.updated_at, now), 0, incident, None)


def _entry(told: _Told, base_url: str, site: str) -> FeedEntry:
    """Without the places of its incident."""
    incident, source = told.incident, told.source
    state, name, anchor = incident.stage, "0", ""
    stage, text, html = incident.stage, "", ""
    if isinstance(source, CommunicationView):
        state, stage = _state(source), source.stage
        name, anchor = str(source.number), f"#update-{source.number}"
        text, html = source.text, source.html
    elif source is not None:
        state = source.kind if source.kind in labels.REVIEWS else "review"
        name = f"review-{source.version}"
        html = "".join(f"<h3>{escape(s.heading)}</h3>{s.html}" for s in source.sections[:1])
        text = history.plain(html)
    text = clean(text).strip() or incident.title
    text, html = clean(text), clean(html) or f"<p>{escape(clean(text))}</p>"
    if len(html) > LONGEST:
        text = text[: LONGEST // 4]
        html = f"<p>{escape(text)} …</p>"
    return {
        "id": lasting(site, f"incident/{incident.tracking_id}/{name}"),
        "url": incident_url(base_url, incident.tracking_id) + anchor,
        "title": line(f"{labels.said(state)}: {incident.title}"),
        "state": state,
        "about": line(incident.title),
        "at": seconds(told.at),
        "text": text,
        "html": html,
        "incident": incident.tracking_id,
        "stage": stage,
    }


def _state(said: CommunicationView) -> str:
    return said.kind if said.kind in labels.SAID else said.stage


def places(incident: IncidentView) -> dict[str, Any]:
    """The part of an entry that filters look at."""
    return {
        "services": _pairs(incident.services),
        "regions": _pairs(incident.regions),
        "geographies": [view.slug for view in incident.geographies],
    }


def _pairs(views: Iterable[NamedView]) -> list[list[str]]:
    return [[view.slug, line(view.name)] for view in views]
