"""The desk as an operator meets it: a real Chromium, with and without scripts."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page

from incidents.models import Incident
from tests.browsing import arrive, browser_page, check_accessible

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("catalogue"),
]

PASSWORD = "correct horse battery staple"


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_superuser("olga", password=PASSWORD)


def sign_in(page: Page, server: Any) -> None:
    page.goto(f"{server.url}/admin/desk/")
    page.fill("#id_username", "olga")
    page.fill("#id_password", PASSWORD)
    page.click("[type=submit]")
    arrive(page, "*/admin/desk/")


def preview(page: Page) -> None:
    """A verdict is on the form, too: only the title tells which page it is."""
    page.click("button.primary >> text=Preview")
    page.wait_for_selector("h1 >> text=Preview")


def test_declare_preview_publish_recover_resolve(live_server: Any, operator: User) -> None:
    with browser_page() as (page, complaints):
        sign_in(page, live_server)
        check_accessible(page)
        complaints.clear()  # Chromium asks the login page for a favicon that only the real front has

        page.click("text=Declare an incident")
        for field, typed in (("services", "stor"), ("services", "key va"), ("regions", "west eu")):
            page.click(f"#find-{field}")
            page.keyboard.type(typed)  # in the place of what was ticked before
            page.press(f"#find-{field}", "Enter")
        page.wait_for_selector("#live >> text=PUBLIC – scenario 3")
        assert "2 ticked: Storage, Key Vault" in page.inner_text("#id_services")
        page.locator("#id_regions .more:visible select").select_option("zone")
        page.wait_for_selector("#live >> text=PUBLIC – scenario 1")
        check_accessible(page)
        page.fill("#id_public_title", "Storage requests fail in West Europe")
        page.fill("#id_public_text", "Some requests fail.\n\n- reads\n- writes")
        page.fill("#id_targeted_text", "Only for your eyes.")
        page.fill("#id_next_update_by", "+30")

        preview(page)
        assert page.inner_text(".verdict") == "PUBLIC – scenario 1, broad impact"
        assert "Only for your eyes." in page.inner_text(".mail >> nth=0")
        check_accessible(page)
        page.click("text=Back to the form")
        assert page.input_value("#id_public_text") == "Some requests fail.\n\n- reads\n- writes"
        assert page.locator("#id_regions .more:visible select").input_value() == "zone"
        preview(page)
        page.dblclick("button >> text=Publish")

        page.wait_for_selector("text=is declared and published")
        assert page.locator(".prose li").all_inner_texts() == ["reads", "writes"]
        check_accessible(page)
        page.click("button >> text=Mark recovered")
        page.wait_for_selector("text=West Europe is marked recovered. The incident is mitigated.")
        page.select_option("#update-stage", "resolved")
        page.fill("#update-public_text", "All is well.")
        page.click("text=Post at once")
        page.wait_for_selector("text=Update 3 is posted (Resolved).")
        check_accessible(page)
        page.click("text=Incident desk")
        page.wait_for_selector("main >> text=Nothing is open.")
        assert complaints == []

    incident = Incident.objects.get()
    assert incident.stage == "resolved"
    assert incident.scenario == 1
    assert [each.number for each in incident.communications.order_by("number")] == [1, 2, 3]
    assert incident.communications.public().count() == 3


def test_faults_are_shown_and_reachable(live_server: Any, operator: User) -> None:
    with browser_page() as (page, _):
        sign_in(page, live_server)
        page.click("text=Declare an incident")
        page.click("button.primary >> text=Preview")

        assert page.evaluate("document.activeElement.id") == "errors"
        assert "Services: Tick at least one service." in page.inner_text("#errors")
        assert page.get_attribute("#id_public_title", "aria-invalid") == "true"
        check_accessible(page)


def test_a_phone_needs_no_scrolling_sideways(live_server: Any, operator: User) -> None:
    with browser_page() as (page, _):
        page.set_viewport_size({"width": 390, "height": 844})
        sign_in(page, live_server)
        page.goto(f"{live_server.url}/admin/desk/new/")

        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(wide)


def test_all_of_it_works_without_scripts(live_server: Any, operator: User) -> None:
    with browser_page(scripts=False) as (page, _):
        sign_in(page, live_server)
        page.click("text=Declare an incident")
        assert not page.is_visible("#find-services")
        page.fill("#id_public_title", "ARM is slow")
        page.check("[name=services][value=azure-resource-manager]")
        page.check("[name=regions][value=west-europe]")
        page.select_option("#id_audience", "estimated")
        page.press("#id_public_title", "Enter")
        page.wait_for_selector("h1 >> text=Preview")
        assert page.inner_text(".verdict") == "TARGETED ONLY"
        page.click("text=Back to the form")
        assert page.is_checked("[name=services][value=azure-resource-manager]")
        page.click("text=Count 2")
        assert page.input_value("#id_dependents") == "2"
        page.fill("#id_dependents", "0")
        page.click("button.primary >> text=Preview")
        page.click("button >> text=Publish")
        page.click("button >> text=Mark recovered")
        page.wait_for_selector("text=The incident is mitigated.")

    assert Incident.objects.get().stage == "mitigated"
