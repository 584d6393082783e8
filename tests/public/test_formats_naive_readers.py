"""Programs that others wrote, at their most naive: they key by name or by id and look at nothing else.

Whatever happens, none of them reads that all is well where a cell is out, and none is alarmed for a region
that is fine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from incidents.status_mapping import cell_state, shown
from statuspage.public.formats import format_answers
from statuspage.public.snapshot.values import CommunicationView, ImpactView, IncidentView, Snapshot
from tests.public.format_snapshots import (
    NOW,
    OFFERED,
    REGIONS,
    SERVICES,
    Generation,
    generation,
    incident,
    pages_of,
    snapshot,
)

# Shrinking one of these histories takes minutes; what fails is small enough to read.
QUICK = settings(max_examples=60, phases=(Phase.explicit, Phase.generate))
WELL = "operational"
SERVICE_STAGES = ("investigating", "identified", "mitigating", "mitigated", "resolved")
WORK_STAGES = ("planned", "rescheduled", "in-progress", "complete", "cancelled")
past = st.integers(1, 300).map(lambda minutes: NOW - timedelta(minutes=minutes))


@st.composite
def impacts(draw: st.DrawFn) -> ImpactView:
    service, region = draw(st.sampled_from(sorted(OFFERED)))
    start = draw(past)
    end = draw(st.none() | st.datetimes(start.replace(tzinfo=None), NOW.replace(tzinfo=None)))
    return ImpactView(
        SERVICES[service],
        REGIONS[region],
        (),
        draw(st.sampled_from(("subset", "zone", "region"))),
        draw(st.sampled_from(("error", "warning", "informational"))),
        start,
        end.replace(tzinfo=NOW.tzinfo) if end else None,
    )


@st.composite
def incidents(draw: st.DrawFn) -> IncidentView:
    kind = draw(st.sampled_from(("service-issue", "health-advisory", "planned-maintenance")))
    stages = st.sampled_from(WORK_STAGES if kind == "planned-maintenance" else SERVICE_STAGES)
    said = draw(st.lists(st.tuples(past, stages, st.booleans()), max_size=4))
    told = tuple(
        CommunicationView(n, "update", stage, at, "<p>x</p>", "x", "en", announced=announced)
        for n, (at, stage, announced) in enumerate(sorted(said), start=1)
    )
    hits = draw(st.lists(impacts(), min_size=1, max_size=5))
    stage = draw(stages)
    still = any(one.end is None for one in hits)
    return incident(
        draw(st.from_regex(r"[A-Z]{4}-[A-Z0-9]{3}", fullmatch=True)),
        "Something",
        *hits,
        kind=kind,
        stage=stage,
        active=still or stage not in ("resolved", "complete", "cancelled"),
        communications=told[::-1],
        scheduled_for=min(one.start for one in hits),
    )


histories = st.lists(incidents(), max_size=4, unique_by=lambda one: one.tracking_id)


class Site:
    """The documents as a program asks for them."""

    def __init__(self, seen: Snapshot) -> None:
        self._pages = pages_of(seen)
        self._generation: Generation = generation(seen)

    def __call__(self, path: str, **query: str) -> Any:
        path = f"/api/v2/{path}.json"
        if path in self._pages and not query:
            return json.loads(self._pages[path].body)
        page = format_answers["/api/v2/"](path, query, self._generation)
        assert page is not None
        assert page.status == 200
        return json.loads(page.body)


def readers(rows: list[Any]) -> Iterator[dict[str, str]]:
    """By name, the last or the first of equal names, and by id."""
    yield {row["name"]: row["status"] for row in rows}
    yield {row["name"]: row["status"] for row in reversed(rows)}
    yield {f"id {row['id']}": row["status"] for row in rows}


def out(seen: Snapshot) -> Mapping[tuple[str, str], str]:
    """The cells that are not well, by the rules of the matrix alone."""
    return {cell: one.state for cell, one in seen.cells.items() if one.state != "information"}


def is_alarmed(summary: Any) -> bool:
    """As a health check of a region would be."""
    return (
        summary["status"]["indicator"] != "none"
        or any(row["status"] != WELL for row in summary["components"])
        or any(row["status"] not in ("monitoring", "resolved") for row in summary["incidents"]
               if row["impact"] != "none")
    )  # fmt: skip


@QUICK
@given(history=histories)
def test_nobody_reads_that_all_is_well_where_a_cell_is_out(history: list[IncidentView]) -> None:
    seen = snapshot(*history)
    ask, broken = Site(seen), out(seen)
    for found in readers(ask("summary")["components"]):
        for service, view in SERVICES.items():
            if view.name in found:
                assert (found[view.name] != WELL) == any(cell[0] == service for cell in broken)
    for service, region in OFFERED:
        name = f"{SERVICES[service].name} – {REGIONS[region].name}"
        views = [
            ask(f"regions/{region}/summary"),
            ask(f"services/{service}/summary"),
            ask("summary", pairs=f"{service}:{region}"),
        ]
        ids = {row["id"] for view in views for row in view["components"] if row["name"] == name}
        assert len(ids) == 1
        for view in views:
            for found in readers(view["components"]):
                known = found.get(name, found.get(f"id {next(iter(ids))}"))
                assert (known != WELL) == ((service, region) in broken)
            if broken.get((service, region)) in ("critical", "warning"):
                assert view["status"]["indicator"] != "none"


@QUICK
@given(history=histories)
def test_nobody_is_alarmed_for_a_place_that_is_fine(history: list[IncidentView]) -> None:
    seen = snapshot(*history)
    ask, broken = Site(seen), out(seen)
    for region in REGIONS:
        if not any(cell[1] == region for cell in broken):
            assert not is_alarmed(ask(f"regions/{region}/summary"))
    for service in SERVICES:
        if not any(cell[0] == service for cell in broken):
            assert not is_alarmed(ask(f"services/{service}/summary"))
    for service, region in OFFERED:
        if (service, region) not in broken:
            assert not is_alarmed(ask("summary", service=service, region=region))


@QUICK
@given(history=histories)
def test_a_reader_of_googles_shape_takes_every_product_for_hit_in_every_location(
    history: list[IncidentView],
) -> None:
    seen = snapshot(*history)
    rows = json.loads(pages_of(seen)["/incidents.json"].body)
    told = {
        (product["id"], place["id"])
        for row in rows
        if row["end"] is None
        for product in row["affected_products"]
        for place in row["currently_affected_locations"]
    }
    assert told <= set(seen.cells)
    assert {cell for cell, state in out(seen).items() if state != "maintenance"} <= told
    assert len({row["id"] for row in rows}) == len(rows)


@QUICK
@given(history=histories, region=st.sampled_from(sorted(REGIONS)))
def test_what_an_incident_says_of_itself_agrees_with_its_updates(
    history: list[IncidentView], region: str
) -> None:
    ask = Site(snapshot(*history))
    announced = sum(said.announced for one in history for said in one.communications)
    whole: dict[str, set[str]] = {}
    for view in ("", f"regions/{region}/"):
        rows = [
            *ask(f"{view}incidents")["incidents"],
            *ask(f"{view}scheduled-maintenances")["scheduled_maintenances"],
        ]
        for row in rows:
            told = row["incident_updates"]
            times = [update["created_at"] for update in told]
            assert times == sorted(times, reverse=True)
            assert row["created_at"] <= min(times, default=row["created_at"])
            assert row["updated_at"] >= max(times, default=row["updated_at"])
            assert row["status"] == (told[0]["status"] if told else row["status"])
            assert all(
                datetime.fromisoformat(row[key]) <= NOW for key in ("created_at", "started_at")
            )
            assert (row["resolved_at"] is not None) == (
                row["status"] in ("resolved", "postmortem", "completed")
            )
            ids = {update["id"] for update in told if not update["body"].startswith("Impact")}
            assert ids <= whole.setdefault(row["id"], ids)
        told = [update for row in rows for update in row["incident_updates"]]
        assert sum(update["deliver_notifications"] for update in told) <= announced
        assert not [
            u for u in told if u["deliver_notifications"] and u["body"].startswith("Impact")
        ]


def test_the_rules_above_are_those_of_the_one_table() -> None:
    for level in ("error", "warning", "informational"):
        for extent in ("subset", "zone", "region"):
            component = shown("service-issue", level, extent).component
            state = cell_state("service-issue", level, extent)
            assert (component == WELL) == (state == "information")


def test_a_region_that_recovered_is_done_with_while_the_incident_goes_on_elsewhere() -> None:
    here, there = (
        ImpactView(SERVICES["storage"], REGIONS[region], (), "region", "error", NOW - timedelta(hours=2), end)
        for region, end in (("east-us", NOW - timedelta(hours=1)), ("west-europe", None))
    )  # fmt: skip
    said = CommunicationView(
        1, "update", "identified", NOW - timedelta(minutes=5), "<p>On it.</p>", "On it.", "en"
    )
    open_one = incident("GOON-001", "Storage fails", here, there, communications=(said,))
    ask = Site(snapshot(replace(open_one, stage="identified")))
    assert ask("regions/east-us/summary")["incidents"] == []
    (row,) = ask("regions/east-us/incidents")["incidents"]
    assert (row["status"], row["resolved_at"]) == ("resolved", "2026-03-01T08:30:00.000Z")
    assert [update["body"] for update in row["incident_updates"]] == [
        "Impact ended: Storage in East US.",
        "Impact began: Storage in East US.",
    ]
    (still,) = ask("regions/west-europe/summary")["incidents"]
    assert still["status"] == "identified"
