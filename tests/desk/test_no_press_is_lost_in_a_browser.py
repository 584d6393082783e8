"""On a busy server answers come late: nothing moves under the hands of somebody who has gone on, no press is lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page

from tests.browsing import browser_page
from tests.desk.test_walk_in_a_browser import PASSWORD, sign_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("catalogue"),
]


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_superuser("olga", password=PASSWORD)


# As on a busy server: what a name means is answered a while later.
LATE = """
const soon = window.fetch;
window.come = 0;
window.fetch = async (address, ...rest) => {
  const answer = await soon(address, ...rest);
  if (!String(address).includes("/new/find/")) return answer;
  await new Promise((go) => setTimeout(go, 2500));
  setTimeout(() => window.come++, 100);
  return answer;
};
"""


def place(page: Page) -> tuple[float, float]:
    box = page.locator(".act button.primary").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_late_answers_move_nothing(live_server: Any, operator: User) -> None:
    with browser_page() as (page, _):
        sign_in(page, live_server)
        page.add_init_script(LATE)
        page.goto(f"{live_server.url}/admin/desk/new/")
        for field, typed in (("services", "stor"), ("regions", "west eu")):
            page.fill(f"#find-{field}", typed)
            page.press(f"#find-{field}", "Enter")
        page.fill("#id_since", "-30")
        page.fill("#id_public_title", "Storage requests fail")
        page.fill("#id_public_text", "Some requests fail.")
        page.locator(".act button.primary").scroll_into_view_if_needed()
        before = place(page)
        assert page.evaluate("window.come") == 0
        while page.evaluate("window.come") < 2:
            page.wait_for_timeout(100)
        page.wait_for_selector("text=1 ticked: West Europe")
        page.wait_for_selector("text=30 min ago")
        page.wait_for_selector("text=Draft saved")
        assert place(page) == before
        assert page.evaluate("document.activeElement.id") == "id_public_text"
        page.mouse.click(*before)
        page.wait_for_selector("button >> text=Publish")


def test_a_press_counts_though_the_page_moves_under_it(live_server: Any, operator: User) -> None:
    with browser_page() as (page, _):
        sign_in(page, live_server)
        page.goto(f"{live_server.url}/admin/desk/new/")
        page.locator(".act button.primary").scroll_into_view_if_needed()
        page.mouse.move(*place(page))
        page.mouse.down()
        page.evaluate("document.querySelector('h1').style.paddingBottom = '90px'")
        page.evaluate("document.querySelector('.act').style.marginTop = '90px'")
        page.mouse.up()
        page.wait_for_selector("#errors")
