"""One incident through all storeys, on the real product: desk, worker, broker, SMTP, pages, feed."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browsing import arrive, browser_page
from tests.notifications.conftest import text_of
from tests.walks.conftest import Demo, until

# One running product for all walks, also when the tests are spread over several processes.
pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("walks")]

# Two tenants run where it happens, the third elsewhere; none of the demo's own does.
CUSTOMERS = """\
tenant,tenant_name,contact,subscription,subscription_name,service,region
alice,Alice,alice@example.net,alice-1,One,relay,norway-east
bob,Bob,bob@example.net,bob-1,One,relay,norway-east
carol,Carol,carol@example.net,carol-1,One,relay,sweden-central
"""


def sign_in(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}/admin/desk/")
    page.fill("#id_username", "operator")
    page.fill("#id_password", demo.password)
    page.click("[type=submit]")
    arrive(page, "*/admin/desk/")


def tick(page: Page, kind: str, *typed: str) -> None:
    for words in typed:
        page.fill(f"#find-{kind}", words)
        page.press(f"#find-{kind}", "Enter")


def subscribe(demo: Demo, address: str) -> None:
    """As a reader without an account: form, mail, link, one click."""
    with browser_page() as (page, complaints):
        page.goto(f"{demo.url}/subscribe/")
        page.fill("input[type=email]", address)
        page.click("button.main")
        mail = text_of(demo.mail_to(address))
        link = next(word for word in mail.split() if "/subscribe/confirm/" in word)
        page.goto(link)
        page.click("button.main")
        page.wait_for_load_state()
        assert complaints == []


def test_targeted_first_then_public_then_over(demo: Demo, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(CUSTOMERS)
    demo.manage("load_customers", str(file))
    subscribe(demo, "dora@example.org")

    with browser_page() as (page, complaints):
        sign_in(page, demo)
        complaints.clear()
        page.click("text=Declare an incident")
        tick(page, "services", "relay")
        tick(page, "regions", "norway east")
        page.select_option("#id_audience", "estimated")
        page.fill("#id_public_title", "Relay connections fail")
        page.fill("#id_targeted_text", "Your hybrid connections drop; a restart helps.")
        page.wait_for_selector(".verdict >> text=TARGETED ONLY")
        page.click("button.primary >> text=Preview")
        page.click("button >> text=Publish")
        page.wait_for_selector("text=is declared")
        tracking_id = page.url.rstrip("/").rsplit("/", 1)[1]

        for name in ("alice", "bob"):
            mail = demo.mail_to(f"{name}@example.net", "Relay")
            assert "a restart helps" in text_of(mail)
        assert demo.sink.to("carol@example.net") == []
        assert demo.get(f"/status/history/{tracking_id}/")[0] == 404
        assert "Relay connections fail" not in demo.get("/history.atom")[1]

        page.goto(f"{demo.url}/admin/desk/{tracking_id}/update/")
        tick(page, "services", "service bus", "relay")
        tick(page, "regions", "sweden central", "norway west")
        page.fill("#id_public_text", "Relay and Service Bus fail in several regions.")
        page.fill("#id_targeted_text", "Further regions fail, too.")
        page.click("button.primary >> text=Preview")
        page.wait_for_selector("h1 >> text=Preview")
        page.wait_for_selector(".verdict >> text=PUBLIC – scenario 1")
        page.click("button.primary")
        page.wait_for_selector("text=is posted")

        until(lambda: demo.get(f"/status/history/{tracking_id}/")[0] == 200, "the public entry")
        until(lambda: "Relay" in demo.get("/status/")[1], "the status page")
        until(lambda: "fail in several regions" in demo.get("/history.atom")[1], "the feed")
        assert "a restart helps" not in demo.get(f"/status/history/{tracking_id}/")[1]
        assert "several regions" in text_of(demo.mail_to("dora@example.org", "Relay"))
        demo.mail_to("carol@example.net", "Relay")

        while page.locator("button >> text=Mark recovered").count():
            page.locator("button >> text=Mark recovered").first.click()
            page.wait_for_selector("text=marked recovered")
        page.select_option("#update-stage", "resolved")
        page.fill("#update-public_text", "All is well again.")
        page.click("text=Post at once")
        page.wait_for_selector("text=(Resolved)")
        assert complaints == []

    demo.mail_to("alice@example.net", "Recovered for you")  # and so she hears no more of it
    # Where it was over last, and the public.
    for address in ("carol@example.net", "dora@example.org"):
        demo.mail_to(address, "Resolved")
    until(
        lambda: "All is well again." in demo.get(f"/status/history/{tracking_id}/")[1],
        "the history entry",
    )
    assert "Relay connections fail" in demo.get("/status/history/")[1]
    mails = demo.sink.to("alice@example.net")
    assert len({str(mail["References"]) for mail in mails}) == 1, "one thread in the reader"
    assert len({str(mail["Message-ID"]) for mail in mails}) == len(mails)
    last = mails[-1]
    assert "/subscribe/leave/" in last["List-Unsubscribe"]
