"""One page leads to every way of hearing of it, and reads as the feeds read."""

from __future__ import annotations

import json

from statuspage.public.formats import format_answers
from statuspage.public.query.filtered import assemble
from statuspage.public.renderer import render_language, render_site
from tests.public import snapshots
from tests.public.markup import Markup

NIGHT = render_site(snapshots.bad_night())
PATH = "/status/updates/"


def test_the_page_names_every_way_and_says_what_was_said_last() -> None:
    page = Markup(NIGHT.pages[PATH].body)
    for address in (
        "/subscribe/",
        "/history.atom",
        "/feed.json",
        "/maintenance.ics",
        "/status/api/",
    ):
        assert page.all("a", href=address), address
    assert "Mitigating: Resource Manager operations failing in several regions" in page.text
    assert page.all("a", href="/status/history/MANA-GER/#update-2")


def test_what_was_searched_is_in_every_way() -> None:
    found = assemble(PATH, {"service": "key-vault", "region": "west-europe"}, NIGHT)
    assert found is not None
    page = Markup(found.body)
    asked = "?service=key-vault&region=west-europe"
    for address in ("/subscribe/", "/history.atom", "/maintenance.ics"):
        assert page.all("a", href=address + asked), address
    assert "Of Key Vault, West Europe only." in page.text


def test_one_incident_alone() -> None:
    found = assemble(PATH, {"incident": "MANA-GER"}, NIGHT)
    assert found is not None
    text = Markup(found.body).text
    assert "Of MANA-GER only." in text
    assert "Load balancer" not in text
    feed = format_answers["/feed.json"]("/feed.json", {"incident": "mana-ger"}, NIGHT)
    assert feed is not None
    items = json.loads(feed.body)["items"]
    assert {one["_statuspage"]["incident"] for one in items} == {"MANA-GER"}


def test_a_feed_leads_to_the_page_for_people_with_the_same_choice() -> None:
    assert b"/status/updates/</link>" in NIGHT.pages["/history.rss"].body
    feed = format_answers["/feed.json"]("/feed.json", {"service": "storage"}, NIGHT)
    assert feed is not None
    home = json.loads(feed.body)["home_page_url"]
    assert home.endswith("/status/updates/?service=storage")


def test_what_is_written_in_an_address_is_escaped() -> None:
    found = assemble(PATH, {"incident": '"><script>alert(1)</script>'}, NIGHT)
    assert found is not None
    assert b"<script>alert" not in found.body


def test_there_is_one_road_to_a_subscription() -> None:
    """Whatever a page offers to hear leads to the sheet with every way; only that leads to the form for mails."""
    leading = {path for path, page in NIGHT.pages.items() if b'href="/subscribe/' in page.body}
    assert leading == {PATH}
    front = Markup(NIGHT.pages["/status/"].body)
    assert len(front.all("a", href=PATH)) == 2  # on top and at the foot
    assert front.all("form", **{"data-updates": PATH})


def test_what_was_said_is_named_in_the_language_of_the_page() -> None:
    german = render_language(snapshots.bad_night(), "de")
    found = assemble(f"/de{PATH}", {"service": "key-vault"}, NIGHT)
    assert found is not None
    for body in (found.body, german.pages[f"/de{PATH}"].body):
        assert "Wird eingedämmt: Resource Manager operations" in Markup(body).text
