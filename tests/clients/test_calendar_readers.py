"""Calendar readers that others wrote: each says what is planned, from when to when, and what was called off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import icalendar
import ics
import pytest
from ical.calendar_stream import IcsCalendarStream
from icalevents.icalevents import events as events_of

from tests.clients.conftest import got

PLANNED = ["Routers, replaced; twice", "2026-03-08T22:00", "2026-03-09T00:00", "CONFIRMED"]
CALLED_OFF = ["Switches, replaced", "2026-03-05T22:00", "2026-03-06T00:00", "CANCELLED"]
RUNNING = ["Disks, replaced", "2026-03-01T09:00", "2026-03-01T11:00", "CONFIRMED"]


def minute(at: object) -> str:
    assert isinstance(at, datetime)
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M")


def told(rows: Iterable[tuple[object, ...]]) -> list[list[str]]:
    found = [[str(n), minute(begin), minute(end), str(status)] for n, begin, end, status in rows]
    return sorted(found, key=lambda row: row[1])


def by_icalendar(address: str) -> list[list[str]]:
    events = icalendar.Calendar.from_ical(got(address)).walk("VEVENT")
    return told(
        (one["summary"], one.decoded("dtstart"), one.decoded("dtend"), one["status"])
        for one in events
    )


def by_ics(address: str) -> list[list[str]]:
    events = ics.Calendar(got(address).decode()).events
    return told((one.name, one.begin.datetime, one.end.datetime, one.status) for one in events)


def by_ical(address: str) -> list[list[str]]:
    """The library behind the calendars of Home Assistant."""
    events = IcsCalendarStream.calendar_from_ics(got(address).decode()).events
    return told(
        (one.summary, one.dtstart, one.dtend, str(one.status and one.status.value))
        for one in events
    )


def by_icalevents(address: str) -> list[list[str]]:
    span = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    events = events_of(string_content=got(address), start=span[0], end=span[1])
    return told((one.summary, one.start, one.end, one.status) for one in events)


READERS = {
    "icalendar": by_icalendar,
    "ics": by_ics,
    "ical": by_ical,
    "icalevents": by_icalevents,
}


@pytest.mark.parametrize("name", READERS)
def test_a_calendar_of_pypi_says_what_is_planned_and_what_was_called_off(
    address: str, name: str
) -> None:
    read = READERS[name]
    assert read(f"{address}/maintenance.ics") == [RUNNING, CALLED_OFF, PLANNED]
    assert read(f"{address}/maintenance.ics?region=east-us") == []


def test_three_calendars_of_npm_say_the_same(node: Callable[[str], str]) -> None:
    found = json.loads(node("calendars.mjs"))
    assert len(found) == 3
    for name, says in found.items():
        assert sorted(says, key=lambda row: row[1]) == [RUNNING, CALLED_OFF, PLANNED], name
