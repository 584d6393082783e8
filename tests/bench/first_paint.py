"""From asking for a public page to its first contentful paint, cold: nothing in the browser's cache.

The real web server on loopback; the machine has to be quiet, so that its load stands in each line, and beside
each median that of a page of one word with the same styles: what browser and machine take for themselves. Twice: as
any program is scheduled, and, where that is allowed, before all others: then what else runs holds nothing up.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from statuspage.public.render.files import assets
from statuspage.public.render.page import Page
from statuspage.public.renderer import render_site
from statuspage.public.store.generation import beat, write_generation
from tests.browsing import ARGUMENTS, PHONE, chromium
from tests.public import snapshots
from tests.public.test_serve_granian import granian

GOAL = 150  # milliseconds, of the median
DESK: ViewportSize = {"width": 1440, "height": 900}
ONE_WORD = '<!DOCTYPE html><title>-</title><link rel="stylesheet" href="{}"><p>Good'
CASES = {
    "calm": (snapshots.calm, "/status/"),
    "bad night": (snapshots.bad_night, "/status/"),
    "120 x 60": (snapshots.large, "/status/"),
    "history": (snapshots.bad_night, "/status/history/"),
    "one incident": (snapshots.bad_night, "/status/history/MANA-GER/"),
}
PAINTED = """() => new Promise((done) => new PerformanceObserver((list) => {
  const [paint] = list.getEntriesByName("first-contentful-paint");
  if (paint) done(paint.startTime);
}).observe({type: "paint", buffered: true}))"""


def lines(full: bool) -> Iterator[dict[str, object]]:
    yield from _lines(full, "any")
    ordinary = os.sched_getscheduler(0), os.sched_getparam(0)
    try:  # processes begun from here inherit it
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        return
    try:
        yield from _lines(full, "first")
    finally:
        os.sched_setscheduler(0, *ordinary)


def _lines(full: bool, scheduled: str) -> Iterator[dict[str, object]]:
    for name, (snapshot, path) in CASES.items():
        now = datetime.now(UTC)
        with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
            published = Path(folder)
            site = render_site(replace(snapshot(), as_of=now))
            one_word = Page(ONE_WORD.format(assets.url(assets.MAIN)).encode())
            pages = {**site.pages, "/status/one-word/": one_word}
            write_generation(published, replace(site, pages=pages))
            beat(published, 1, now)
            browser = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
            with granian(published) as port:
                for viewport in (DESK, PHONE):
                    address = f"http://127.0.0.1:{port}"
                    found, words = [], []
                    for _ in range(41 if full else 15):  # in turns: the load is the same for both
                        found.append(_painted(browser, address + path, viewport))
                        words.append(_painted(browser, f"{address}/status/one-word/", viewport))
                    rest = sorted(found[1:])  # the first one warms the programs
                    yield {
                        "case": name,
                        "width": viewport["width"],
                        "scheduled": scheduled,
                        "median_ms": round(statistics.median(rest)),
                        "fastest_ms": round(rest[0]),
                        "slowest_ms": round(rest[-1]),
                        "one_word_ms": round(statistics.median(words[1:])),
                        "goal_ms": GOAL,
                        "load": round(os.getloadavg()[0], 1),
                    }
            browser.close()


def _painted(browser: Browser, address: str, viewport: ViewportSize) -> float:
    """Milliseconds, in a browser profile of its own."""
    context = browser.new_context(viewport=viewport)
    page = context.new_page()
    page.goto(address)
    painted: float = page.evaluate(PAINTED)
    context.close()
    return painted
