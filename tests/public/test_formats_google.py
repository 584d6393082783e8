"""Google's shape: validated by the schema that is published beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from incidents import status_mapping
from statuspage.public.formats.google import NEWEST
from statuspage.public.snapshot.values import IncidentView, Snapshot
from tests.public.format_snapshots import (
    EMPTY,
    EVENTFUL,
    NOW_BROKEN,
    PLANNED,
    REVIEWED,
    RUNNING,
    TWICE,
    at,
    impact,
    incident,
    pages_of,
    snapshot,
)


def get(shown: Snapshot) -> Any:
    pages = pages_of(shown)
    schema = json.loads(pages["/incidents.schema.json"].body)
    Draft202012Validator.check_schema(schema)
    found = json.loads(pages["/incidents.json"].body)
    Draft202012Validator(schema).validate(found)
    return found


def one(shown: IncidentView) -> Any:
    (found,) = get(snapshot(shown))
    return found


def test_all_incidents_are_listed_newest_first_and_maintenance_once_it_began() -> None:
    assert [row["id"] for row in get(EVENTFUL)] == ["RUNN-006", "NOWB-002", "TWIC-001", "KEYS-003"]
    assert get(snapshot(PLANNED)) == []


def test_nothing_happened_is_an_empty_list() -> None:
    assert get(EMPTY) == []


def test_an_open_incident_has_no_end_and_names_where_it_is_now() -> None:
    row = one(NOW_BROKEN)
    assert (row["begin"], row["end"]) == ("2026-03-01T08:50:00+00:00", None)
    assert row["created"] == row["updates"][-1]["created"] == "2026-03-01T08:50:00+00:00"
    assert row["currently_affected_locations"] == [
        {"title": "West Europe (west-europe)", "id": "west-europe"},
        {"title": "East US (east-us)", "id": "east-us"},
    ]
    assert row["previously_affected_locations"] == []
    assert (row["service_key"], row["service_name"]) == ("key-vault", "Key Vault")
    assert row["affected_products"] == [{"title": "Key Vault", "id": "key-vault"}]
    assert (row["status_impact"], row["severity"]) == ("SERVICE_OUTAGE", "high")
    assert row["most_recent_update"] == row["updates"][0]
    assert row["most_recent_update"]["text"] == "A gateway is overloaded."
    assert row["uri"] == "status/history/NOWB-002/"


def test_where_it_is_over_already_is_named_apart() -> None:
    half = replace(
        NOW_BROKEN,
        impacts=(replace(NOW_BROKEN.impacts[0], end=at("09:10")), NOW_BROKEN.impacts[1]),
    )
    row = one(half)
    assert [place["id"] for place in row["currently_affected_locations"]] == ["east-us"]
    assert [place["id"] for place in row["previously_affected_locations"]] == ["west-europe"]


def test_services_that_are_hit_in_different_regions_are_told_apart() -> None:
    pairs = incident(
        "PAIR-001", "Two pairs",
        impact("key-vault", "east-us", "08:00"), impact("storage", "west-europe", "08:00", "09:00"),
    )  # fmt: skip
    rows = json.loads(pages_of(snapshot(pairs))["/incidents.json"].body)
    told = [
        (row["id"], row["service_key"], row["end"], [p["id"] for p in row["currently_affected_locations"]])
        for row in rows
    ]  # fmt: skip
    assert told == [
        ("PAIR-001", "key-vault", None, ["east-us"]),
        ("PAIR-001.storage", "storage", "2026-03-01T09:00:00+00:00", []),
    ]
    assert len({row["number"] for row in rows}) == 2


def test_several_windows_become_updates_with_changing_places() -> None:
    row = one(TWICE)
    assert (row["begin"][11:16], row["end"][11:16]) == ("08:00", "12:00")
    told = [
        (update["when"][11:16], update["status"], [p["id"] for p in update["affected_locations"]])
        for update in row["updates"]
    ]
    assert told == [
        ("13:00", "AVAILABLE", []),
        ("12:00", "AVAILABLE", []),
        ("11:00", "SERVICE_OUTAGE", ["east-us"]),
        ("09:05", "AVAILABLE", []),
        ("09:00", "AVAILABLE", []),
        ("08:30", "SERVICE_OUTAGE", ["east-us", "west-europe"]),
        ("08:10", "SERVICE_OUTAGE", ["east-us"]),
        ("08:00", "SERVICE_OUTAGE", ["east-us"]),
    ]
    assert row["currently_affected_locations"] == []
    assert len(row["previously_affected_locations"]) == 2


def test_an_incident_known_by_its_review_alone_says_its_beginning() -> None:
    row = one(REVIEWED)
    assert row["most_recent_update"]["text"] == "Keys were late."
    assert row["most_recent_update"]["status"] == "AVAILABLE"
    assert row["affected_products"] == [{"title": "Key Vault", "id": "key-vault"}]
    assert row["previously_affected_locations"] == [{"title": "Europe (europe)", "id": "europe"}]


def test_an_incident_of_which_nothing_is_known_but_its_title_is_valid() -> None:
    row = one(incident("BARE-001", "Something is wrong"))
    assert row["most_recent_update"]["text"] == "Something is wrong"
    assert row["affected_products"] == []
    assert row["service_name"] == "Multiple Products"


@pytest.mark.parametrize(("level", "extent"), status_mapping.ISSUE)
def test_an_impact_is_shown_as_the_one_table_says(level: str, extent: str) -> None:
    hit = impact("storage", "east-us", "09:00", level=level, extent=extent)
    row = one(incident("MAPP-001", "Mapped", hit, level=level))
    assert row["status_impact"] == status_mapping.ISSUE[level, extent].google
    assert row["most_recent_update"]["status"] == status_mapping.ISSUE[level, extent].google


def test_maintenance_in_progress_is_information() -> None:
    assert one(RUNNING)["status_impact"] == status_mapping.MAINTENANCE.google


def test_several_services_and_the_whole_world_have_googles_names() -> None:
    hits = impact("storage", "east-us", "09:00"), impact("key-vault", "east-us", "09:00")
    assert one(incident("BOTH-001", "Both", *hits))["service_name"] == "Multiple Products"
    row = one(incident("WORL-001", "Portal", impact("portal", "global", "09:00")))
    assert row["currently_affected_locations"] == [{"title": "Global", "id": "global"}]


def test_the_newest_are_listed_and_open_ones_of_any_age() -> None:
    old = replace(NOW_BROKEN, tracking_id="OLDO-001", started_at=at("2020-01-01 00:00"))
    many = [replace(TWICE, tracking_id=f"M{n:03}-ANY") for n in range(NEWEST + 10)]
    found = get(snapshot(old, *many))
    assert len(found) == NEWEST + 1
    assert found[-1]["id"] == "OLDO-001"


def test_numbers_are_decimal_and_stay() -> None:
    numbers = {row["id"]: row["number"] for row in get(EVENTFUL)}
    assert len(set(numbers.values())) == len(numbers)
    assert one(NOW_BROKEN)["number"] == numbers["NOWB-002"]


def test_products_are_the_services_of_the_catalogue() -> None:
    page = pages_of(EVENTFUL)["/products.json"]
    assert json.loads(page.body) == {
        "products": [
            {"title": "Storage", "id": "storage"},
            {"title": "Key Vault", "id": "key-vault"},
            {"title": "Portal & Co", "id": "portal"},
        ]
    }


def test_the_types_let_any_page_and_program_read_them() -> None:
    pages = pages_of(EMPTY)
    assert pages["/incidents.json"].content_type == "application/json; charset=utf-8"
    assert pages["/incidents.schema.json"].content_type == "application/schema+json; charset=utf-8"
