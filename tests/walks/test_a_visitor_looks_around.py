"""Status, history, filter, back, incident: as a visitor meets them, with and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browsing import PHONE, browser_page, check_accessible
from tests.walks.conftest import Demo

# One running product for all walks, also when the tests are spread over several processes.
pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("walks")]


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_from_status_through_a_filtered_history_to_an_incident(
    demo: Demo, *, scripts: bool
) -> None:
    with browser_page(scripts=scripts) as (page, complaints):
        page.goto(f"{demo.url}/status/")
        expect(page.locator("h1")).to_be_visible()
        if scripts:
            check_accessible(page)

        page.click("nav >> text=History")
        expect(page.locator("body")).to_contain_text("January 2024")
        expect(page.locator("body")).to_contain_text("February 2024")

        page.click("summary >> text=Filter by service")
        page.select_option("select[name=service]", "key-vault")
        if not scripts:
            page.click("form:has(select[name=service]) [type=submit]")
        page.wait_for_url(re.compile("service=key-vault"))
        expect(page.locator("#results, main").first).not_to_contain_text("Azure Portal – Europe")
        expect(page.locator("main")).to_contain_text("Azure Resource Manager – Central US")

        page.click("text=Azure Resource Manager – Central US")
        expect(page.locator("h1")).to_contain_text("Azure Resource Manager")
        expect(page.locator("body")).to_contain_text("03:57")
        expect(page.locator("body")).to_contain_text("Repair items")
        if scripts:
            check_accessible(page)

        page.go_back()
        page.wait_for_url(re.compile("service=key-vault"))
        expect(page.locator("main")).to_contain_text("Azure Resource Manager – Central US")
        expect(page.locator("select[name=service]")).to_have_value("key-vault")
        page.go_back()
        page.wait_for_url(re.compile(r"/status/history/$"))
        expect(page.locator("main")).to_contain_text("Azure Portal – Europe")
        assert complaints == []
        assert page.context.cookies() == []


def test_one_service_name_answers_the_visitor_on_a_phone(demo: Demo) -> None:
    with browser_page(viewport=PHONE) as (page, complaints):
        page.goto(f"{demo.url}/status/")
        page.fill("input[type=search]", "key vault")
        answer = page.locator("main >> text=/Key Vault/").locator("visible=true").first
        expect(answer).to_be_visible()
        box = answer.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= PHONE["height"], "visible without scrolling"
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], "no sideways scrolling"
        assert complaints == []


def test_a_tracking_id_that_never_was_gets_the_plain_404(demo: Demo) -> None:
    status, page = demo.get("/status/history/ZZZZ-ZZZ/")
    assert status == 404
    assert "/status/history/" in page, "a way on is offered"
