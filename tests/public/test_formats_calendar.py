"""Planned maintenance as a calendar, read by icalendar and line by line (RFC 5545)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from icalendar import Calendar, Component

from statuspage.public.render.page import Page
from statuspage.public.snapshot.values import Snapshot
from tests.public.format_snapshots import (
    BASE,
    EMPTY,
    EVENTFUL,
    NOW,
    PLANNED,
    answer,
    at,
    days,
    maintenance,
    pages_of,
    said,
    snapshot,
)

PATH = "/maintenance.ics"


def events(page: Page | None) -> dict[str, Component]:
    assert page is not None
    calendar = Calendar.from_ical(page.body)
    assert isinstance(calendar, Calendar)
    assert calendar.errors == []
    found = {str(event["uid"]): event for event in calendar.walk("VEVENT")}
    assert all(event.errors == [] for event in found.values())
    return {uid.partition("@")[0]: event for uid, event in found.items()}


def of(shown: Snapshot) -> dict[str, Component]:
    return events(pages_of(shown)[PATH])


def test_every_planned_maintenance_is_an_event_and_nothing_else_is() -> None:
    assert set(of(EVENTFUL)) == {"PLAN-004", "CANC-005", "RUNN-006"}
    assert pages_of(EVENTFUL)[PATH].content_type == "text/calendar; charset=utf-8"


def test_an_event_says_what_where_from_when_to_when() -> None:
    event = of(EVENTFUL)["PLAN-004"]
    assert str(event["uid"]) == f"PLAN-004@{EVENTFUL.site}"
    assert str(event["summary"]) == "Routers, replaced; twice"
    assert event.decoded("dtstart") == at("2026-03-08 22:00")
    assert event.decoded("dtend") == at("2026-03-09 00:00")
    assert event.decoded("dtstamp") == at("2026-02-25 12:00")
    assert str(event["location"]) == "North Europe"
    assert str(event["description"]).startswith("We replace routers.\n")
    assert str(event["url"]) == f"{BASE}/status/history/PLAN-004/"
    assert (event["sequence"], str(event["status"])) == (1, "CONFIRMED")


def test_a_cancelled_maintenance_stays_and_says_so() -> None:
    event = of(EVENTFUL)["CANC-005"]
    assert (event["sequence"], str(event["status"])) == (2, "CANCELLED")


def test_a_statement_raises_the_sequence_and_keeps_the_uid() -> None:
    more = (said(2, "rescheduled", "09:00", "A week later."), *PLANNED.communications)
    later = replace(
        PLANNED,
        communications=more,
        scheduled_for=at("2026-03-15 22:00"),
        scheduled_until=at("2026-03-16 00:00"),
        updated_at=at("09:00"),
    )
    before, after = of(snapshot(PLANNED))["PLAN-004"], of(snapshot(later))["PLAN-004"]
    assert before["uid"] == after["uid"]
    assert (before["sequence"], after["sequence"]) == (1, 2)
    assert after.decoded("dtstamp") == at("09:00")
    assert after.decoded("dtstart") == at("2026-03-15 22:00")


def test_an_empty_calendar_has_the_component_that_a_calendar_needs() -> None:
    page = pages_of(EMPTY)[PATH]
    calendar = Calendar.from_ical(page.body)
    assert events(page) == {}
    assert [part.name for part in calendar.subcomponents] == ["VTIMEZONE"]
    assert {"PRODID", "VERSION", "LAST-MODIFIED", "REFRESH-INTERVAL"} <= set(calendar)
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT15M" in page.body
    assert b"X-PUBLISHED-TTL:PT15M" in page.body


def test_lines_are_folded_at_75_octets_and_end_as_the_format_wants() -> None:
    work = maintenance("LONG-001", "Größe " * 30, "planned", "2026-03-08 22:00", "2026-03-09 00:00")
    body = pages_of(snapshot(work))[PATH].body
    assert body.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert all(len(row) <= 75 for row in body.split(b"\r\n"))
    assert str(of(snapshot(work))["LONG-001"]["summary"]) == ("Größe " * 30).strip()


def test_a_maintenance_without_a_sensible_end_has_none() -> None:
    work = maintenance("ZERO-001", "Zero", "planned", "2026-03-08 22:00", "2026-03-08 22:00")
    assert "dtend" not in of(snapshot(work))["ZERO-001"]


def test_no_stamp_lies_in_the_future() -> None:
    event = of(snapshot(replace(PLANNED, updated_at=NOW + days(2))))["PLAN-004"]
    assert event.decoded("dtstamp") == NOW


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"region": "north-europe"}, {"PLAN-004", "CANC-005", "RUNN-006"}),
        ({"service": "storage"}, {"PLAN-004", "CANC-005", "RUNN-006"}),
        ({"service": "key-vault"}, set()),
        ({"region": "nowhere"}, set()),
    ],
)
def test_the_calendar_can_be_had_for_some_services_and_regions(
    query: dict[str, str], expected: set[str]
) -> None:
    assert set(events(answer(EVENTFUL, PATH, **query))) == expected
