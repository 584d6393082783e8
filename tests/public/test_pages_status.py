"""The status page: one true sentence, what is wrong first, and a table that says all of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from unicodedata import east_asian_width

import pytest
from django.utils.translation import override

from statuspage import languages
from statuspage.public.render.headline import headline
from statuspage.public.render.table import labels
from statuspage.public.renderer import render_site
from statuspage.public.snapshot.values import CellView, Snapshot
from statuspage.public.store.stale_notice import shown
from tests.public import snapshots
from tests.public.markup import Markup
from tests.public.sites import render_all

SINCE = snapshots.LATER - timedelta(minutes=42)  # 09:00 UTC


def with_cells(*cells: tuple[str, str, str]) -> Snapshot:
    return replace(
        snapshots.calm(),
        cells={(s, r): CellView(state, ("PORT-AL1",), SINCE) for s, r, state in cells},
    )


def named(snapshot: Snapshot, slug: str, name: str) -> Snapshot:
    """With another name for one service."""
    categories = tuple(
        replace(
            each,
            services=tuple(replace(s, name=name) if s.slug == slug else s for s in each.services),
        )
        for each in snapshot.categories
    )
    return replace(snapshot, categories=categories)


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        (
            [("storage", "west-europe", "warning"), ("key-vault", "west-europe", "warning")],
            "2 services are degraded in West Europe since 09:00 UTC.",
        ),
        (
            [("storage", "east-us", "critical"), ("storage", "west-us", "critical")],
            "Storage is disrupted in East US and West US since 09:00 UTC.",
        ),
        (
            [("storage", "east-us", "critical"), ("batch", "west-us", "critical")],
            "2 services are disrupted in 2 regions since 09:00 UTC.",
        ),
        ([("portal", "global", "warning")], "Portal is degraded worldwide since 09:00 UTC."),
        (
            [("storage", snapshots.slug(name), "warning") for name in snapshots.REGIONS["Europe"]],
            "Storage is degraded across Europe since 09:00 UTC.",
        ),
    ],
)
def test_the_sentence_says_what_is_true(cells: list[tuple[str, str, str]], sentence: str) -> None:
    assert headline(with_cells(*cells)).text == sentence


def test_the_worst_comes_first_and_the_rest_is_counted_once() -> None:
    said = headline(
        with_cells(
            ("storage", "east-us", "warning"),
            ("storage", "west-us", "critical"),
            ("batch", "west-us", "maintenance"),
        )
    )
    assert said.text == "Storage is disrupted in West US since 09:00 UTC."
    assert said.rest == "Batch is under maintenance in West US since 09:00 UTC."


@pytest.mark.parametrize(
    ("regions", "claim"),
    [
        (["west-europe"], "1 service is disrupted in West Europe"),
        (["east-us", "west-us"], "1 service is disrupted in East US and West US"),
        (["global"], "1 service is disrupted worldwide"),
    ],
)
def test_names_too_long_for_two_lines_give_way_to_numbers(regions: list[str], claim: str) -> None:
    night = with_cells(*(("storage", region, "critical") for region in regions))
    name = "External Attack Surface Management of Everything"
    said = headline(named(night, "storage", name))
    assert said.claim == claim
    assert said.rest == said.text
    assert said.text.startswith(f"{name} is disrupted ")


@pytest.mark.parametrize("code", languages.names())
@pytest.mark.parametrize("state", labels.TROUBLE)
def test_a_headline_has_room_in_two_lines_of_a_phone(code: str, state: str) -> None:
    """As measured in a browser of 360 pixels: 55 columns, a wide letter being two of them."""
    night = snapshots.large(regions=120, services=120, incidents=0)
    named_long = named(night, night.categories[0].services[0].slug, "Ein sehr langer Name " * 5)
    slugs = [each.slug for category in night.categories for each in category.services]
    places = [each.slug for geography in night.geographies for each in geography.regions]
    with override(code):
        for services in (slugs[:1], slugs[:3], slugs):
            for regions in (places[:1], places[:2], places, ["global", *places]):
                cells = {
                    (one, region): CellView(state, ("PORT-AL1",), SINCE)
                    for one in services for region in regions
                }  # fmt: skip
                said = headline(replace(named_long, cells=cells)).claim
                seen = re.sub("[\u064b-\u0652\u2066-\u2069]", "", said)  # marks take no room
                assert sum(1 + (east_asian_width(each) in "WF") for each in seen) <= 55, said


def test_an_older_beginning_names_its_day() -> None:
    snapshot = with_cells(("storage", "east-us", "warning"))
    later = replace(snapshot, as_of=snapshot.as_of + timedelta(days=1))
    assert headline(later).text.endswith("since 20 February 2024, 09:00 UTC.")


def test_a_calm_page_reassures_and_names_the_last_incident() -> None:
    found = Markup(render_site(snapshots.calm()).pages["/status/"].body)
    assert "No public incidents right now." in found.text
    assert "Last one: Latency in the portal" in found.text
    assert "are told to them directly" in found.text
    assert "/status/history/PORT-AL1/" in found.links()


def test_a_mitigated_incident_without_affected_cells_is_still_spoken_of() -> None:
    calm = snapshots.calm()
    watched = replace(calm.incidents[0], active=True, stage="mitigated")
    said = headline(replace(calm, incidents=(watched,)))
    assert said.text == "Mitigated, still being watched: Latency in the portal"
    assert said.state == "information"  # nothing is out any more
    assert said.claim == said.text
    titled = replace(watched, title="Latency in the portal for most customers of Europe")
    said = headline(replace(calm, incidents=(titled,)))
    assert (said.claim, said.rest) == ("Mitigated, still being watched.", titled.title)


def test_announced_maintenance_does_not_disturb_the_calm() -> None:
    calm = replace(snapshots.calm(snapshots.NIGHT), incidents=(snapshots.planned(),))
    assert headline(calm).state == "good"
    assert (
        "Router replacement in Norway East" in Markup(render_site(calm).pages["/status/"].body).text
    )


def test_open_incidents_have_cards_with_the_latest_word() -> None:
    text = Markup(render_site(snapshots.bad_night()).pages["/status/"].body).text
    assert "We know the cause and are preparing" in text
    assert "Next update by 05:25 UTC" in text
    assert text.index("Resource Manager operations failing") < text.index("Load balancer upgrade")


def test_every_cell_says_its_state_in_words_and_links_to_the_incident() -> None:
    body = render_site(snapshots.bad_night()).pages["/status/europe/"].body.decode()
    row = re.search(r"<th scope=row>Resource Manager(.*?)<tr", body, re.S)
    assert row is not None
    cells = re.split("<td", row[1])[1:]
    assert len(cells) == 1 + len(snapshots.REGIONS["Europe"])
    # Where something is wrong comes first.
    link = '<a href="/status/history/MANA-GER/" data-at=2024-01-21T01:30:00Z>Critical</a>'
    assert cells[0] == f" class=c>{link}"
    assert cells[2] == ">"  # not offered worldwide: blank
    assert cells[3] == ">Good"


def test_several_incidents_in_one_cell_lead_to_both() -> None:
    snapshot = replace(
        snapshots.calm(),
        cells={("storage", "east-us"): CellView("critical", ("MANA-GER", "PORT-AL1"), SINCE)},
    )
    links = Markup(render_site(snapshot).pages["/status/americas/"].body).links()
    assert "/status/history/?service=storage&region=east-us" in links


def test_a_service_offered_nowhere_in_a_geography_has_no_row_there() -> None:
    snapshot = snapshots.calm()
    offered = frozenset(pair for pair in snapshot.offered if pair[0] != "batch" or "us" in pair[1])
    site = render_site(replace(snapshot, offered=offered))
    assert b"<th scope=row>Batch" in site.pages["/status/americas/"].body
    assert b"<th scope=row>Batch" not in site.pages["/status/asia-pacific/"].body


def test_the_first_page_has_all_that_is_not_good_in_one_table_and_nothing_else() -> None:
    snapshot = with_cells(
        ("storage", "japan-east", "warning"),
        ("storage", "west-europe", "critical"),
        ("key-vault", "west-europe", "warning"),
    )
    body = render_site(snapshot).pages["/status/"].body.decode()
    heads = re.findall(r"<th scope=col[^>]*>([^<]+)", body)
    assert heads == ["Service", "West Europe", "Japan East"]
    assert len(re.findall("<th scope=row>", body)) == 2
    assert "<table" not in render_site(snapshots.calm()).pages["/status/"].body.decode()


def test_what_is_wrong_in_a_row_is_counted_beside_its_name() -> None:
    snapshot = with_cells(
        ("storage", "east-us", "warning"),
        ("storage", "west-us", "critical"),
        ("key-vault", "west-us", "information"),
    )
    body = render_site(snapshot).pages["/status/americas/"].body.decode()
    assert "<th scope=row>Storage <b class=c aria-hidden=true>2</b>" in body
    assert "<th scope=row>Key Vault <b class=i aria-hidden=true>1</b>" in body
    assert "<th scope=row>Batch<td" in body
    heads = re.findall(r"<th scope=col[^>]*>([^<]+)", body)
    assert heads[:3] == ["Service", "West US", "East US"]


def test_affected_services_are_listed_for_phones_from_all_geographies() -> None:
    body = render_site(snapshots.bad_night()).pages["/status/europe/"].body
    named = set(re.findall(r"<span class=who>([^<]+)</span>", body.decode()))
    assert {"Resource Manager", "Key Vault", "East US", "West Europe"} <= named


def test_aliases_can_be_found() -> None:
    pages = render_site(snapshots.calm()).pages
    (form,) = Markup(pages["/status/"].body).all("form", role="search")
    names = json.loads(pages[str(form["data-names"])].body)
    assert names["services"]["resource-manager"] == ["ARM", "Control plane"]


def test_a_page_that_states_a_time_can_say_that_it_is_not_renewed() -> None:
    site = render_all(snapshots.bad_night())
    for path in ("/status/", "/status/europe/", "/ja/status/history/"):
        page = site.pages[path].body
        # And that it is an old copy, which its script decides.
        for body, hidden in ((page, [True, True]), (shown(page), [False, True])):
            alerts = Markup(body).all("p", role="alert")
            assert ["hidden" in one for one in alerts] == hidden, path
            assert ["data-old" in one for one in alerts] == [False, True], path
    said = shown(site.pages["/status/europe/"].body)
    assert "As of 21 January 2024, 04:30 UTC , not updated since." in Markup(said).text
    undated = site.pages[f"/status/history/{snapshots.bad_night().incidents[0].tracking_id}/"].body
    assert shown(undated) == undated


def test_an_empty_catalogue_still_has_a_page() -> None:
    empty = replace(
        snapshots.calm(), geographies=(), categories=(), offered=frozenset(), incidents=(), gone=()
    )
    site = render_site(replace(empty, redirects={}, non_regional=None))
    assert "has not been loaded yet" in Markup(site.pages["/status/"].body).text
    assert "No public incidents so far" in Markup(site.pages["/status/history/"].body).text
