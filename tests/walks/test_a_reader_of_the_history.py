"""The history in a browser: strip, filter and back, keyboard, no scripts, paper, and IDs that moved or left.

The site is published into a folder and served by the real application; no database is near.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from playwright.sync_api import Page, expect

from statuspage.public.query.filtered import ASSEMBLERS, FILTERS
from statuspage.public.renderer import render_site
from statuspage.public.serve.app import public_site
from statuspage.public.snapshot.values import ImpactView, NamedView, Snapshot, WindowView
from statuspage.public.store.current_generation import Store
from statuspage.public.store.generation import write_generation
from tests.browsing import PHONE, browser_page, check_accessible
from tests.public import snapshots

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("walks")]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


def snapshot() -> Snapshot:
    """The winter of 2024, with a review in two versions and an impact of ten days ago."""
    winter = snapshots.calm()
    start = winter.as_of - timedelta(days=10)
    end = start + timedelta(minutes=108)
    cell = NamedView("storage", "Storage"), NamedView("west-europe", "West Europe")
    recent = replace(
        snapshots.january(), tracking_id="RECE-NT1", title="Storage is slow", level="warning", review=None,
        started_at=start, ended_at=end, windows=(WindowView("", start, end),),
        impacts=(ImpactView(*cell, (), "zone", "warning", start, end),),
        services=cell[:1], regions=cell[1:],
    )  # fmt: skip
    final = snapshots.january_review()
    first = replace(final, kind="preliminary", version=1, sections=final.sections[:1])
    reviewed = replace(snapshots.january(), review=replace(final, earlier=(first,)))
    return replace(winter, incidents=(recent, snapshots.february(), reviewed))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("published")
    write_generation(folder, render_site(snapshot()))

    def nothing(environ: object, start_response: object) -> list[bytes]:
        start_response("404 Not Found", [("Content-Type", "text/plain")])  # type: ignore[operator]  # a WSGI server's
        return [b"not here"]

    web = public_site(Store(folder), dict(ASSEMBLERS), nothing, keys={"trackingId", *FILTERS})
    server = make_server("127.0.0.1", 0, web, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def tab_to(page: Page, selector: str) -> int:
    """Presses Tab until this has the focus; how often it took."""
    for count in range(1, 80):
        page.keyboard.press("Tab")
        if page.evaluate("(s) => document.activeElement.matches(s)", selector):
            return count
    raise AssertionError(f"{selector} is not reached by Tab")


def test_strip_minutes_and_back_by_keyboard_alone(address: str) -> None:
    with browser_page() as (page, complaints):
        page.goto(f"{address}/status/history/")
        check_accessible(page)
        tab_to(page, ".heats a[href*='geography=europe']")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("geography=europe"))
        expect(page.locator(".said")).to_contain_text("3 of 3 incidents")
        page.go_back()
        page.wait_for_url(re.compile(r"/status/history/$"))
        tab_to(page, ".strip summary")
        page.keyboard.press("Enter")
        expect(page.locator(".strip table")).to_be_visible()
        tab_to(page, "a[href$='/minutes/']")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("minutes"))
        check_accessible(page)

        tab_to(page, ".posted li > a")
        tip = page.locator(".posted .tip").first
        expect(tip).to_be_visible()
        expect(tip).to_contain_text("21 January 2024: 354 min")
        page.keyboard.press("Escape")
        expect(tip).to_be_hidden()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Tab")
        expect(tip).to_be_visible()  # sent away once, not for ever
        tip.hover()
        expect(tip).to_be_visible()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("service=resource-manager&region=west-europe"))
        expect(page.locator(".said")).to_contain_text("2 of 3 incidents")
        page.go_back()
        expect(page.locator("h1")).to_have_text("Publicly posted minutes")
        assert complaints == []


def test_an_unknown_filter_is_named_and_left_out(address: str) -> None:
    with browser_page(viewport=PHONE) as (page, complaints):
        page.goto(f"{address}/status/history/?service=atlantis&level=warning")
        expect(page.locator(".problem")).to_contain_text("“atlantis” is not a service")
        expect(page.locator(".said")).to_contain_text("2 of 3 incidents")
        check_accessible(page)
        page.click(".problem a")
        expect(page.locator(".problem")).to_have_count(0)
        expect(page.locator(".said")).to_contain_text("2 of 3 incidents")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert complaints == []


def test_a_review_without_scripts_has_everything(address: str) -> None:
    with browser_page(scripts=False) as (page, _):
        page.goto(f"{address}/status/history/?q=fault+injection")
        page.click(".entry h3 a")
        page.click(".contents a[href='#versions']")
        page.click(".versions summary")
        expect(page.locator(".versions ins").first).to_be_visible()
        expect(page.locator("[data-copy]")).to_be_hidden()
        expect(page.locator(".share a[href^='mailto:']")).to_be_visible()
        page.click(".opinion a >> nth=3")
        assert page.url == f"{address}/feedback/MANA-GER/?useful=4"


def test_a_merged_id_leads_on_and_a_withdrawn_one_says_its_sentence(address: str) -> None:
    with browser_page() as (page, complaints):
        page.goto(f"{address}/status/history/OLD1-111/")
        assert page.url == f"{address}/status/history/MANA-GER/"
        page.goto(f"{address}/status/history/?trackingId=old1-111")
        expect(page.locator("h1")).to_contain_text("Resource Manager")
        assert complaints == []
        answer = page.goto(f"{address}/status/history/GONE-001/")
        assert answer
        assert answer.status == 410
        expect(page.locator("main")).to_contain_text("has reached the affected customers")
        check_accessible(page)
        answer = page.goto(f"{address}/status/history/2031-01/")
        assert answer
        assert answer.status == 404
        expect(page.locator("main a[href='/status/history/']")).to_be_visible()


def test_paper_shows_what_is_folded_and_leaves_out_what_is_to_be_clicked(address: str) -> None:
    with browser_page() as (page, complaints):
        page.goto(f"{address}/status/history/MANA-GER/")
        check_accessible(page)
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        for gone in (".top nav", ".contents", ".opinion", "[data-print]", ".bottom", "summary"):
            expect(page.locator(gone).first).to_be_hidden()
        for there in (".versions ins", ".plain", ".timeline", ".repairs", ".share .address"):
            expect(page.locator(there).first).to_be_visible()
        assert page.pdf(format="A4").startswith(b"%PDF")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("main details[open]").count() == 0
        assert complaints == []


def test_the_link_can_be_copied(address: str) -> None:
    with browser_page() as (page, complaints):
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(f"{address}/status/history/MANA-GER/")
        page.click("[data-copy]")
        expect(page.locator("#announcer")).to_have_text("Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.endswith("/status/history/MANA-GER/")
        assert complaints == []
