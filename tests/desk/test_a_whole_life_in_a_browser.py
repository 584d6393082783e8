"""One incident from its first word to its withdrawal, at a desk whose browser dies while somebody is writing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from playwright.sync_api import Error, Page

from incidents.models import FormDraft, Incident
from incidents.services.visibility import review_delivered
from tests.browsing import browser_page
from tests.desk.test_walk_in_a_browser import PASSWORD, sign_in
from tests.notifications.cast import tenant

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("catalogue"),
]


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_superuser("olga", password=PASSWORD)


def crash(page: Page) -> Page:
    """Once the draft is saved the page's process dies without a word to it; the operator opens another one."""
    page.wait_for_selector("text=Draft saved")
    with suppress(Error):
        page.goto("chrome://crash")
    return page.context.new_page()


def elsewhere(act: Callable[[], None]) -> None:
    """Playwright's loop runs in this thread, where Django refuses to ask the database."""

    def and_close() -> None:
        with closing(connection):
            act()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(and_close).result()


def is_settled() -> None:
    one = Incident.objects.get()
    review_delivered(incident_id=one.pk, told=1, planned=1, now=datetime.now(UTC))


def declare(page: Page, desk: str) -> Page:
    page.goto(f"{desk}new/")
    page.check("[name=services][value=storage]")
    page.check("[name=regions][value=west-europe]")
    page.check("[name=regions][value=north-europe]")
    page.select_option("#id_level", "warning")
    page.fill("#id_public_title", "Storage requests are slow")
    page = crash(page)
    page.goto(desk)
    page.click("text=Storage requests are slow")
    assert page.input_value("#id_level") == "warning"
    assert page.is_checked("[name=regions][value=north-europe]")
    page.click("button.primary >> text=Preview")
    page.click("button >> text=Publish")
    page.wait_for_selector("text=is declared and published")
    return page


def update(page: Page, incident: str) -> Page:
    page.select_option("#update-stage", "identified")
    page.fill("#update-public_text", "A cable was cut.\n\nIt is being mended.")
    page.fill("#update-targeted_text", "Your accounts in zone 1.")
    page.fill("#update-next_update_by", "+60")
    page = crash(page)
    page.goto(incident)
    page.click("text=Draft of olga")
    assert page.input_value("#id_stage") == "identified"
    assert page.input_value("#id_public_text") == "A cable was cut.\n\nIt is being mended."
    assert page.input_value("#id_targeted_text") == "Your accounts in zone 1."
    assert page.input_value("#id_next_update_by") == "+60"
    page.click("button.primary >> text=Preview")
    page.click("button >> text=Post the update")
    page.wait_for_selector("text=Update 2 is posted (Identified)")
    return page


def review(page: Page, incident: str, kind: str, text: str) -> Page:
    page.click("text=Write the review")
    page.select_option("#id_kind", kind)
    page.fill("#id_text_1", text)
    page.fill("#id_timeline", "2026-01-10 09:00 First errors.")
    page.fill("#id_repairs", "A second path | Network team | planned | 2026-12")
    page = crash(page)
    page.goto(incident)
    page.click("text=Draft of olga")
    assert page.input_value("#id_kind") == kind
    assert page.input_value("#id_text_1") == text
    assert page.input_value("#id_timeline") == "2026-01-10 09:00 First errors."
    assert page.input_value("#id_repairs") == "A second path | Network team | planned | 2026-12"
    page.click("button.primary >> text=Preview")
    page.click("button >> text=Publish the review")
    page.wait_for_selector(f"text=of the review ({kind.capitalize()}) is published")
    return page


def test_from_the_first_word_to_the_withdrawal(live_server: Any, operator: User) -> None:
    tenant("contoso", ("storage", "west-europe"), ("storage", "north-europe"))
    desk = f"{live_server.url}/admin/desk/"
    with browser_page() as (page, _):
        sign_in(page, live_server)
        page = declare(page, desk)
        incident = page.url
        page = update(page, incident)
        page.click("button:has-text('Mark recovered: North Europe')")
        page.wait_for_selector("text=North Europe is marked recovered")

        page.goto(f"{incident}list/")
        page.set_input_files(
            "#id_file", {"name": "hit.txt", "mimeType": "text/plain", "buffer": b"contoso-1\n"}
        )
        page.click("text=Read the file")
        page.click("text=Put it into force")
        page.wait_for_selector("text=1 subscriptions are on the list")
        page.goto(incident)
        page.click("summary >> text=The audience is known now")
        page.select_option("#audience-audience", "confirmed")
        page.click("text=Set the audience and tell them")
        page.wait_for_selector("text=The audience is confirmed now")

        page.select_option("#update-stage", "resolved")
        page.click("text=Post at once")
        page.wait_for_selector("text=is posted (Resolved)")
        page = review(page, incident, "preliminary", "A digger met a **cable**.")
        page = review(page, incident, "final", "A digger met a **cable** that no map has.")
        elsewhere(is_settled)
        page.goto(incident)
        page.wait_for_selector(".tag >> text=withdrawn")

    one = Incident.objects.get()
    assert Incident.objects.gone().get() == one
    assert [each.kind for each in one.reviews.order_by("version")] == ["preliminary", "final"]
    assert not FormDraft.objects.exists()
