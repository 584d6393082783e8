"""The state on somebody else's page, whose policy allows nothing but us: an element, a frame, a picture."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from statuspage.public.formats import format_answers, format_index, format_parts
from statuspage.public.render.page import Site
from statuspage.public.serve.app import public_site
from statuspage.public.store.current_generation import Store
from statuspage.public.store.generation import write_generation
from tests.browsing import browser_page
from tests.public.format_snapshots import EVENTFUL, answer, pages_of
from tests.public.sites import ask


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """A test prints nothing."""


@pytest.fixture
def shop(address: str, tmp_path: Path) -> Iterator[str]:
    """A page of another site with elements, three frames and a badge."""
    policy = f"default-src 'none'; script-src {address}; connect-src {address}; frame-src {address}; img-src {address}"
    places = (
        'region="west-europe"',
        'service="storage" region="east-us"',
        'service="atlantis"',
        'service="portal"',
        'pairs="storage:east-us,portal:global"',
        'pairs="storage:east-us,storage:west-europe"',
    )
    elements = "".join(f"<p><statuspage-state {one}></statuspage-state></p>" for one in places)
    frames = "".join(
        f'<iframe src="{address}/embed/{one}"></iframe>'
        for one in ("", "regions/west-europe/", "services/portal/")
    )
    (tmp_path / "index.html").write_text(
        f'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<title>Shop</title><script src="{address}/embed.js" defer></script>{elements}{frames}'
        f'<img src="{address}/badge/key-vault.svg" alt="">'
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=tmp_path))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_another_site_shows_what_is_so_for_the_places_it_cares_about(shop: str) -> None:
    with browser_page() as (page, complaints):
        page.goto(shop)
        page.get_by_text("Key Vault – West Europe: out").wait_for()
        page.get_by_text("Storage – East US: operational").wait_for()
        page.get_by_text("Status unknown").wait_for()
        said = [
            page.locator("statuspage-state").nth(n).locator("a").inner_text() for n in range(3, 6)
        ]
        words = [
            page.frame_locator(f"iframe >> nth={n}").locator("svg").get_attribute("aria-label")
            for n in range(3)
        ]
        assert page.evaluate("document.images[0].naturalWidth") > 0
    assert said == [
        "Portal & Co – Global: operational",
        "All 2: operational",
        "Storage: operational",
    ]
    assert words == ["Example Cloud: Critical", "West Europe: Critical", "Portal & Co: Good"]
    # The one that names nothing in the catalogue was refused, and nothing else.
    assert [one for one in complaints if "404" not in one and "favicon" not in one] == []


def test_a_frame_may_be_shown_by_anybody_and_does_nothing() -> None:
    for path in ("/embed/services/storage/", "/embed/regions/global/"):
        page = answer(EVENTFUL, path)
        assert page is not None
        assert b"<script" not in page.body
        assert b'href="https://status.example.com/status/" target="_top"' in page.body
    assert answer(EVENTFUL, "/embed/regions/atlantis/") is None
    assert answer(EVENTFUL, "/embed/services/storage") is None
    assert pages_of(EVENTFUL)["/embed.js"].content_type == "text/javascript; charset=utf-8"


def test_only_frames_may_be_framed(tmp_path: Path) -> None:
    index = format_index(EVENTFUL, site_name="Example", base_url="https://status.example.com")
    whole = Site(7, EVENTFUL.as_of, pages_of(EVENTFUL), format_parts(EVENTFUL), index)
    write_generation(tmp_path, whole)
    web = public_site(Store(tmp_path), format_answers, lambda *_: [])
    for path in ("/embed/", "/embed/regions/east-us/"):
        headers = ask(web, path).headers
        assert "frame-ancestors *" in headers["content-security-policy"]
        assert "x-frame-options" not in headers
    for path in ("/feed.json", "/embed.js", "/api/v2/regions/east-us/summary.json"):
        headers = ask(web, path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
