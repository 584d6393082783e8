"""Review, retraction, replay and backtest in a real Chromium: accessible, and quiet under the policy."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from incidents.models import Incident
from incidents.services.desk import text_templates
from incidents.services.incident import declare, post_update
from incidents.services.reviews.review import Draft, Repair, Section, publish_review
from incidents.services.scheduled import posts
from notifications.delivery import plan
from notifications.models import Attempt, Delivery, Endpoint
from tests.browsing import THEMES, browser_page, check_accessible
from tests.conftest import declaration, hit
from tests.desk.test_walk_in_a_browser import PASSWORD, sign_in
from tests.notifications.cast import tenant

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("catalogue"),
]
WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_superuser("olga", password=PASSWORD)


@pytest.fixture
def broad(operator: User, catalogue: None) -> str:
    """The desk's path of a mitigated, public incident."""
    now = datetime.now(UTC)
    hits = (hit("storage", "west-europe", extent="region"), hit("key-vault", "west-europe"))
    incident = declare(declaration=declaration(*hits), now=now, actor=operator)
    post_update(incident_id=incident.pk, now=now, stage="mitigated", actor=operator)
    Incident.objects.update(alarm="The review reached none of its 3 receivers.")
    return f"/admin/desk/{incident.tracking_id}/"


@pytest.fixture
def worked_on(broad: str, operator: User) -> None:
    """`broad` with a review, a repair item, and a post that waits for its time; and a text to begin with."""
    incident, now = Incident.objects.get(), datetime.now(UTC)
    repairs = [Repair("A second path", owner="Network team", due="2026-12")]
    publish_review(
        incident_id=incident.pk,
        draft=Draft("preliminary", [Section("what", "What?", "It failed.")], repairs=repairs),
        now=now,
        actor=operator,
    )
    text_templates.keep(
        template_id=None,
        name="A cable",
        kind="",
        stage="",
        language="en",
        public_text="A cable was cut.",
        targeted_text="",
        now=now,
        actor=operator,
    )
    posts.schedule(
        verb=partial(post_update, incident_id=incident.pk, stage="resolved"),
        tracking_id=incident.tracking_id,
        due_at=now + timedelta(hours=1),
        brief=False,
        page=f"/admin/desk/{incident.tracking_id}/update/",
        form="update",
        fields={"public_text": ["All is well."]},
        now=now,
        actor=operator,
    )


@pytest.fixture
def suppressed(catalogue: None) -> Endpoint:
    """The only address of a tenant."""
    tenant("here", ("storage", "west-europe"))
    Endpoint.objects.update(
        suppressed_at=datetime.now(UTC), suppressed_because="550 5.1.1 No such user"
    )
    return Endpoint.objects.get()


@pytest.fixture
def refused(broad: str, suppressed: Endpoint) -> Attempt:
    """Who did not take the mail: the failures of `broad`'s deliveries."""
    made = tenant("refusing", ("storage", "west-europe"))
    now = datetime.now(UTC)
    plan.plan_due(now=now)
    failure = Delivery.objects.get(endpoint=made.contact, state="pending")
    Delivery.objects.filter(pk=failure.pk).update(state="failed", attempts=1)
    detail = "550 5.7.1 This mailbox takes no mail of machines: https://relay.example/why?a=b"
    return Attempt.objects.create(
        delivery=failure, number=1, result="permanent", detail=detail, at=now
    )


def test_every_screen_is_accessible_on_desktop_and_phone_in_both_themes(
    live_server: Any, broad: str, suppressed: Endpoint, refused: Attempt, worked_on: None
) -> None:
    paths = ["", "review/", "retract/", "replay/", "merge/", "times/", "list/"]
    paths += ["deliveries/", "deliveries/retry/"]
    with browser_page() as (page, complaints):
        sign_in(page, live_server)
        complaints.clear()  # Chromium asks the login page for a favicon that only the real front has
        for path in (
            *(broad + each for each in paths),
            "/admin/desk/backtest/",
            "/admin/desk/policies/",
            "/admin/desk/audit/",
            "/admin/desk/sending/",
            "/admin/desk/deliveries/",
            "/admin/desk/told/?q=storage",
            "/admin/desk/suppressed/",
            f"/admin/desk/suppressed/{suppressed.pk}/",
            f"/admin/desk/erase/{suppressed.pk}/",
            "/admin/desk/told/?q=here",
            "/admin/desk/",
            "/admin/desk/wall/",
            "/admin/desk/insight/",
            f"/admin/desk/insight/{datetime.now(UTC):%Y-%m}/",
            "/admin/desk/repairs/",
            "/admin/desk/templates/",
            "/admin/desk/search/",
        ):
            page.goto(live_server.url + path)
            # Colours are the same at each width: three of the four combinations show all there is.
            for width, themes in ((1440, THEMES), (360, THEMES[1:])):
                page.set_viewport_size({"width": width, "height": 844})
                assert not page.evaluate(WIDE), (path, width)
                for theme in themes:
                    page.emulate_media(color_scheme=theme)
                    check_accessible(page)
        assert complaints == []


def test_a_review_is_written_previewed_and_published(live_server: Any, broad: str) -> None:
    with browser_page() as (page, _):
        sign_in(page, live_server)
        page.goto(live_server.url + broad)
        page.click("text=Write the review")
        page.fill("#id_text_1", "Reads **failed**.")
        page.fill("#id_timeline", "9:00 First errors.")
        page.press("#id_heading_1", "Enter")
        assert page.evaluate("document.activeElement.id") == "errors"
        check_accessible(page)

        page.fill("#id_timeline", "2026-01-10 09:00 First errors.")
        page.click("button.primary >> text=Preview")
        assert page.inner_text(".prose strong") == "failed"
        assert page.inner_text(".verdict") == "FOR EVERYBODY"
        check_accessible(page)
        page.dblclick("button >> text=Publish the review")

        page.wait_for_selector("text=Version 1 of the review (Preliminary) is published")
        check_accessible(page)

    assert Incident.objects.get().reviews.count() == 1


def test_the_page_follows_a_sending_and_rests_when_it_is_done(
    live_server: Any, operator: User, catalogue: None
) -> None:
    for number in range(4):
        tenant(f"t{number}", ("key-vault", "west-europe"))
    now = datetime.now(UTC)
    incident = declare(declaration=declaration(), now=now, actor=operator)
    plan.plan(communication_id=incident.communications.get().pk, now=now)

    with browser_page() as (page, complaints), ThreadPoolExecutor(1) as elsewhere:
        # Playwright's loop runs in this thread, where Django refuses to ask the database.
        def became(count: int) -> None:
            with closing(connection):
                chosen = Delivery.objects.order_by("id").values("pk")[:count]
                Delivery.objects.filter(pk__in=chosen).update(state="sent", sent_at=now)

        sign_in(page, live_server)
        complaints.clear()
        page.goto(f"{live_server.url}/admin/desk/{incident.tracking_id}/deliveries/")
        assert page.inner_text("#progress [role=status]") == "Sending goes on: 0 % is done."
        elsewhere.submit(became, 2).result()
        page.wait_for_selector("text=Sending goes on: 50 % is done.")
        elsewhere.submit(became, 4).result()
        page.wait_for_selector("text=every delivery is settled")
        assert page.get_attribute("#progress", "hx-trigger") is None
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_timeout(4500)
        assert asked == []
        assert complaints == []
