"""Scenario 3 on the real product: posted with a note, audience known, review delivered, entry gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browsing import browser_page
from tests.notifications.conftest import text_of
from tests.walks.conftest import Demo, until
from tests.walks.test_from_declaration_to_history import sign_in, tick

# One running product for all walks, also when the tests are spread over several processes.
pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.xdist_group("walks")]

CUSTOMERS = """\
tenant,tenant_name,contact,subscription,subscription_name,service,region
erika,Erika,erika@example.net,erika-1,One,chaos-studio,sweden-central
"""


def test_posted_for_now_reviewed_for_the_affected_and_withdrawn(demo: Demo, tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(CUSTOMERS)
    demo.manage("load_customers", str(file))

    with browser_page() as (page, complaints):
        sign_in(page, demo)
        complaints.clear()
        page.click("text=Declare an incident")
        page.select_option("#id_level", "warning")
        tick(page, "services", "chaos studio")
        tick(page, "regions", "sweden central", "west europe")
        page.fill("#id_public_title", "Experiments start late")
        page.fill("#id_public_text", "Experiments may start late.")
        page.wait_for_selector(".verdict >> text=PUBLIC – scenario 3")
        page.click("button.primary >> text=Preview")
        page.click("button >> text=Publish")
        page.wait_for_selector("text=is declared and published")
        desk = page.url.rstrip("/") + "/"
        tracking_id = desk.rstrip("/").rsplit("/", 1)[1]
        public = f"/status/history/{tracking_id}/"

        until(lambda: "scenario 3" in demo.get(public)[1], "the note on the public entry")
        assert demo.sink.to("erika@example.net") == [], "nobody knows yet whom it concerns"

        page.locator("details:has(select[name=audience]) > summary").click()
        page.select_option("select[name=audience]", "estimated")
        page.get_by_role("button", name="Set the audience and tell them").click()
        page.wait_for_load_state()
        assert "is an estimate until our analysis is complete" in text_of(
            demo.mail_to("erika@example.net", "Chaos Studio")
        )
        assert demo.get(public)[0] == 200

        while page.locator("button >> text=Mark recovered").count():
            page.locator("button >> text=Mark recovered").first.click()
            page.wait_for_selector("text=marked recovered")

        page.goto(f"{desk}review/")
        page.locator("textarea").first.fill("A queue was full. Only its customers may read this.")
        page.click("button.primary >> text=Preview")
        page.click("button >> text=Publish")
        page.wait_for_load_state()
        assert complaints == []

    until(
        lambda: any("A queue was full" in text_of(m) for m in demo.sink.to("erika@example.net")),
        "the review in the customer's mail",
    )
    status, sentence = until(
        lambda: found if (found := demo.get(public))[0] == 410 else None, "the entry to be gone"
    ) or (0, "")
    assert status == 410
    assert "they have it now" in sentence
    assert "A queue was full" not in sentence
    for path in ("/status/", "/status/history/", "/history.atom", "/feed.json", "/incidents.json"):
        assert "Experiments" not in demo.get(path)[1], path
