"""Planned maintenance as a calendar (RFC 5545). Pure.

Cancelled work stays in it with its status: an event that merely vanishes stays in the reader's calendar.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, Event, vDuration

from statuspage.published.picture import IncidentView, Picture
from statuspage.published.site import Page

CALENDAR = "text/calendar; charset=utf-8"
USUAL_LENGTH = timedelta(hours=1)


def pages(picture: Picture) -> dict[str, Page]:
    return {"/maintenance.ics": Page(build(picture), CALENDAR, max_age=300)}


def build(picture: Picture) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//statuspage//maintenance//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"{settings.SITE_NAME}: maintenance")
    calendar.add(
        "refresh-interval", vDuration(timedelta(hours=1)), parameters={"VALUE": "DURATION"}
    )
    for one in picture.incidents:
        if one.kind == "planned-maintenance":
            calendar.add_component(_event(one))
    return calendar.to_ical()


def _event(one: IncidentView) -> Event:
    base = str(settings.BASE_URL).rstrip("/")
    start = one.scheduled_for or one.started_at
    until = one.scheduled_until or one.ended_at or start + USUAL_LENGTH
    names = ", ".join(view.name for view in (*one.services, *one.regions))
    event = Event()
    event.add("uid", f"{one.tracking_id}@{urlsplit(base).hostname or 'localhost'}")
    event.add("dtstamp", one.updated_at)
    event.add("last-modified", one.updated_at)
    event.add("sequence", len(one.communications))
    event.add("dtstart", start)
    event.add("dtend", max(until, start))
    event.add("summary", one.title)
    event.add("description", names)
    event.add("url", f"{base}/status/history/{one.tracking_id}/")
    event.add("status", "CANCELLED" if one.stage == "cancelled" else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    return event
