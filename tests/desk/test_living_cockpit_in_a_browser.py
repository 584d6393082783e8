"""The cockpit beside somebody who writes: it goes on by itself, and takes nothing from the hands."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page

from incidents.models import Incident
from incidents.services.incident import declare
from incidents.services.inputs import Statement
from tests.browsing import THEMES, browser_page, check_accessible
from tests.conftest import declaration
from tests.desk.test_walk_in_a_browser import PASSWORD, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("catalogue"),
]
SHOTS = os.environ.get("SHOTS", "")


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_superuser("olga", password=PASSWORD)


@pytest.fixture
def promised(catalogue: None, operator: User) -> Incident:
    now = datetime.now(UTC)
    return declare(
        declaration=declaration(
            started_at=now - timedelta(minutes=90),
            statement=Statement("", "We look into it.", now + timedelta(minutes=4)),
        ),
        now=now,
        actor=operator,
    )


def shot(page: Page, name: str, *, full: bool = True) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=full)


def test_it_goes_on_by_itself(live_server: Any, promised: Incident) -> None:
    here = f"{live_server.url}/admin/desk/{promised.tracking_id}/"
    with browser_page() as (page, complaints):
        sign_in(page, live_server)
        complaints.clear()
        page.goto(here)
        assert "to promise" in page.title()
        sound = page.locator("[data-sound]")
        assert sound.inner_text() == "Sound off", "nobody is disturbed unasked"
        sound.click()
        page.reload()
        assert sound.inner_text() == "Sound on"
        before = page.inner_text(".clocks [data-to]")
        page.fill("#update-targeted_text", "North Europe is back")
        page.wait_for_timeout(2000)
        assert page.inner_text(".clocks [data-to]") != before

        other = page.context.new_page()
        other.goto(here)
        other.fill("#update-targeted_text", "A cable was cut.")
        other.click("text=Post at once")
        other.wait_for_selector("text=Update 2 is posted")

        page.wait_for_selector("text=Somebody was faster.")
        page.wait_for_selector("[data-sound][data-played]")
        assert page.input_value("#update-targeted_text") == "North Europe is back"
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("?")
        page.wait_for_selector("#keys[open]")
        check_accessible(page)
        page.keyboard.press("Escape")
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            check_accessible(page)
            shot(page, f"cockpit-{theme}")
        page.set_viewport_size({"width": 390, "height": 844})
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide)
        button = page.locator("text=Post at once").bounding_box()
        assert button is not None
        shot(page, "cockpit-phone")
        page.goto(f"{live_server.url}/admin/desk/new/")
        preview = page.locator(".act button").bounding_box()
        assert preview is not None
        assert preview["y"] + preview["height"] <= 844, "within one thumb's reach"
        page.goto(f"{live_server.url}/admin/desk/")
        check_accessible(page)
        shot(page, "list-phone")
        assert complaints == []
