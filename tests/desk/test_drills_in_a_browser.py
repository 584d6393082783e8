"""A drill from the list to its screen, a number to confirm, and the stop switch, in a real Chromium."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page
from pytest_django.fixtures import Settings

from incidents.models import Incident
from incidents.services.incident import declare
from tests.browsing import THEMES, browser_page, check_accessible
from tests.conftest import declaration
from tests.desk.test_walk_in_a_browser import PASSWORD, sign_in
from tests.notifications.cast import tenant

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("catalogue"),
]
WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def look(page: Page, name: str) -> None:
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert not page.evaluate(WIDE), f"{name} at {width}"
        for scheme in THEMES:
            page.emulate_media(color_scheme=scheme)
            check_accessible(page)
            if folder := os.environ.get("LOOK"):
                page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_drill_is_loud_and_many_receivers_are_confirmed(
    live_server: Any, catalogue: None, settings: Settings
) -> None:
    operator = User.objects.create_superuser("olga", password=PASSWORD)
    settings.CONFIRM_RECEIVERS, settings.DRILL_RECEIVERS = 2, ["inside@example.com"]
    for name in ("inside", "outside"):
        tenant(name, ("key-vault", "west-europe"))
    now = datetime.now(UTC)
    real = declare(declaration=declaration(started_at=now), now=now, actor=operator)
    Incident.objects.filter(pk=real.pk).update(impacted_version=1)
    with browser_page() as (page, complaints):
        sign_in(page, live_server)
        complaints.clear()  # of the login page: a favicon that only the real front has
        page.get_by_role("link", name="Start a drill").click()
        assert page.get_by_text("This is a drill.", exact=True).is_visible()
        look(page, "drill-form")
        page.get_by_label("Public title").fill("Key Vault rehearses")
        page.locator("input[name=services][value=key-vault]").check()
        page.locator("input[name=regions][value=west-europe]").check()
        page.get_by_role("button", name="Preview", exact=True).last.click()
        assert page.get_by_text("This is a drill.", exact=True).is_visible()
        look(page, "drill-preview")
        page.get_by_role("button", name="Publish").click()
        assert page.get_by_text("never public, and sent to the drill").is_visible()
        look(page, "drill-screen")
        page.goto(f"{live_server.url}/admin/desk/{real.tracking_id}/update/")
        assert page.get_by_text("This is a drill.", exact=True).count() == 0
        page.get_by_label("Public text").fill("We know why.")
        page.get_by_label("Stage").select_option("identified")
        page.get_by_role("button", name="Preview", exact=True).last.click()
        look(page, "confirm")
        page.get_by_label("Yes, 2 receivers shall hear of this").check()
        page.get_by_role("button", name="Post the update").click()
        assert page.get_by_text("Update 2 is posted").is_visible()
        page.get_by_text("The audience is known now").click()
        page.get_by_label("Audience", exact=True).select_option("confirmed")
        page.get_by_label("Targeted text").last.fill("It is **your** vault.")
        page.get_by_role("button", name="Set the audience and tell them").click()
        assert page.get_by_text("Nothing was written or sent yet.").is_visible()
        complaints.clear()  # Chromium says so of every 422
        look(page, "asked")
        page.get_by_label("Yes, 2 receivers shall hear of this").check()
        page.get_by_role("button", name="Send it").click()
        assert page.get_by_text("The affected customers are being told.").is_visible()
        page.goto(f"{live_server.url}/admin/desk/sending/")
        page.get_by_label("Why may nothing be sent?").fill("The texts are wrong.")
        page.get_by_role("button", name="Stop all sending").click()
        assert page.get_by_text("All sending is stopped").is_visible()
        look(page, "stopped")
        page.get_by_role("button", name="Release: go on sending").click()
        assert page.get_by_text("Sending goes on").is_visible()
        assert complaints == []
