"""Planned maintenance as a calendar (RFC 5545, RFC 7986), out of JSON-able events. Pure.

An event has `uid`, `sequence`, `cancelled`, `start`, `end` (None: open), `updated`, `created` (ISO 8601 UTC),
`title`, `text`, `url`, and what filters look at. Cancelled ones stay: else a subscriber's calendar would
keep them as if they were still to come.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from icalendar import Calendar, Event, Timezone, TimezoneStandard

from incidents.texts.timestamps import seconds
from incidents.vocabulary import Kind, Stage
from statuspage.public.formats.feed.feed_entries import places
from statuspage.public.formats.feed.feeds import FeedChannel
from statuspage.public.formats.plain import clean, line, parse
from statuspage.public.formats.statuspage.identity import incident_url
from statuspage.public.render import maintenance_plan
from statuspage.public.render.page import Page
from statuspage.public.snapshot.values import IncidentView, Snapshot

KEPT = 300
MAX_AGE = 300
REFRESH = timedelta(minutes=15)
TEXT_LENGTH = 4000


def events(snapshot: Snapshot, *, base_url: str, site: str) -> list[dict[str, Any]]:
    """The newest planned maintenances, whatever became of them."""
    planned = (one for one in snapshot.incidents if one.kind == Kind.PLANNED_MAINTENANCE)
    return [_event(one, snapshot.as_of, base_url, site) for one in islice(planned, KEPT)]


def _event(incident: IncidentView, now: datetime, base_url: str, site: str) -> dict[str, Any]:
    start = incident.scheduled_for or incident.started_at
    end = incident.scheduled_until or incident.ended_at
    if incident.stage == Stage.COMPLETE and incident.ended_at:
        start, end = incident.started_at, incident.ended_at  # as it was, not as it was planned
    said = incident.communications[0].text if incident.communications else ""
    first = min((c.at for c in incident.communications), default=incident.started_at)
    updated = min(incident.updated_at, now)
    return {
        "uid": f"{incident.tracking_id}@{site}",
        "incident": incident.tracking_id,
        "sequence": len(incident.communications),
        "cancelled": incident.stage == Stage.CANCELLED,
        "start": seconds(start),
        # RFC 5545, 3.8.2.2: an end has to lie after the start.
        "end": seconds(end) if end and end > start else None,
        "updated": seconds(updated),
        "created": seconds(min(first, updated)),
        "title": line(incident.title),
        "text": clean(f"{maintenance_plan.in_words(incident, now)}\n\n{said}".strip())[
            :TEXT_LENGTH
        ],
        "url": incident_url(base_url, incident.tracking_id),
        **places(incident),
    }


def calendar(channel: FeedChannel, chosen: Sequence[dict[str, Any]]) -> Page:
    """`chosen`: what `events` returned, or some of it. The calendar says when it was made."""
    cal = Calendar()
    cal.add("prodid", "-//statuspage//maintenance//EN")
    cal.add("version", "2.0")
    cal.add("name", channel.title)
    cal.add("x-wr-calname", channel.title)
    cal.add("last-modified", channel.as_of)
    cal.add("refresh-interval", REFRESH, {"value": "DURATION"})
    # An unknown name takes text as it is: the same span, for readers older than RFC 7986.
    cal.add("x-published-ttl", "PT15M")
    cal.add("url", channel.home)
    cal.add_component(_utc())
    for one in chosen:
        cal.add_component(_vevent(one))
    return Page(cal.to_ical(), "text/calendar; charset=utf-8", max_age=MAX_AGE)


def _utc() -> Timezone:
    """RFC 5545 (3.6) wants at least one component in a calendar; this one is there without any event."""
    zone, standard = Timezone(), TimezoneStandard()
    zone.add("tzid", "Etc/UTC")
    standard.add("dtstart", datetime(1970, 1, 1))  # noqa: DTZ001  (local time, by 3.6.5)
    standard.add("tzoffsetfrom", timedelta())
    standard.add("tzoffsetto", timedelta())
    standard.add("tzname", "UTC")
    zone.add_component(standard)
    return zone


def _vevent(one: dict[str, Any]) -> Event:
    event = Event()
    event.add("uid", one["uid"])
    event.add("sequence", one["sequence"])
    event.add("status", "CANCELLED" if one["cancelled"] else "CONFIRMED")
    event.add("dtstamp", parse(one["updated"]))
    event.add("last-modified", parse(one["updated"]))
    event.add("created", parse(one["created"]))
    event.add("dtstart", parse(one["start"]))
    if one["end"]:
        event.add("dtend", parse(one["end"]))
    event.add("summary", one["title"])
    event.add("description", f"{one['text']}\n\n{one['url']}".strip())
    event.add("url", one["url"])
    event.add("transp", "TRANSPARENT")
    if one["regions"]:
        event.add("location", ", ".join(name for _slug, name in one["regions"]))
    if one["services"]:
        event.add("categories", [name for _slug, name in one["services"]])
    return event
