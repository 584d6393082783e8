"""A page that is opened and scrolled stands still: nothing moves when styles, scripts and times arrive."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize

from statuspage.public.renderer import render_site
from statuspage.public.store.generation import beat, write_generation
from tests.browsing import browser_page
from tests.public import snapshots
from tests.public.test_old_copies import serving

SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const shift of list.getEntries()) {
    const moved = shift.sources.map(({node}) => (node?.outerHTML ?? node?.textContent ?? "").slice(0, 80));
    window.shifts.push([shift.value, moved]);
  }
}).observe({type: "layout-shift", buffered: true});
"""
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
PATHS = (
    "/status/",
    "/status/history/",
    "/status/history/minutes/",
    "/status/history/2024-01/",
    "/status/history/MANA-GER/",
    "/status/history/NONE-SUCH/",
)


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
@pytest.mark.parametrize("day", ["calm", "bad", "large"])
def test_nothing_moves_on_a_public_page(tmp_path: Path, width: int, day: str) -> None:
    now = datetime.now(UTC)
    made = {"calm": snapshots.calm, "bad": snapshots.bad_night, "large": snapshots.large}
    # Of now: an old copy says so on top, as soon as it can.
    write_generation(tmp_path, render_site(replace(made[day](), as_of=now)))
    beat(tmp_path, 1, now)
    viewport: ViewportSize = {"width": width, "height": 900}
    with serving(tmp_path, now) as address, browser_page(viewport=viewport) as (page, _):
        page.add_init_script(SHIFTS)
        for path in PATHS:
            page.goto(address + path)
            page.evaluate(TWO_FRAMES)
            page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
            page.evaluate(TWO_FRAMES)
            assert page.evaluate("window.shifts") == [], path
