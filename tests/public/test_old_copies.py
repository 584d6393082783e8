"""A copy that a cache kept says by itself that it is old, once scripts run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from statuspage import languages
from statuspage.public.renderer import render_site
from statuspage.public.serve.app import public_site
from statuspage.public.store.current_generation import Store
from statuspage.public.store.generation import write_generation
from tests.browsing import browser_page, check_accessible
from tests.public import snapshots


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing to say."""


@contextmanager
def serving(folder: Path, at: datetime) -> Iterator[str]:
    """As a cache would go on serving what the site answered at that time."""
    store = Store(folder, clock=lambda: at)
    site = public_site(store, {}, lambda *_: [], languages=languages.others())
    with make_server("127.0.0.1", 0, site, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.browser
def test_a_copy_is_believed_for_five_minutes_and_then_says_how_old_it_is(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    with browser_page() as (page, complaints):
        for number, (age, told) in enumerate(
            ((timedelta(minutes=1), False), (timedelta(minutes=9), True))
        ):
            snapshot = replace(snapshots.calm(now=now - age), revision=number + 1)
            folder = tmp_path / str(number)
            write_generation(folder, render_site(snapshot))
            with serving(folder, snapshot.as_of) as address:
                for path in ("/status/", "/status/history/"):
                    page.goto(address + path)
                    assert page.locator("[data-old]").is_visible() is told, (path, age)
                if told:
                    check_accessible(page)
                page.goto(f"{address}/status/history/MANA-GER/")
                assert page.locator("[data-old]").count() == 0
    assert complaints == []
