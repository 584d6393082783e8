"""What is printed: everything that is affected, nothing else, and on each sheet where and when it is from."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pypdf import PdfReader

from statuspage.public.renderer import render_site
from statuspage.public.snapshot.values import CellView, Snapshot
from statuspage.public.store.generation import beat, write_generation
from tests.browsing import browser_page
from tests.public import snapshots
from tests.public.test_old_copies import serving

pytestmark = pytest.mark.browser


def printed(folder: Path, snapshot: Snapshot, path: str) -> list[str]:
    """The words of each sheet of A4, with single spaces."""
    write_generation(folder, render_site(snapshot))
    beat(folder, snapshot.revision, snapshot.as_of)
    with serving(folder, snapshot.as_of) as address, browser_page() as (page, _):
        page.goto(address + path)
        paper = page.pdf(format="A4", prefer_css_page_size=True)
    return [" ".join(one.extract_text().split()) for one in PdfReader(io.BytesIO(paper)).pages]


def worst_day() -> Snapshot:
    """Every service in every region where it is offered: far more columns than a sheet is wide."""
    now = datetime.now(UTC)
    night = snapshots.bad_night()
    since = now.replace(minute=0)
    cells = {
        key: CellView("critical" if number % 3 else "warning", ("MANA-GER",), since)
        for number, key in enumerate(sorted(night.offered))
    }
    return replace(night, as_of=now, cells=cells)


@pytest.mark.parametrize("path", ["/status/", "/status/americas/"])
def test_every_affected_cell_is_on_paper(tmp_path: Path, path: str) -> None:
    snapshot = worst_day()
    words = " ".join(printed(tmp_path, snapshot, path))
    names = {**snapshot.region_names, "global": "Non-regional"}
    expected = Counter(
        f"{'Critical' if cell.state == 'critical' else 'Warning'}: {names[region]}"
        for (_, region), cell in snapshot.cells.items()
    )
    for line, times in expected.items():
        longer = sum(n for other, n in expected.items() if other != line and line in other)
        assert words.count(line) == times + longer, line
    for service, _ in snapshot.cells:
        assert snapshot.service_names[service] in words


def test_south_central_us_is_on_paper(tmp_path: Path) -> None:
    """It was the column that a sheet of A4 had cut off."""
    night = replace(snapshots.bad_night(), as_of=datetime.now(UTC))
    assert "South Central US" in " ".join(printed(tmp_path, night, "/status/"))


@pytest.mark.parametrize("path", ["/status/", "/status/history/MANA-GER/"])
def test_each_sheet_says_where_and_when_it_is_from(tmp_path: Path, path: str) -> None:
    sheets = printed(tmp_path, worst_day(), path)
    assert len(sheets) > 1
    for sheet in sheets:
        assert f"{path} ·" in sheet
        assert "as of" in sheet or "Latest update" in sheet


def test_nothing_that_is_good_is_printed(tmp_path: Path) -> None:
    night = replace(snapshots.bad_night(), as_of=datetime.now(UTC))
    words = " ".join(printed(tmp_path, night, "/status/"))
    for name in ("Cosmos DB", "Poland Central", "Good"):
        assert name not in words
