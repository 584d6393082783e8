"""Words survive what browsers and people do at 3 a.m.: an expired session, a second tab, reload, Back."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, Route

from incidents.models import FormDraft, Incident
from tests.browsing import browser_page
from tests.desk.test_walk_in_a_browser import PASSWORD, preview, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("catalogue"),
]


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_superuser("olga", password=PASSWORD)


def fill_in(page: Page, server: Any) -> None:
    page.goto(f"{server.url}/admin/desk/new/")
    page.check("[name=services][value=storage]")
    page.check("[name=regions][value=west-europe]")
    page.fill("#id_public_title", "Storage requests fail")
    page.fill("#id_targeted_text", "Your accounts\nin zone 1.")
    page.select_option("#id_audience", "estimated")


def as_typed(page: Page) -> None:
    assert page.inner_text("#id_services [data-chosen]") == "1 ticked: Storage"
    assert page.is_checked("[name=regions][value=west-europe]")
    assert page.input_value("#id_targeted_text") == "Your accounts\nin zone 1."
    assert page.input_value("#id_audience") == "estimated"


def test_whatever_happens_to_the_session_or_the_page(live_server: Any, operator: User) -> None:
    with browser_page() as (page, _):
        sign_in(page, live_server)
        fill_in(page, live_server)

        page.context.clear_cookies(name="sessionid")
        page.click("button.primary >> text=Preview")
        page.fill("#id_username", "olga")
        page.fill("#id_password", PASSWORD)
        page.click("[type=submit]")
        page.wait_for_selector("text=Nothing was sent")
        as_typed(page)

        other = page.context.new_page()
        other.context.clear_cookies(name="sessionid")
        sign_in(other, live_server)
        page.click("button.primary >> text=Preview")
        page.wait_for_selector("text=you signed in again")
        as_typed(page)
        preview(page)
        page.wait_for_selector(".verdict >> text=TARGETED ONLY")

        fill_in(page, live_server)
        preview(page)
        page.wait_for_selector(".verdict >> text=TARGETED ONLY")
        page.go_back()
        as_typed(page)
        page.type("#id_internal_title", "stamp 7")
        page.wait_for_selector("text=Draft saved")
        page.reload()
        as_typed(page)
        assert page.input_value("#id_internal_title") == "stamp 7"

        crashed = page.context.new_page()
        crashed.goto(f"{live_server.url}/admin/desk/")
        crashed.click("text=Storage requests fail")
        as_typed(crashed)

    assert not Incident.objects.exists()


def test_what_is_sent_while_its_draft_is_being_saved_leaves_no_draft_behind(
    live_server: Any, operator: User, targeted: Incident
) -> None:
    with browser_page() as (page, _):
        sign_in(page, live_server)
        page.goto(f"{live_server.url}/admin/desk/{targeted.tracking_id}/")
        saves: list[Route] = []
        page.route("**/admin/desk/drafts/", lambda save: saves.append(save))
        page.fill("#update-targeted_text", "A cable was cut.")
        while not saves:
            page.wait_for_timeout(50)
        page.click("text=Post at once", no_wait_after=True)
        saves[0].continue_()
        page.wait_for_selector("text=is posted")

    assert targeted.communications.count() == 2
    assert not FormDraft.objects.exists()


def test_without_a_connection_it_says_so_keeps_trying_and_saves_when_there_is_one_again(
    live_server: Any, operator: User
) -> None:
    with browser_page() as (page, _):
        sign_in(page, live_server)
        fill_in(page, live_server)
        page.context.set_offline(True)
        page.fill("#id_internal_title", "stamp 7")
        page.wait_for_selector("text=Not saved: no connection. Trying again")
        page.context.set_offline(False)
        page.wait_for_selector("text=Draft saved")

    assert FormDraft.objects.get().fields["internal_title"] == ["stamp 7"]
