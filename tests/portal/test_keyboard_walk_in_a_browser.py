"""The walk of a customer with the keyboard alone: from the first sign-in to the evidence."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from django.contrib.auth.models import User
from django.db import connection
from playwright.sync_api import Page, ViewportSize, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from incidents.services.reviews.review import Draft, Section, publish_review
from notifications.channels.email.smtp import RELAY
from notifications.customers.sign_in import codes
from notifications.delivery import plan, send
from notifications.models import ActionGroup, Tenant
from tests.browsing import DESKTOP, PHONE, THEMES, arrive, browser_page, check_accessible
from tests.conftest import declaration, hit
from tests.notifications.cast import endpoint, last
from tests.notifications.conftest import Sink, text_of
from tests.portal.people import person
from tests.portal.test_rules_in_a_browser import _published

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.browser,
    pytest.mark.usefixtures("catalogue"),
]
OLA, OPS = "ola@nordwind.example.com", "ops@nordwind.example.com"
MOST_TABS = 150
T = TypeVar("T")


def aside(act: Callable[[], T]) -> T:
    """Beside the browser, whose loop lets nobody ask the database."""

    def closed() -> T:
        try:
            return act()
        finally:
            RELAY.close()  # each thread has its own, as it has its own connection to the database
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(closed).result()


def told(incident: Incident) -> None:
    plan.plan(communication_id=last(incident).pk, now=datetime.now(UTC))
    send.work()


def of_mail(sink: Sink, address: str, pattern: str) -> str:
    """What a pattern finds in the last mail that has come to an address: its group, or all of it."""
    found = re.search(pattern, text_of(sink.to(address)[-1]))
    assert found, text_of(sink.to(address)[-1])
    return found[len(found.groups())]


def begins(operator: User) -> Incident:
    now = datetime.now(UTC)
    said = declaration(
        hit("key-vault", "west-europe"), statement=Statement(targeted_text="For you.")
    )
    incident = incident_service.declare(
        declaration=replace(said, started_at=now), now=now, actor=operator
    )
    told(incident)
    return incident


def ends(incident: Incident, operator: User) -> None:
    now = datetime.now(UTC)
    incident_service.post_update(
        incident_id=incident.pk,
        stage="resolved",
        statement=Statement(targeted_text="It works again."),
        now=now,
        actor=operator,
    )
    told(incident)
    found = Section("what-happened", "What happened", "A certificate ran out.")
    publish_review(incident_id=incident.pk, draft=Draft("final", [found]), now=now, actor=operator)
    told(incident)


def reach(page: Page, selector: str, *, back: bool = False) -> None:
    """Tab by tab until it is in focus."""
    for _ in range(MOST_TABS):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"the keyboard does not reach {selector}")


def press(page: Page, selector: str, key: str = "Enter", *, back: bool = False) -> None:
    reach(page, selector, back=back)
    page.keyboard.press(key)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_from_the_first_sign_in_to_the_evidence_by_keyboard(
    nordwind: Tenant,
    operator: User,
    live_server: LiveServer,
    viewport: ViewportSize,
    sink: Sink,
    settings: Settings,
) -> None:
    settings.UPDATE_INTERVAL = 0  # it says three things within seconds
    person(OLA, nordwind, role="owner")
    group = ActionGroup.objects.create(tenant=nordwind, name="Ops")
    group.endpoints.set([endpoint(OPS, tenant=nordwind)])
    home = f"{live_server.url}/service-health/"
    with browser_page() as (page, complaints):
        page.set_viewport_size(viewport)
        page.route("**/static/statuspage/*", _published)
        page.goto(home)
        reach(page, "#address")
        page.keyboard.type(OLA)
        page.keyboard.press("Enter")
        arrive(page, "*/code/*")
        aside(lambda: codes.send_codes(now=datetime.now(UTC)))
        reach(page, "#code")
        page.keyboard.type(of_mail(sink, OLA, r"\d{4} \d{4}"))
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Nothing of yours is affected now")

        press(page, "a[href$='/rules/']")
        arrive(page, "*/rules/")
        press(page, "a[href$='/rules/new/']")
        arrive(page, "*/rules/new/")
        reach(page, "#name")
        page.keyboard.type("At night, too")
        press(page, "[name=action_groups]", "Space")
        expect(page.locator("#reading .sentence")).to_contain_text("Tell Ops by mail")
        press(page, "[value=test]", "Enter", back=True)
        expect(page.locator("#tested")).to_contain_text("nothing in twelve months")
        press(page, "[value=save]")
        arrive(page, "*/rules/")

        incident = aside(lambda: begins(operator))
        # The alert is in the mailbox, and leads to the event.
        alert = of_mail(
            sink, OPS, rf"https://status.example.com(/service-health/\S*{incident.tracking_id}\S*)"
        )
        page.goto(f"{live_server.url}{alert}")
        expect(page.locator("main")).to_contain_text("For you.")
        press(page, "nav[aria-label=Main] a[href$='/of/nordwind/']")
        expect(page.locator("h1")).to_contain_text("1 of your 2 subscriptions")
        press(page, f".event a[href*='{incident.tracking_id}']")
        expect(page.locator("main")).to_contain_text("For you.")
        aside(lambda: ends(incident, operator))
        assert ["A certificate ran out." in text_of(each) for each in sink.to(OPS)] == [
            False,
            False,
            True,
        ]
        page.reload()
        expect(page.locator("main")).to_contain_text("A certificate ran out.")  # the review
        screens = [page.url]
        press(page, "a[href$='/evidence/']")
        arrive(page, "*/evidence/")
        expect(page.locator("main")).to_contain_text(OPS)
        expect(page.locator("main")).to_contain_text("250 taken")
        expect(page.locator("main")).to_contain_text("Ed25519")
        screens.append(page.url)
        for scheme in THEMES:
            page.emulate_media(color_scheme=scheme)
            for screen in screens:
                page.goto(screen)
                check_accessible(page)
                width = page.evaluate("document.documentElement.scrollWidth")
                assert width <= viewport["width"], screen
        assert [each for each in complaints if "CSP" in each] == []
