"""A planned maintenance as an event for the receiver's calendar (RFC 5545), carried by the mails about it."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar, Event

from incidents.models import Communication, Incident
from incidents.vocabulary import Kind, Stage


def event_of(communication: Communication, *, public: bool) -> bytes:
    """The calendar file; empty for anything but a maintenance with a planned time.

    Later mails carry the same event with a higher sequence: a calendar moves or cancels it.
    """
    incident = communication.incident
    if incident.kind != Kind.PLANNED_MAINTENANCE or incident.scheduled_for is None:
        return b""
    event = Event()
    event.add(
        "uid", f"{incident.tracking_id}@{urlsplit(settings.BASE_URL).hostname or 'localhost'}"
    )
    event.add("sequence", communication.number)
    event.add("dtstamp", communication.at)
    event.add("dtstart", incident.scheduled_for)
    if incident.scheduled_until is not None:
        event.add("dtend", incident.scheduled_until)
    event.add("summary", incident.public_title)
    event.add("status", "CANCELLED" if communication.stage == Stage.CANCELLED else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    if public and Incident.objects.public().filter(pk=incident.pk).exists():
        event.add("url", f"{settings.BASE_URL}/status/history/{incident.tracking_id}/")
    calendar = Calendar()
    calendar.add("prodid", "-//statuspage//maintenance//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    return bytes(calendar.to_ical())
