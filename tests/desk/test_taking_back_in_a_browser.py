"""Thirty seconds, lived through: the bar counts down, a key takes back, and a page alone carries out what is due."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from incidents.models import Incident
from tests.browsing import THEMES, browser_page, check_accessible
from tests.desk.test_living_cockpit_in_a_browser import shot
from tests.desk.test_walk_in_a_browser import PASSWORD, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("catalogue"),
]


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_superuser("olga", password=PASSWORD)


def test_taken_back_by_a_key_and_sent_when_time_is_over(
    live_server: Any, operator: User, targeted: Incident, settings: Any
) -> None:
    settings.UNDO_SECONDS = 12
    here = f"{live_server.url}/admin/desk/{targeted.tracking_id}/"
    with browser_page() as (page, complaints):
        sign_in(page, live_server)
        complaints.clear()
        page.goto(here)
        page.fill("#update-public_text", "A cable was cut.")
        page.click("text=Post at once")
        page.wait_for_selector(".undo >> text=goes out at")
        page.wait_for_selector(".undo >> text=/In \\d+ s/")
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            check_accessible(page)
            shot(page, f"undo-{theme}")
        page.keyboard.press("z")
        page.wait_for_selector("text=Taken back: nobody was told.")
        assert page.input_value("#id_public_text") == "A cable was cut."
        page.fill("#id_public_text", "Two cables were cut.")
        page.click("text=Post at once")
        page.wait_for_selector(".undo >> text=goes out at")
        page.wait_for_selector("text=Said so far")
        page.wait_for_selector(".said >> text=Two cables were cut.")
        assert page.locator(".undo").count() == 0
        assert complaints == []
    texts = targeted.communications.values_list("public_text", flat=True)
    assert "Two cables were cut." in texts
    assert "A cable was cut." not in texts
