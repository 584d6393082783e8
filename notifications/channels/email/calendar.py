"""A planned maintenance as an event for the receiver's calendar (RFC 5545), carried by the mails about it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings

from incidents.models import Communication, Incident
from incidents.vocabulary import Kind, Stage

if TYPE_CHECKING:
    from icalendar import Event


def event_of(communication: Communication, *, public: bool) -> bytes:
    """The calendar file; empty for anything but a maintenance with a planned time.

    Later mails carry the same event with a higher sequence: a calendar moves or cancels it.
    """
    incident = communication.incident
    if incident.kind != Kind.PLANNED_MAINTENANCE or incident.scheduled_for is None:
        return b""
    event = maintenance(
        incident, stage=communication.stage, sequence=communication.number, at=communication.at
    )
    if public and Incident.objects.public().filter(pk=incident.pk).exists():
        event.add("url", f"{settings.BASE_URL}/status/history/{incident.tracking_id}/")
    return as_file([event])


def maintenance(incident: Incident, *, stage: str, sequence: int, at: datetime) -> Event:
    """A planned maintenance; `sequence` and `at` (UTC): of the statement that it is known from."""
    from icalendar import Event  # others would wait for it with their first mail

    event = Event()
    event.add(
        "uid", f"{incident.tracking_id}@{urlsplit(settings.BASE_URL).hostname or 'localhost'}"
    )
    event.add("sequence", sequence)
    event.add("dtstamp", at)
    event.add("dtstart", incident.scheduled_for)
    if incident.scheduled_until is not None:
        event.add("dtend", incident.scheduled_until)
    event.add("summary", incident.public_title)
    event.add("status", "CANCELLED" if stage == Stage.CANCELLED else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    return event


def as_file(events: Iterable[Event], *, name: str = "") -> bytes:
    """A calendar of these events. `name`: what a reader shows it as, where it follows an address."""
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", "-//statuspage//maintenance//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    if name:
        calendar.add("x-wr-calname", name)
    for event in events:
        calendar.add_component(event)
    return bytes(calendar.to_ical())
