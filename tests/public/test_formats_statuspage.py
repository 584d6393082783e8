"""Statuspage v2, field by field, against schemas that name every field and allow no other."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from incidents import status_mapping
from statuspage.public.formats.statuspage.v2 import roll_up
from statuspage.public.snapshot.values import CategoryView, IncidentView, ServiceView, Snapshot
from tests.public.format_snapshots import (
    BASE,
    EMPTY,
    EVENTFUL,
    NOW_BROKEN,
    REVIEW,
    REVIEWED,
    RUNNING,
    TWICE,
    answer,
    at,
    days,
    impact,
    incident,
    large,
    pages_of,
    said,
    snapshot,
)

TEXT, BOOL, LIST = {"type": "string"}, {"type": "boolean"}, {"type": "array"}
ID = {"type": "string", "pattern": "^[a-z0-9]{12}$"}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
COMPONENT_STATUS = {
    "enum": ["operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"]
}  # fmt: skip


def maybe(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def closed(**fields: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def rows(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


PAGE = closed(id=ID, name=TEXT, url=TEXT, time_zone={"const": "Etc/UTC"}, updated_at=TIME)
STATUS = closed(indicator={"enum": ["none", "minor", "major", "critical"]}, description=TEXT)
COMPONENT_FIELDS: dict[str, Any] = {
    "id": ID,
    "name": TEXT,
    "status": COMPONENT_STATUS,
    "created_at": TIME,
    "updated_at": TIME,
    "position": {"type": "integer", "minimum": 1},
    "description": maybe(TEXT),
    "showcase": BOOL,
    "start_date": maybe(TEXT),
    "group_id": maybe(ID),
    "page_id": ID,
    "only_show_if_degraded": BOOL,
}
CHILD = closed(**COMPONENT_FIELDS, group={"const": False})
GROUP = closed(**COMPONENT_FIELDS, group={"const": True}, components=rows(ID))
AFFECTED = closed(code=ID, name=TEXT, old_status=COMPONENT_STATUS, new_status=COMPONENT_STATUS)
STAGES = ["investigating", "identified", "monitoring", "resolved", "postmortem"]
WORKS = ["scheduled", "in_progress", "verifying", "completed"]


def update(stages: list[str]) -> dict[str, Any]:
    return closed(
        id=ID,
        status={"enum": stages},
        body=TEXT,
        incident_id=ID,
        created_at=TIME,
        updated_at=TIME,
        display_at=TIME,
        affected_components=maybe(rows(AFFECTED)),
        deliver_notifications=BOOL,
        custom_tweet={"type": "null"},
        tweet_id={"type": "null"},
    )


def incident_fields(stages: list[str], impacts: list[str]) -> dict[str, Any]:
    return {
        "id": ID,
        "name": TEXT,
        "status": {"enum": stages},
        "created_at": TIME,
        "updated_at": TIME,
        "monitoring_at": maybe(TIME),
        "resolved_at": maybe(TIME),
        "impact": {"enum": impacts},
        "shortlink": {"type": "string", "pattern": "^https://"},
        "started_at": TIME,
        "page_id": ID,
        "incident_updates": rows(update(stages)),
        "components": rows(CHILD),
        "reminder_intervals": {"type": "null"},
        "impact_override": maybe({"enum": ["minor", "major", "critical"]}),
        "postmortem_body": maybe(TEXT),
        "postmortem_body_last_updated_at": maybe(TIME),
        "postmortem_ignored": {"const": False},
        "postmortem_published_at": maybe(TIME),
        "postmortem_notified_subscribers": BOOL,
        "postmortem_notified_twitter": {"const": False},
    }


INCIDENTS = rows(closed(**incident_fields(STAGES, ["none", "minor", "major", "critical"])))
MAINTENANCES = rows(
    closed(**incident_fields(WORKS, ["maintenance"]), scheduled_for=TIME, scheduled_until=TIME)
)
COMPONENTS = rows({"anyOf": [CHILD, GROUP]})
FILES = {
    "summary": closed(
        page=PAGE,
        components=COMPONENTS,
        incidents=INCIDENTS,
        scheduled_maintenances=MAINTENANCES,
        status=STATUS,
    ),
    "status": closed(page=PAGE, status=STATUS),
    "components": closed(page=PAGE, components=COMPONENTS),
    "incidents": closed(page=PAGE, incidents=INCIDENTS),
    "incidents/unresolved": closed(page=PAGE, incidents=INCIDENTS),
    "scheduled-maintenances": closed(page=PAGE, scheduled_maintenances=MAINTENANCES),
    "scheduled-maintenances/upcoming": closed(page=PAGE, scheduled_maintenances=MAINTENANCES),
    "scheduled-maintenances/active": closed(page=PAGE, scheduled_maintenances=MAINTENANCES),
}


def get(shown: Snapshot, name: str) -> Any:
    page = pages_of(shown)[f"/api/v2/{name}.json"]
    assert page.content_type == "application/json; charset=utf-8"
    return json.loads(page.body)


def one(shown: IncidentView, name: str = "incidents") -> Any:
    (found,) = get(snapshot(shown), name)[name.replace("-", "_")]
    return found


def by_name(components: list[Any]) -> dict[str, str]:
    found = {row["name"]: row["status"] for row in components}
    assert len(found) == len(components), "a name stands twice"
    return found


def ask(shown: Snapshot, path: str, **query: str) -> Any:
    page = answer(shown, f"/api/v2/{path}.json", **query)
    assert page is not None
    assert page.status == 200
    return json.loads(page.body)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("shown", [EMPTY, EVENTFUL], ids=["empty", "eventful"])
def test_every_file_has_all_fields_of_the_format_and_no_others(shown: Snapshot, name: str) -> None:
    Draft202012Validator(FILES[name]).validate(get(shown, name))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", ["regions/east-us", "geographies/europe", "services/storage"])
def test_every_file_of_a_place_has_the_same_fields(place: str, name: str) -> None:
    Draft202012Validator(FILES[name]).validate(ask(EVENTFUL, f"{place}/{name}"))


def test_a_service_is_a_component_as_bad_as_the_worst_of_its_regions() -> None:
    components = get(EVENTFUL, "components")["components"]
    assert by_name(components) == {
        "Storage (category)": "major_outage",
        "Storage": "under_maintenance",
        "Key Vault": "major_outage",
        "Web": "operational",
        "Portal & Co": "operational",
    }
    described = {row["name"]: row["description"] for row in components if row["description"]}
    assert described == {
        "Storage": "Not well in 1 of 3 regions: North Europe",
        "Key Vault": "Not well in 2 of 2 regions: East US, West Europe",
    }


def test_in_a_geography_the_cells_are_components_in_groups_by_region() -> None:
    assert by_name(ask(EVENTFUL, "geographies/europe/components")["components"]) == {
        "West Europe": "major_outage",
        "Storage – West Europe": "operational",
        "Key Vault – West Europe": "major_outage",
        "North Europe": "under_maintenance",
        "Storage – North Europe": "under_maintenance",
    }


def test_a_region_has_its_own_cells_and_a_service_its_own() -> None:
    assert by_name(ask(EVENTFUL, "regions/east-us/components")["components"]) == {
        "East US": "degraded_performance",
        "Storage – East US": "operational",
        "Key Vault – East US": "degraded_performance",
    }
    assert by_name(ask(EVENTFUL, "services/key-vault/components")["components"]) == {
        "Key Vault": "major_outage",
        "Key Vault – East US": "degraded_performance",
        "Key Vault – West Europe": "major_outage",
    }


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"service": "storage", "region": "east-us"}, ["Storage – East US"]),
        ({"pairs": "portal:global,storage:east-us"}, ["Storage – East US", "Portal & Co – Global"]),
        ({"region": "global"}, ["Portal & Co – Global"]),
        (
            {"service": "Key-Vault", "pairs": "storage:east-us"},
            ["Storage – East US", "Key Vault – East US", "Key Vault – West Europe"],
        ),
    ],
)
def test_chosen_cells_stand_for_themselves_and_make_no_group(
    query: dict[str, str], names: list[str]
) -> None:
    rows = ask(EVENTFUL, "components", **query)["components"]
    assert [row["name"] for row in rows] == names
    assert {row["group_id"] for row in rows} == {None}


@pytest.mark.parametrize(
    ("path", "query", "says"),
    [
        ("regions/atlantis/summary", {}, "regions: 'atlantis' is not in the catalogue"),
        ("services/east-us/summary", {}, "service: 'east-us' is not a service on offer"),
        ("summary", {"region": "atlantis"}, "region: 'atlantis' is not in the catalogue"),
        ("summary", {"service": ""}, "service: name 1 to 100"),
        ("summary", {"pairs": "storage"}, "pairs: 'storage' is no service:region on offer"),
        ("summary", {"pairs": "key-vault:north-europe"}, "is no service:region on offer"),
        ("summary", {"service": "portal", "region": "east-us"}, "none of these services"),
    ],
)
def test_what_is_not_known_is_refused_by_name_instead_of_being_well(
    path: str, query: dict[str, str], says: str
) -> None:
    page = answer(EVENTFUL, f"/api/v2/{path}.json", **query)
    assert page is not None
    assert page.status == 404
    assert says in json.loads(page.body)["error"]


def test_a_client_that_adds_the_path_of_the_api_to_any_address_finds_the_documents() -> None:
    plain = ask(EVENTFUL, "regions/east-us/summary")
    assert ask(EVENTFUL, "regions/east-us/api/v2/summary") == plain


def test_a_group_lists_its_children_and_is_as_bad_as_the_worst_of_them() -> None:
    components = ask(EVENTFUL, "geographies/europe/components")["components"]
    for group in (row for row in components if row["group"]):
        children = [row["id"] for row in components if row["group_id"] == group["id"]]
        assert group["components"] == children


def test_a_category_in_which_nothing_is_offered_is_no_group() -> None:
    shown = replace(EMPTY, offered=frozenset({("portal", "global")}))
    assert [row["name"] for row in get(shown, "components")["components"]] == ["Web", "Portal & Co"]


def test_names_are_told_apart_by_slugs_where_they_are_alike() -> None:
    twice = CategoryView("web", "Web", (ServiceView("a", "Twin"), ServiceView("b", "Twin")))
    offered = frozenset((one, "east-us") for one in "ab")
    shown = replace(EMPTY, categories=(twice,), offered=offered)
    assert list(by_name(get(shown, "components")["components"])) == ["Web", "Twin (a)", "Twin (b)"]


@pytest.mark.parametrize(("level", "extent"), status_mapping.ISSUE)
def test_a_component_is_shown_as_the_one_table_says(level: str, extent: str) -> None:
    hit = impact("storage", "east-us", "09:00", level=level, extent=extent)
    shown = snapshot(incident("MAPP-001", "Mapped", hit, level=level))
    cells = ask(shown, "regions/east-us/components")["components"]
    assert by_name(cells)["Storage – East US"] == status_mapping.ISSUE[level, extent].component
    assert by_name(get(shown, "components")["components"])["Storage"] == by_name(cells)["East US"]


def test_of_two_incidents_in_a_cell_the_worse_is_shown() -> None:
    shown = snapshot(
        incident("WARN-001", "Slow", impact("storage", "east-us", "09:00", level="warning")),
        incident("ERRO-001", "Broken", impact("storage", "east-us", "08:00")),
        incident("INFO-001", "Note", impact("storage", "east-us", "07:00", level="informational")),
    )
    status = by_name(ask(shown, "regions/east-us/components")["components"])["Storage – East US"]
    assert status == "partial_outage"


def test_ids_stay_when_names_and_everything_else_change() -> None:
    before = get(EVENTFUL, "summary")
    later = replace(EVENTFUL, revision=99, cells={}, incidents=EVENTFUL.incidents[::-1])
    after = json.loads(pages_of(later, "Renamed")["/api/v2/summary.json"].body)
    assert before["page"]["id"] == after["page"]["id"]
    assert [row["id"] for row in before["components"]] == [row["id"] for row in after["components"]]
    assert {row["id"] for row in before["incidents"]} == {row["id"] for row in after["incidents"]}


def test_the_summary_has_unresolved_incidents_and_maintenance_that_is_not_over() -> None:
    summary = get(EVENTFUL, "summary")
    assert [row["name"] for row in summary["incidents"]] == ["Key Vault requests fail"]
    works = {row["name"]: row["status"] for row in summary["scheduled_maintenances"]}
    assert works == {"Disks, replaced": "in_progress", "Routers, replaced; twice": "scheduled"}
    assert summary["status"] == {"indicator": "major", "description": "Partial System Outage"}
    assert summary["status"] == get(EVENTFUL, "status")["status"]
    assert summary["components"] == get(EVENTFUL, "components")["components"]
    assert summary["page"]["url"] == BASE
    assert summary["page"]["updated_at"] == "2026-03-01T09:30:00.000Z"


def test_each_list_holds_what_its_address_says() -> None:
    def stages(name: str, key: str) -> dict[str, str]:
        return {row["name"]: row["status"] for row in get(EVENTFUL, name)[key]}

    assert stages("incidents", "incidents") == {
        "Key Vault requests fail": "identified",
        "Storage fails twice": "resolved",
        "Keys were late": "postmortem",
    }
    assert stages("incidents/unresolved", "incidents") == {"Key Vault requests fail": "identified"}
    works = "scheduled_maintenances"
    assert stages("scheduled-maintenances", works) == {
        "Routers, replaced; twice": "scheduled",
        "Switches, replaced": "completed",
        "Disks, replaced": "in_progress",
    }
    assert list(stages("scheduled-maintenances/upcoming", works)) == ["Routers, replaced; twice"]
    assert list(stages("scheduled-maintenances/active", works)) == ["Disks, replaced"]


@pytest.mark.parametrize(("stage", "status"), status_mapping.STAGE_ON_STATUSPAGE.items())
def test_a_stage_is_shown_as_the_one_table_says(stage: str, status: str) -> None:
    if status in WORKS:
        assert one(replace(RUNNING, stage=stage), "scheduled-maintenances")["status"] == status
    else:
        assert one(replace(NOW_BROKEN, stage=stage))["status"] == status


def test_several_windows_are_one_incident_with_an_update_for_every_change() -> None:
    (row,) = ask(snapshot(TWICE), "services/storage/incidents")["incidents"]
    assert row["started_at"] == "2026-02-10T08:00:00.000Z"
    assert row["resolved_at"] == "2026-02-10T12:00:00.000Z"
    assert row["impact"] == "critical"
    told = [
        (
            update["created_at"][11:16],
            update["status"],
            update["body"],
            [(c["name"], c["old_status"], c["new_status"]) for c in update["affected_components"] or []],
        )
        for update in row["incident_updates"]
    ]  # fmt: skip
    storage, europe = "Storage – East US", "Storage – West Europe"
    assert told == [
        ("13:00", "resolved", "Over for good.", []),
        ("12:00", "monitoring", "Impact ended: Storage in East US.", [(storage, "partial_outage", "operational")]),
        ("11:00", "investigating", "Impact began: Storage in East US.", [(storage, "operational", "partial_outage")]),
        ("09:05", "monitoring", "A fix is in place.", []),
        (
            "09:00", "monitoring", "Impact ended: Storage in East US; Storage in West Europe.",
            [(storage, "major_outage", "operational"), (europe, "degraded_performance", "operational")],
        ),
        (
            "08:30", "investigating", "Impact began: Storage in West Europe.",
            [(europe, "operational", "degraded_performance")],
        ),
        ("08:10", "investigating", "We are looking.", [(storage, "major_outage", "major_outage")]),
        ("08:00", "investigating", "Impact began: Storage in East US.", [(storage, "operational", "major_outage")]),
    ]  # fmt: skip


def test_a_change_of_level_is_an_update_too() -> None:
    worse = incident(
        "WORS-001",
        "Worse",
        impact("storage", "east-us", "08:00", "09:00", level="warning"),
        impact("storage", "east-us", "09:00"),
    )
    newest = one(worse)["incident_updates"][0]
    assert newest["body"] == "Impact changed: Storage in East US."
    (affected,) = newest["affected_components"]
    assert (affected["old_status"], affected["new_status"]) == (
        "degraded_performance",
        "partial_outage",
    )


def test_a_statement_at_the_time_of_a_change_stands_for_it() -> None:
    spoken = replace(
        NOW_BROKEN,
        impacts=NOW_BROKEN.impacts[:1],
        windows=NOW_BROKEN.windows[:1],
        communications=(said(1, "investigating", "08:50", "It began."),),
    )
    (update,) = one(spoken)["incident_updates"]
    assert update["body"] == "It began."
    assert update["affected_components"][0]["old_status"] == "operational"


def test_the_codes_of_updates_are_ids_of_components() -> None:
    ids = {row["id"] for row in get(EVENTFUL, "components")["components"]}
    for row in get(EVENTFUL, "incidents")["incidents"]:
        assert {component["id"] for component in row["components"]} <= ids
        for update in row["incident_updates"]:
            assert {one["code"] for one in update["affected_components"] or ()} <= ids


def test_an_incident_with_a_review_ends_in_a_postmortem() -> None:
    row = one(REVIEWED)
    newest = row["incident_updates"][0]
    assert (row["status"], newest["status"]) == ("postmortem", "postmortem")
    assert newest["body"] == row["postmortem_body"] == "What happened?\n\nKeys were late."
    assert row["postmortem_published_at"] == newest["created_at"] == "2026-01-20T12:00:00.000Z"
    assert not row["postmortem_notified_subscribers"], "it was written down afterwards"
    assert [update["status"] for update in row["incident_updates"][1:]] == [
        "resolved",
        "investigating",
    ]


def test_an_incident_that_broke_out_again_is_no_postmortem_whatever_was_written() -> None:
    again = replace(NOW_BROKEN, review=REVIEW)
    assert one(again)["status"] == "identified"
    assert one(again)["incident_updates"][0]["status"] == "identified"


def test_mitigated_is_monitoring_since_the_last_window_ended() -> None:
    ended = tuple(replace(one, end=at("09:15")) for one in NOW_BROKEN.impacts)
    watched = replace(NOW_BROKEN, stage="mitigated", impacts=ended, ended_at=at("09:15"))
    row = one(watched)
    assert (row["status"], row["monitoring_at"]) == ("monitoring", "2026-03-01T09:15:00.000Z")
    assert row["resolved_at"] is None
    summary = get(snapshot(watched), "summary")
    assert summary["status"]["indicator"] == "none"
    assert len(summary["incidents"]) == 1


def test_an_incident_of_a_retired_service_keeps_its_history_without_a_component() -> None:
    shown = replace(snapshot(TWICE), offered=frozenset({("portal", "global")}))
    (row,) = get(shown, "incidents")["incidents"]
    assert row["components"] == []
    assert row["incident_updates"][0]["body"] == "Over for good."


def test_the_lists_hold_the_newest_fifty_and_unresolved_ones_of_any_age() -> None:
    old = replace(
        NOW_BROKEN, tracking_id="OLDO-001", title="Old", started_at=at("2025-01-01 00:00")
    )
    many = [replace(TWICE, tracking_id=f"MANY-{n:03}") for n in range(60)]
    shown = snapshot(old, *many)
    assert len(get(shown, "incidents")["incidents"]) == 50
    assert [row["name"] for row in get(shown, "incidents/unresolved")["incidents"]] == ["Old"]


@pytest.mark.parametrize(
    ("components", "unresolved", "indicator"),
    [
        ([], [], "none"),
        (["operational"] * 3, [], "none"),
        (["operational", "under_maintenance"], [], "none"),
        (["operational"] * 9 + ["degraded_performance"], [], "minor"),
        (["operational"] * 9 + ["partial_outage"], [], "major"),
        (["operational"] * 9 + ["major_outage"], [], "major"),
        (["operational", "major_outage"], [], "major"),
        (["operational"] + ["major_outage"] * 2, [], "critical"),
        (["operational"], [("investigating", "minor")], "minor"),
        (["operational"], [("identified", "critical")], "major"),
        (["operational"], [("monitoring", "critical")], "none"),
        (["degraded_performance"], [("investigating", "none")], "minor"),
    ],
)
def test_the_roll_up_counts_components_and_minds_open_incidents(
    components: list[str], unresolved: list[tuple[str, str]], indicator: str
) -> None:
    found = [{"status": status, "impact": impact} for status, impact in unresolved]
    assert roll_up(components, found)["indicator"] == indicator


def test_a_list_that_would_be_too_large_holds_fewer_of_the_newest() -> None:
    def wordy(number: int) -> IncidentView:
        began = at("2026-02-01 00:00") - days(number)
        told = tuple(replace(said(n, "resolved", "09:00", "word " * 400), at=began) for n in (1, 2))
        return incident(
            f"WORD-{number:03}", f"Wordy {number}", started_at=began, communications=told,
            stage="resolved", active=False,
        )  # fmt: skip

    page = pages_of(snapshot(*(wordy(number) for number in range(100))))["/api/v2/incidents.json"]
    names = [row["name"] for row in json.loads(page.body)["incidents"]]
    assert len(page.body) < 256 * 1024
    assert names == [f"Wordy {number}" for number in range(len(names))]
    assert 40 < len(names) < 50


def test_maintenance_alone_is_said_in_words_only() -> None:
    status = get(snapshot(RUNNING), "status")["status"]
    assert status == {"indicator": "none", "description": "Service Under Maintenance"}


def test_a_large_cloud_is_in_the_summary_completely() -> None:
    shown = large()
    page = pages_of(shown)["/api/v2/summary.json"]
    components = json.loads(page.body)["components"]
    children = [row for row in components if not row["group"]]
    assert len(children) == 200
    assert len({row["id"] for row in components}) == len(components)
    assert len(page.body) < 256 * 1024
    assert b", " not in page.body.replace(b'"time_zone"', b"")


def test_times_can_be_read_and_none_is_later_than_the_page() -> None:
    text = pages_of(EVENTFUL)["/api/v2/incidents.json"].body.decode()
    times = re.findall(r'"\w+_at":"([^"]+)"', text)
    assert times
    assert all(datetime.fromisoformat(time) <= EVENTFUL.as_of for time in times)


def test_a_query_that_chooses_nothing_leaves_the_document_as_it_is() -> None:
    assert answer(EVENTFUL, "/api/v2/summary.json", utm="x") is None
    assert answer(EVENTFUL, "/api/v2/regions/east-us/nothing.json") is None


def test_a_level_above_all_cells_overrides_what_follows_from_them() -> None:
    slow = impact("storage", "east-us", "08:00", level="warning", extent="zone")
    for level, cells, override, shows in (
        ("error", [slow], "critical", "critical"),
        ("warning", [slow], None, "minor"),
        ("error", [], "major", "major"),
        ("informational", [], None, "none"),
    ):
        here = incident("OVER-001", "Slow", *cells, level=level, stage="investigating")
        told = json.loads(pages_of(snapshot(here))["/api/v2/incidents.json"].body)
        (row,) = told["incidents"]
        assert (row["impact_override"], row["impact"]) == (override, shows), level
