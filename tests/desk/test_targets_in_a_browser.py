"""Whatever is pressed at the desk is large enough: 36 px with a mouse, 44 px with a thumb, on every screen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from incidents.models import Incident
from incidents.services.incident import declare, post_update
from incidents.services.reviews.review import Draft, Repair, Section, publish_review
from tests.browsing import browser_page
from tests.conftest import declaration
from tests.desk.test_walk_in_a_browser import PASSWORD, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("catalogue"),
]
SCREENS = (
    "", "new/", "wall/", "search/", "insight/", "repairs/", "templates/", "monitors/", "sending/", "policies/",
    "deliveries/", "how-fast/", "told/", "suppressed/", "audit/", "audit/trail/", "backtest/", "moving-over/",
    "proposals/",
)  # fmt: skip
OF_AN_OPEN_ONE = ("", "update/", "times/", "merge/", "retract/", "list/")
OF_ONE_THAT_IS_OVER = ("", "review/", "deliveries/")
# A link within a sentence is as high as its line; a box to tick is pressed by its label, too.
SMALL = """(least) => [...document.querySelectorAll(
  "main :is(button, .button, summary, select, textarea, input:not([type=hidden], [type=checkbox], [type=radio]))")]
  .filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest(".first, .away")
    && !each.matches(".first, .away"))
  .map((each) => [each.outerHTML.slice(0, 80), Math.round(each.getBoundingClientRect().height * 10) / 10])
  .filter(([, height]) => height < least)"""


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_superuser("olga", password=PASSWORD)


@pytest.fixture
def over(catalogue: None, operator: User) -> Incident:
    now = datetime.now(UTC)
    incident = declare(
        declaration=declaration(started_at=now - timedelta(hours=3)), now=now, actor=operator
    )
    post_update(incident_id=incident.pk, stage="resolved", now=now, actor=operator)
    draft = Draft("final", [Section("what", "What?", "It failed.")], repairs=[Repair("A path")])
    publish_review(incident_id=incident.pk, draft=draft, now=now, actor=operator)
    return incident


def test_whatever_is_pressed_is_large_enough(
    live_server: Any, over: Incident, targeted: Incident
) -> None:
    incidents = [f"{targeted.tracking_id}/{part}" for part in OF_AN_OPEN_ONE]
    incidents += [f"{over.tracking_id}/{part}" for part in OF_ONE_THAT_IS_OVER]
    found = []
    with browser_page() as (page, _):
        sign_in(page, live_server)
        fingers = page.context.new_cdp_session(page)
        for screen in (*SCREENS, *incidents):
            answer = page.goto(f"{live_server.url}/admin/desk/{screen}")
            assert answer
            assert answer.ok, screen
            for touch, width, least in ((False, 1280, 36), (True, 390, 44)):
                fingers.send("Emulation.setTouchEmulationEnabled", {"enabled": touch})
                page.set_viewport_size({"width": width, "height": 844})
                assert page.evaluate("matchMedia('(pointer: coarse)').matches") is touch
                found += [[screen, least, *each] for each in page.evaluate(SMALL, least)]
    assert found == [], "\n".join(map(str, found))
