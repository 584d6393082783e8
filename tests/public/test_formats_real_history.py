"""A history as it was really written, read from the database: every format holds it, and nothing is open."""

from __future__ import annotations

import io
import json
from pathlib import Path

import feedparser
import pytest
from django.core.management import call_command
from icalendar import Calendar
from jsonschema import Draft202012Validator

from incidents.importers.catalogue_file import load_shipped
from incidents.services.imports.catalogue import apply_catalogue
from statuspage.public.snapshot.reader import read_snapshot
from statuspage.public.snapshot.values import Snapshot
from tests.public.format_snapshots import NOW, answer, pages_of
from tests.public.test_formats_statuspage import FILES

TEXT = Path(__file__).resolve().parents[2] / "incidents" / "data" / "history-2024.txt"


@pytest.fixture
def year(transactional_db: None) -> Snapshot:
    apply_catalogue(catalogue=load_shipped(), now=NOW)
    call_command("import_history", str(TEXT), stdout=io.StringIO())
    return read_snapshot(now=NOW)


def test_a_real_history_is_valid_in_every_format_and_over(year: Snapshot) -> None:
    pages = pages_of(year)
    ids = {one.tracking_id for one in year.incidents}
    assert len(ids) == 2
    for name, fields in FILES.items():
        Draft202012Validator(fields).validate(json.loads(pages[f"/api/v2/{name}.json"].body))
    summary = json.loads(pages["/api/v2/summary.json"].body)
    assert summary["incidents"] == []
    assert summary["status"]["indicator"] == "none"
    assert all(len(pages[f"/api/v2/{name}.json"].body) < 256 * 1024 for name in FILES)
    services = {service for service, _region in year.offered}
    rows = [row for row in summary["components"] if not row["group"]]
    assert len(rows) == len(services) == len({row["name"] for row in rows})
    stages = [
        row["status"] for row in json.loads(pages["/api/v2/incidents.json"].body)["incidents"]
    ]
    assert sorted(stages) == ["postmortem", "resolved"]

    schema = json.loads(pages["/incidents.schema.json"].body)
    found = json.loads(pages["/incidents.json"].body)
    Draft202012Validator(schema).validate(found)
    assert {row["id"] for row in found} == ids
    assert all(row["end"] and not row["currently_affected_locations"] for row in found)
    assert Calendar.from_ical(pages["/maintenance.ics"].body).walk("VEVENT") == []


def test_a_real_history_can_be_read_as_a_feed_and_by_service(year: Snapshot) -> None:
    for path in ("/history.rss", "/history.atom"):
        feed = feedparser.parse(pages_of(year)[path].body)
        assert not feed.bozo
        assert len(feed.entries) == 2
        assert {entry.title.partition(":")[0] for entry in feed.entries} == {
            "Mitigated",
            "Final review",
        }
    slug = year.incidents[0].services[0].slug
    page = answer(year, "/feed.json", service=slug)
    assert page is not None
    items = json.loads(page.body)["items"]
    assert items
    assert all(slug in item["_statuspage"]["services"] for item in items)
