"""My services are chosen, kept without a cookie, and shown first; a refresh disturbs nobody."""

from __future__ import annotations

import re
from typing import cast

import pytest
from playwright.sync_api import Page, expect

from tests.browsing import DESKTOP, PHONE, browser_page, check_accessible
from tests.walks.conftest import Demo

# One running product for all walks, also when the tests are spread over several processes.
pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("walks")]

SWAPPED = """
() => new Promise((done) => {
  document.addEventListener("htmx:after:swap", () => setTimeout(done, 50), { once: true });
  htmx.trigger(document.querySelector("#live"), "refresh");
})
"""


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_services_are_chosen_by_a_form_and_named_by_the_address(
    demo: Demo, *, scripts: bool
) -> None:
    with browser_page(scripts=scripts) as (page, complaints):
        page.goto(f"{demo.url}/status/")
        page.click("text=My services")
        expect(page.locator("h1")).to_have_text("Choose the services that you use.")
        page.check("input[name=services][value=key-vault]")
        page.check("input[name=services][value=storage]")
        page.check("input[name=regions][value=west-europe]")
        page.click("text=Show my services")
        page.wait_for_url(re.compile("services="))
        expect(page.locator("h1")).to_contain_text("your 2 services in West Europe")
        if scripts:
            assert re.search(
                r"services=(key-vault(,|%2C)storage|storage(,|%2C)key-vault)", page.url
            )
        assert complaints == []
        assert page.context.cookies() == []


def test_what_is_kept_in_the_browser_is_shown_first_until_it_is_forgotten(demo: Demo) -> None:
    with browser_page() as (page, complaints):
        page.goto(f"{demo.url}/status/?services=key-vault&regions=west-europe")
        page.click("text=Show these first")
        expect(page.locator("#announcer")).not_to_be_empty()
        page.goto(f"{demo.url}/status/")
        expect(page.locator("#mine h2")).to_contain_text("your service in West Europe")
        check_accessible(page)
        page.click("[data-mine]")
        page.click("text=Forget them")
        page.goto(f"{demo.url}/status/")
        expect(page.locator("#mine h2")).to_have_count(0)
        expect(page.locator("#mine")).to_contain_text("Choose what you use")
        assert complaints == []


def test_a_refresh_keeps_focus_words_scroll_and_open_parts(demo: Demo) -> None:
    with browser_page() as (page, complaints):
        page.goto(f"{demo.url}/status/europe/")
        page.click("details.rest:not(.place) > summary")
        page.check("[data-only]")
        page.fill("#q", "virtual")
        page.evaluate("window.scrollTo(0, 120)")
        before = _standing(page)
        page.evaluate(SWAPPED)
        assert _standing(page) == before
        assert before["focus"] == "q"
        assert complaints == []


def _standing(page: Page) -> dict[str, object]:
    return cast(
        "dict[str, object]",
        page.evaluate(
            """() => ({
              focus: document.activeElement.id,
              typed: document.querySelector("#q").value,
              open: document.querySelector("details.rest:not(.place)").open,
              only: document.querySelector("[data-only]").checked,
              scroll: window.scrollY,
            })"""
        ),
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_accessible_at_both_widths_in_both_themes(demo: Demo, theme: str) -> None:
    with browser_page() as (page, _):
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        for path in (
            "/status/",
            "/de/status/",
            "/status/?q=key",
            "/status/?services=key-vault,storage",
            "/status/history/",
            "/status/history/2024-01/",
            "/status/history/minutes/",
            "/ja/status/history/4VXZ-9CE/",
            "/status/history/44PR-0RQ/",
            "/status/history/ZZZZ-ZZZ/",
            "/subscribe/",
        ):
            for size in (DESKTOP, PHONE):
                page.set_viewport_size(size)
                page.goto(f"{demo.url}{path}")
                check_accessible(page)
                wide = page.evaluate("document.documentElement.scrollWidth")
                assert wide <= size["width"], (path, size)


def test_the_keyboard_alone_reaches_content_and_no_cell_that_is_good(demo: Demo) -> None:
    with browser_page() as (page, _):
        page.goto(f"{demo.url}/status/")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        stops = page.evaluate(
            """() => [...document.querySelectorAll("main a, main button, main input, main select,"
              + " main summary, main [tabindex='0']")].filter((e) => e.checkVisibility()).length"""
        )
        assert stops < 60
