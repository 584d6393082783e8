"""Two services in all of Europe, declared with few clicks and keys, on a desk and on a phone."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page

from incidents.models import Impact, Incident
from tests.browsing import THEMES, browser_page, check_accessible
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


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def look(page: Page, field: str, text: str) -> None:
    page.fill(f"#find-{field}", text)
    page.press(f"#find-{field}", "Enter")


EVERY_SECOND_ANSWER_COMES_LATE = """
const real = window.fetch;
let asked = 0;
window.fetch = async (...wish) => {
  const answer = await real(...wish);
  if (String(wish[0]).includes("/find/") && asked++ % 2) {
    await new Promise((go) => setTimeout(go, 700));
    document.body.dataset.late = "came";
  }
  return answer;
};
"""


def test_an_answer_that_comes_late_takes_no_choice_back(live_server: Any, operator: User) -> None:
    with browser_page() as (page, _):
        sign_in(page, live_server)
        page.goto(f"{live_server.url}/admin/desk/new/")
        page.evaluate(EVERY_SECOND_ANSWER_COMES_LATE)
        look(page, "services", "storrage")  # Enter and the pause after typing both ask
        page.wait_for_selector("text=Nothing is called “storrage”. Close to it")
        page.press("#find-services", "ArrowDown")
        page.wait_for_selector("body[data-late]")
        page.press("#find-services", "Enter")
        page.wait_for_selector("text=1 ticked: Storage")


EVERY_ANSWER_COMES_LATE = """
const real = window.fetch;
window.fetch = async (...wish) => {
  const answer = await real(...wish);
  if (/find|new/.test(wish[0])) await new Promise((go) => setTimeout(go, 1500));
  return answer;
};
"""


@pytest.mark.parametrize("back", ["clicks into the field again", "types on"])
def test_a_name_typed_before_the_answer_to_the_last_one_takes_its_place(
    live_server: Any, operator: User, back: str
) -> None:
    with browser_page() as (page, _):
        sign_in(page, live_server)
        page.goto(f"{live_server.url}/admin/desk/new/")
        page.evaluate(EVERY_ANSWER_COMES_LATE)
        page.click("#find-services")
        for typed in ("stor", "key va"):
            if back == "clicks into the field again":
                page.click("#find-services")
            page.keyboard.type(typed)
            page.keyboard.press("Enter")
        page.wait_for_selector("text=2 ticked: Storage, Key Vault")
        # A third name is half typed when the answer to a fourth question comes: it stays, and is gone on with.
        page.keyboard.type("redis")
        page.keyboard.press("Enter")
        page.keyboard.type("app")
        page.wait_for_timeout(1700)
        page.click("#find-services")
        page.keyboard.press("End")
        page.keyboard.type(" serv")
        assert page.input_value("#find-services") == "app serv"


@pytest.mark.parametrize(
    ("region", "ticked"), [("west eu", "West Europe"), ("europe", "West Europe, North Europe")]
)
def test_what_was_entered_before_preview_is_in_it(
    live_server: Any, operator: User, region: str, ticked: str
) -> None:
    with browser_page() as (page, _):
        sign_in(page, live_server)
        page.goto(f"{live_server.url}/admin/desk/new/")
        page.check("[name=services][value=storage]")
        page.fill("#id_public_title", "Storage fails")
        page.fill("#id_public_text", "Some requests fail.")
        page.evaluate(EVERY_ANSWER_COMES_LATE)
        look(page, "regions", region)
        page.click("button.primary >> text=Preview")
        page.wait_for_selector("h1 >> text=Preview")
        page.click("text=Back to the form")
        page.wait_for_selector(f"#id_regions >> text=ticked: {ticked}")


def test_all_of_europe_in_one_word(live_server: Any, operator: User) -> None:
    with browser_page() as (page, complaints):
        sign_in(page, live_server)
        complaints.clear()
        page.goto(f"{live_server.url}/admin/desk/new/")
        look(page, "services", "keyvault")
        look(page, "services", "storrage")
        page.wait_for_selector("text=Nothing is called “storrage”. Close to it")
        page.wait_for_selector("#id_services >> text=1 ticked: Key Vault")  # a slip is never taken
        page.press("#find-services", "ArrowDown")
        page.press("#find-services", "Enter")
        page.wait_for_selector("text=2 ticked: Storage, Key Vault")
        page.focus("#tick-pinservices")
        page.keyboard.press("Enter")
        page.wait_for_selector("button >> text=★ Key Vault")
        assert page.evaluate("document.activeElement.id") == "tick-pinservices"
        look(page, "services", "qqqq")
        page.wait_for_selector("text=Nothing is called “qqqq”.")
        look(page, "regions", "europe")
        page.wait_for_selector("text=2 ticked: West Europe, North Europe")
        page.fill("#id_since", "-30")
        page.wait_for_selector("text=30 min ago")
        page.fill("#id_public_title", "Storage and Key Vault fail in Europe")
        page.wait_for_selector("#live >> text=PUBLIC")
        page.click("text=Cell by cell")
        page.uncheck("[name=cells][value='key-vault:north-europe']")
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            check_accessible(page)
            shot(page, f"declare-{theme}")
        page.click("button.primary >> text=Preview")
        page.click("button >> text=Publish")
        page.wait_for_selector("text=is declared and published")
        assert complaints == []

    assert Incident.objects.count() == 1
    assert sorted(Impact.objects.values_list("service__slug", "region__slug")) == [
        ("key-vault", "west-europe"),
        ("storage", "north-europe"),
        ("storage", "west-europe"),
    ]
