"""A rule is built in a real browser: the sentence follows what is ticked; screens are accessible, wide and narrow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Route, expect
from pytest_django.live_server_helper import LiveServer

from notifications.models import ActionGroup, Tenant
from tests.browsing import DESKTOP, PHONE, THEMES, browser_page, check_accessible
from tests.notifications.cast import endpoint
from tests.portal.people import person, signed_in
from tests.portal.test_events import HOME

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.browser,
    pytest.mark.usefixtures("catalogue"),
]
STATIC = Path(__file__).parents[2] / "statuspage/static/statuspage"
OLA = "ola@nordwind.example.com"
SCREENS = (
    "rules/",
    "rules/new/",
    "rules/coverage/",
    "where/",
    "where/new/",
    "where/log/",
    "people/",
    "tokens/",
    "footprint/",
    "planned/",
    "you/",
)


@pytest.fixture
def ola(nordwind: Tenant) -> Client:
    person(OLA, nordwind, role="owner")
    group = ActionGroup.objects.create(tenant=nordwind, name="Ops")
    group.endpoints.set([endpoint("ops@nordwind.example.com", tenant=nordwind)])
    return signed_in(OLA)


def _published(route: Route) -> None:
    """What the publisher serves, named by its content, is not there in a test without one."""
    name = re.sub(r"\.[0-9a-f]{12}\.", ".", route.request.url.rpartition("/")[2])
    route.fulfill(path=STATIC / name)


def test_a_rule_is_built_tried_and_saved(ola: Client, live_server: LiveServer) -> None:
    session = ola.cookies["service_health"].value
    home = f"{live_server.url}{HOME}"
    with browser_page() as (page, complaints):
        page.route("**/static/statuspage/*", _published)
        page.context.add_cookies([{"name": "service_health", "value": session, "url": home}])
        page.goto(f"{home}rules/new/")
        sentence = page.locator("#reading .sentence")
        expect(sentence).to_contain_text("Tell nobody yet about service issues")
        page.get_by_label("Ops").check()
        expect(sentence).to_contain_text("Tell Ops by mail about service issues")
        page.get_by_label("Name").fill("At once")
        page.get_by_role("button", name="Test it").click()
        expect(page.locator("#tested")).to_contain_text("nothing in twelve months")
        expect(page.locator("#tested")).to_be_focused()
        assert page.get_by_label("Name").input_value() == "At once"
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("link", name="At once")).to_be_visible()
        assert [each for each in complaints if "CSP" in each] == []
        for scheme in THEMES:
            page.emulate_media(color_scheme=scheme)
            for viewport in (DESKTOP, PHONE):
                page.set_viewport_size(viewport)
                for screen in SCREENS:
                    page.goto(f"{home}{screen}")
                    check_accessible(page)
                    width = page.evaluate("document.documentElement.scrollWidth")
                    assert width <= viewport["width"], (screen, viewport)
