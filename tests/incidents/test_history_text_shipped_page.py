"""The status history that ships with the product: every fact of it is read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.incidents.history_pages import SHIPPED, read

DOWNSTREAM = [
    "Analysis Services", "Azure Container Registry", "API Management", "App Service", "Backup",
    "Bastion", "CDN", "Center for SAP solutions", "Chaos Studio", "Data Factory",
    "Database for MySQL flexible servers", "Database for PostgreSQL", "Databricks",
    "Device Update for IoT Hub", "Event Hubs", "Front Door", "Key Vault", "Log Analytics", "Migrate",
    "Relay", "Service Bus", "SQL Database", "Storage", "Synapse Analytics", "Virtual Machines",
]  # fmt: skip
FIVE_REGIONS = ["Central US", "East US", "South Central US", "West Central US", "West Europe"]


@pytest.fixture(scope="module")
def page() -> list[dict[str, Any]]:
    return read(SHIPPED.read_text(encoding="utf-8"))


def test_it_holds_two_incidents_of_two_months(page: list[dict[str, Any]]) -> None:
    assert [(it["month"], it["kind"], it["title"]) for it in page] == [
        ("2024-02", "mitigation-statement", "Azure Portal – Europe"),
        (
            "2024-01",
            "final-review",
            "Azure Resource Manager – Central US, East US and 3 more regions",
        ),
    ]


def test_it_states_three_windows_of_impact(page: list[dict[str, Any]]) -> None:
    february, january = page
    assert february["windows"] == [
        {
            "start": "2024-02-07T09:00:00Z",
            "end": "2024-02-07T10:48:00Z",
            "label": "first occurrence",
        },
        {
            "start": "2024-02-08T09:00:00Z",
            "end": "2024-02-08T10:30:00Z",
            "label": "second occurrence",
        },
    ]
    assert january["windows"] == [
        {"start": "2024-01-21T01:30:00Z", "end": "2024-01-21T08:58:00Z", "label": None}
    ]


def test_the_note_says_that_the_audience_was_unknown(page: list[dict[str, Any]]) -> None:
    february, january = page
    assert february["scenario"] == 3
    assert february["note"].startswith("Note: While this was going on")
    assert (january["scenario"], january["note"]) == (None, None)


def test_services_and_regions_keep_their_roles(page: list[dict[str, Any]]) -> None:
    february, january = page
    assert february["impacted_services"] == [
        "Azure Portal", "Data Factory", "Synapse Analytics", "Databricks",
    ]  # fmt: skip
    assert february["services"] == [
        "Azure Portal", "Azure Resource Manager", "Azure Resource Graph", "Data Factory",
        "Synapse Analytics", "Databricks",
    ]  # fmt: skip
    assert (february["impacted_regions"], february["regions"]) == ([], ["West Europe"])
    assert february["geographies"] == ["Europe"]
    assert january["impacted_services"] == [
        "Azure Resource Manager", "Azure CLI", "Azure PowerShell", "Azure Portal", *DOWNSTREAM,
    ]  # fmt: skip
    assert january["services"] == [*january["impacted_services"], "Microsoft Entra ID"]
    assert january["impacted_regions"] == january["regions"] == FIVE_REGIONS
    assert [it["unknown_names"] for it in page] == [[], []]


def test_recoveries_of_single_services_are_found(page: list[dict[str, Any]]) -> None:
    assert page[1]["recoveries"] == [
        {"service": "Azure Resource Manager", "region": None, "at": "2024-01-21T05:30:00Z"},
        {
            "service": "Azure Resource Manager",
            "region": "West Europe",
            "at": "2024-01-21T08:58:00Z",
        },
        {"service": "Key Vault", "region": "West Europe", "at": "2024-01-21T09:28:00Z"},
    ]


def test_the_timeline_has_its_fourteen_rows(page: list[dict[str, Any]]) -> None:
    rows = page[1]["timeline"]
    assert [row["at"][8:16] for row in rows] == [
        "20T21:00", "20T21:16", "21T01:30", "21T01:59", "21T02:23", "21T03:04", "21T03:24",
        "21T03:30", "21T03:57", "21T04:25", "21T04:51", "21T05:30", "21T08:58", "21T09:28",
    ]  # fmt: skip
    assert rows[8]["text"] == "A message to everybody was posted on the Azure Status page."


def test_the_eleven_repair_items_know_state_month_and_owner(page: list[dict[str, Any]]) -> None:
    items = page[1]["repair_items"]
    assert [(it["state"], it["due"]) for it in items] == [
        *[("done", None)] * 4,
        *[("planned", "2024-02")] * 6,
        ("planned", "2024-03"),
    ]
    assert [it["owner"] for it in items] == [
        "ARM team", None, "Entra team", "Key Vault team", None, "ARM team", "ARM team", None,
        "Key Vault, Service Bus and Event Hub teams", "Container Registry team", "Key Vault team",
    ]  # fmt: skip
    assert items[0]["text"] == "Our ARM team has turned the preview off for good."


def test_sections_carry_their_kind_and_their_heading(page: list[dict[str, Any]]) -> None:
    february, january = page
    assert [(it["kind"], it["heading"]) for it in february["sections"]] == [
        ("impact", "Summary of Impact"),
        ("root-cause", "Preliminary Root Cause"),
        ("mitigation", "Mitigation"),
        ("next-steps", "Next Steps"),
    ]
    assert [(it["kind"], it["heading"]) for it in january["sections"]] == [
        ("impact", "What happened?"),
        ("root-cause", "What went wrong and why?"),
        ("response", "How did we respond?"),
        ("prevention", "How are we making incidents like this less likely or less impactful?"),
        ("communication", "How can we make our incident communications more useful?"),
    ]
    assert january["sections"][0]["text"].count("\n\n") == 2


def test_video_and_survey_without_address_keep_their_words(page: list[dict[str, Any]]) -> None:
    assert page[1]["retrospective_video"] == (
        "Watch our 'Azure Incident Retrospective' video on this incident:"
    )
    assert (
        page[1]["survey"] == "Tell us what you think of this PIR in our survey of three questions:"
    )
    assert (page[0]["retrospective_video"], page[0]["survey"]) == (None, None)


def test_words_around_the_entries_are_shown_as_unread(page: list[dict[str, Any]]) -> None:
    assert page[0]["unread"] == [
        "Skip to Main Content",
        "Stay informed about Azure service issues by setting up service health alerts of your own:"
        " videos and written guides show how.",
    ]
    assert page[1]["unread"] == []


def test_reading_twice_gives_the_same_tracking_ids(page: list[dict[str, Any]]) -> None:
    again = read(SHIPPED.read_text(encoding="utf-8").replace("\n", "\r\n") + "\n\n")
    assert [it["tracking_id"] for it in again] == [it["tracking_id"] for it in page]
    assert page[0]["tracking_id"] != page[1]["tracking_id"]
