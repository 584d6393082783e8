"""A page that is opened and scrolled stands still: nothing moves when styles, scripts and times arrive."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

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
LOW: ViewportSize = {"width": 1440, "height": 300}
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
PATHS = (
    "/status/",
    "/status/history/",
    "/status/history/minutes/",
    "/status/history/2024-01/",
    "/status/history/MANA-GER/",
    "/status/history/NONE-SUCH/",
    "/status/updates/",
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


@pytest.mark.browser
@pytest.mark.parametrize("scripts", [True, False])
def test_an_address_with_a_place_on_the_page_leads_there(tmp_path: Path, scripts: bool) -> None:
    """The first frame leaves out what is below the headline, and what is looked for with it."""
    now = datetime.now(UTC)
    write_generation(tmp_path, render_site(replace(snapshots.bad_night(), as_of=now)))
    beat(tmp_path, 1, now)
    places = {
        "/status/": "matrix-title",
        "/status/history/": "months-title",
        "/status/history/MANA-GER/": "when",
        "/status/updates/": "said-title",
    }
    with (
        serving(tmp_path, now) as address,
        browser_page(scripts=scripts, viewport=LOW) as (page, _),
    ):
        for path, place in places.items():
            page.goto(f"{address}{path}#{place}")
            page.wait_for_timeout(300)
            top = page.locator(f"#{place}").bounding_box()
            assert top is not None, path
            assert 0 <= top["y"] < LOW["height"], path


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_nothing_moves_when_a_page_arrives_in_two_pieces(tmp_path: Path, width: int) -> None:
    night = snapshots.bad_night()
    write_generation(tmp_path, render_site(night))
    beat(tmp_path, 1, night.as_of)
    viewport: ViewportSize = {"width": width, "height": 900}
    with serving(tmp_path, night.as_of) as address, browser_page(viewport=viewport) as (page, _):
        page.add_init_script(SHIFTS)
        page.clock.set_fixed_time(night.as_of)
        for path in ("/status/", "/status/history/", "/status/history/MANA-GER/"):
            whole, _ = fetched(address + path)
            main = whole.index(b"<main")
            parts = [main + (len(whole) - main) * part // 5 for part in range(1, 5)]
            names = [name.end() for name in re.finditer(b"</dt>", whole)]
            for length in (*parts, *names[:6]):
                with in_two_pieces(address, length) as slow:
                    page.goto(slow + path)
                    page.evaluate(TWO_FRAMES)
                assert page.evaluate("window.shifts") == [], (path, whole[:length][-40:])


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_nothing_moves_when_the_scripts_come_after_the_first_look(
    tmp_path: Path, width: int
) -> None:
    now = datetime.now(UTC)
    write_generation(tmp_path, render_site(replace(snapshots.bad_night(), as_of=now)))
    beat(tmp_path, 1, now)
    whole: ViewportSize = {"width": width, "height": 6000}
    with serving(tmp_path, now) as address, browser_page(viewport=whole) as (page, _):
        page.add_init_script(SHIFTS)
        for path in PATHS:
            with scripts_held(address) as (slow, let_go):
                page.goto(slow + path, wait_until="commit")
                page.wait_for_selector("footer.bottom", state="attached")
                page.wait_for_timeout(200)  # painted, and looked at
                let_go.set()
                page.wait_for_load_state()
                page.wait_for_timeout(200)
            assert page.evaluate("window.shifts") == [], path


@contextmanager
def in_two_pieces(address: str, length: int) -> Iterator[str]:
    """What is served at the address; of a page so many bytes, and the rest when those have been painted."""

    def pieces(path: str, whole: bytes) -> Iterator[bytes]:
        first = length if path.endswith("/") else len(whole)
        yield whole[:first]
        if whole[first:]:
            time.sleep(0.15)
            yield whole[first:]

    with relayed(address, pieces) as slow:
        yield slow


@contextmanager
def scripts_held(address: str) -> Iterator[tuple[str, threading.Event]]:
    """What is served at the address, its scripts only once the event is set."""
    let_go = threading.Event()

    def pieces(path: str, whole: bytes) -> Iterator[bytes]:
        if path.split("?")[0].endswith(".js") and "theme" not in path:
            assert let_go.wait(60), path
        yield whole

    with relayed(address, pieces) as slow:
        yield slow, let_go


@contextmanager
def relayed(address: str, pieces: Callable[[str, bytes], Iterator[bytes]]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            whole, kind = fetched(address + self.path)
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            for piece in pieces(self.path, whole):
                self.wfile.write(piece)
                self.wfile.flush()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def fetched(address: str) -> tuple[bytes, str]:
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc, timeout=20)
    connection.request("GET", parts.path)
    answer = connection.getresponse()
    found = answer.read(), answer.headers["Content-Type"]
    connection.close()
    return found
