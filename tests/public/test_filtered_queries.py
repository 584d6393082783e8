"""Queries: every filter, every combination, and a way out of everything a visitor can type."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statuspage.public.query.filtered import ASSEMBLERS, FILTERS, assemble, has_pair
from statuspage.public.render import history
from statuspage.public.render.page import Page
from statuspage.public.renderer import render_site
from statuspage.public.serve.app import public_site
from statuspage.public.snapshot.values import NamedView
from statuspage.public.store.current_generation import Store
from statuspage.public.store.generation import write_generation
from tests.public import snapshots
from tests.public.markup import Markup
from tests.public.sites import ask as ask_web

SITE = render_site(snapshots.calm())
NIGHT = render_site(snapshots.bad_night())
BOTH, JANUARY, FEBRUARY, NEITHER = {"MANA-GER", "PORT-AL1"}, {"MANA-GER"}, {"PORT-AL1"}, set[str]()
HOSTILE = '"><script>alert(1)</script>'


def ask(path: str = "/status/history/", **query: str) -> Page:
    query = {name.rstrip("_"): value for name, value in query.items()}
    page = assemble(path, query, SITE)
    assert page is not None
    return page


def found(page: Page) -> set[str]:
    links = Markup(page.body).links()
    return {one for one in BOTH if f"/status/history/{one}/" in links}


@pytest.mark.parametrize(
    ("asked", "heading"),
    [
        ("why is storage in West Europe so slow?", "Status of Storage in West Europe"),
        ("is data down?", "Status of data"),
        ("is everything ok?", "Resource Manager is disrupted in 5 regions"),  # names nothing
    ],
)
def test_the_page_of_an_answer_is_called_after_what_it_answers(asked: str, heading: str) -> None:
    page = assemble("/status/", {"q": asked}, NIGHT)
    assert page is not None
    [title] = re.findall(r"<h1[^>]*>(.*?)</h1>", page.body.decode(), re.DOTALL)
    assert heading in title


@pytest.mark.parametrize(
    ("query", "entries"),
    [
        ({"service": "key-vault"}, JANUARY),
        ({"service": "resource-manager"}, BOTH),
        ({"service": "data-lake"}, FEBRUARY),
        ({"region": "west-europe"}, BOTH),
        ({"region": "norway-east"}, FEBRUARY),  # named as a part of Europe only
        ({"region": "east-us"}, JANUARY),
        ({"region": "japan-east"}, NEITHER),
        ({"geography": "europe"}, BOTH),
        ({"geography": "americas"}, JANUARY),
        ({"level": "warning"}, FEBRUARY),
        ({"month": "2024-02"}, FEBRUARY),
        ({"from": "2024-02-01"}, FEBRUARY),
        ({"to": "2024-01-31"}, JANUARY),
        ({"from": "2024-01-21", "to": "2024-01-21"}, JANUARY),
        ({"from": "2024-02-08", "to": "2024-02"}, FEBRUARY),  # its second window
        ({"from": "2023", "q": "x"}, NEITHER),
        ({"q": "FAULT injection"}, JANUARY),
        ({"q": "port-al1"}, FEBRUARY),
        ({"q": "nobody wrote this"}, NEITHER),
        ({"service": "key-vault", "region": "norway-east"}, NEITHER),
        ({"service": "resource-manager", "region": "west-europe", "level": "error"}, JANUARY),
        ({"service": "", "region": "east-us", "q": ""}, JANUARY),
    ],
)
def test_filters_combine(query: dict[str, str], entries: set[str]) -> None:
    page = ask(**query)
    assert page.status == 200
    assert found(page) == entries
    if entries:
        assert f"{len(entries)} of 2 incidents" in Markup(page.body).text


@pytest.mark.parametrize("query", [{}, {"service": ""}, {"utm_source": "mail"}, {"q": "   "}])
def test_no_filter_is_answered_by_the_page_itself(query: dict[str, str]) -> None:
    assert assemble("/status/history/", query, SITE) is None
    assert assemble("/status/", query, SITE) is None


@pytest.mark.parametrize(
    "query",
    [
        {"service": "atlantis"},
        {"region": "atlantis"},
        {"geography": "atlantis"},
        {"level": "catastrophic"},
        {"from": "2024-13"},
        {"to": "yesterday"},
        {"month": "9999-12"},
        {"month": "0000-00"},
        {"from": "2024-02-30"},
        {"from": "2024-03-01", "to": "2024-02-01"},
        {"trackingId": "NOPE-123"},
        {"trackingId": "../../etc/passwd"},
    ],
)
def test_what_is_unknown_is_named_and_offers_a_way_out(query: dict[str, str]) -> None:
    shown = Markup(
        ask(**query, region_="west-europe" if "region" not in query else "atlantis").body
    )
    assert "Take it out of the address" in shown.text
    assert "/status/history/" in shown.links()


@pytest.mark.parametrize(
    "name", ["service", "region", "geography", "level", "from", "q", "trackingId"]
)
def test_values_are_echoed_escaped(name: str) -> None:
    page = ask(**{name: HOSTILE})
    markup = Markup(page.body)
    assert markup.faults == []
    assert b"<script>alert" not in page.body
    assert page.status == 200


def test_hostile_combinations_never_fail() -> None:
    values = ["", HOSTILE, "\x00", "9" * 5000, "2024-01", "é", "%"]
    for name, value in itertools.product(
        ["service", "region", "from", "to", "month", "q", "trackingId"], values
    ):
        page = assemble("/status/history/", {name: value, "level": "error"}, SITE)
        assert page is not None
        assert page.status == 200
        assert len(page.body) < 60_000
    for value in values:
        page = assemble("/status/", {"q": value}, SITE)
        assert page is None or Markup(page.body).faults == []


def test_a_tracking_id_leads_to_its_incident_also_after_a_merge() -> None:
    wanted = SITE.pages["/status/history/MANA-GER/"]
    assert ask(trackingId="mana-ger ") == wanted
    assert ask(trackingId="OLD1-111") == wanted
    assert ask(trackingId="GONE-001").status == 410


def test_an_unknown_tracking_id_answers_like_any_other_unknown_one() -> None:
    one, other = ask(trackingId="AAAA-111").body, ask(trackingId="BBBB-222").body
    assert one.replace(b"AAAA-111", b"") == other.replace(b"BBBB-222", b"")


def test_each_filter_can_be_taken_away_by_itself() -> None:
    links = Markup(ask(service="key-vault", region="east-us").body).links()
    assert {"/status/history/?region=east-us", "/status/history/?service=key-vault"} <= links


def test_the_form_keeps_what_was_chosen() -> None:
    markup = Markup(ask(service="key-vault", q="rules", from_="2024-01-01").body)
    assert "selected" in markup.all("option", value="key-vault")[0]
    assert markup.all("input", name="q")[0]["value"] == "rules"
    assert markup.all("input", name="from")[0]["value"] == "2024-01-01"


def test_is_it_me_is_answered_without_scripts() -> None:
    page = assemble("/status/", {"q": "Key  vault"}, NIGHT)
    assert page is not None
    shown = Markup(page.body)
    assert "Key Vault Warning since 03:04 UTC" in shown.text
    assert "East US" in shown.text
    assert "Service Bus" not in shown.text


def test_a_good_service_is_said_to_be_good_and_aliases_are_known() -> None:
    page = assemble("/status/europe/", {"q": "k8s"}, NIGHT)
    assert page is not None
    assert "Kubernetes Service Good" in Markup(page.body).text


def test_a_region_lists_what_is_wrong_there() -> None:
    page = assemble("/status/", {"q": "westeurope"}, NIGHT)
    assert page is not None
    shown = Markup(page.body).text
    assert "West Europe" in shown
    assert "Storage" in shown


@pytest.mark.parametrize(
    "asked",
    ["Storage, West Europe", "storage in west europe", "West Europe storage", "westeurope storage"],
)
def test_a_service_in_a_region_is_answered_as_a_pair(asked: str) -> None:
    page = assemble("/status/", {"q": asked}, NIGHT)
    assert page is not None
    shown = Markup(page.body).text
    assert "Storage in West Europe" in shown
    assert "No service or region is called" not in shown


@pytest.mark.parametrize(
    ("region", "sentence"),
    [
        ("brazil south", "Migrate is not offered in Brazil South"),
        ("canada central", "Migrate in Canada Central: no public incident"),
    ],
)
def test_a_service_that_is_not_offered_in_a_region_is_not_said_to_be_well(
    region: str, sentence: str
) -> None:
    page = assemble("/status/", {"q": f"migrate, {region}"}, NIGHT)
    assert page is not None
    assert sentence in Markup(page.body).text


def test_a_slip_of_the_fingers_finds_the_name_that_was_meant() -> None:
    page = assemble("/status/", {"q": "storrage"}, NIGHT)
    assert page is not None
    assert "Storage" in Markup(page.body).text


def test_nothing_found_says_so() -> None:
    page = assemble("/status/", {"q": "tea <pot>"}, NIGHT)
    assert page is not None
    assert "No service or region is called “tea <pot>”." in Markup(page.body).text


def test_other_addresses_are_left_alone() -> None:
    for path in ("/status/history/2024-01/", "/status/atlantis/", "/robots.txt", "/status/feed/"):
        assert assemble(path, {"q": "storage"}, SITE) is None


NAMES = [
    "service",
    "region",
    "geography",
    "level",
    "from",
    "to",
    "month",
    "q",
    "trackingId",
    "page",
    "é",
]
VALUES = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["storage", "west-europe", "europe", "error", "2024-01", "2024-01-21", "9999-12-31"]
    ),
    st.dates().map(str),
)


@settings(max_examples=150)
@given(
    query=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5),
    language=st.sampled_from(["", "/de", "/xx"]),
)
def test_whatever_is_asked_is_answered(query: dict[str, str], language: str) -> None:
    for path in (
        "/status/history/",
        "/status/",
        "/status/history/minutes/",
        "/status/history/2024-01/",
    ):
        page = assemble(f"{language}{path}", query, SITE)
        assert page is None or (page.status in (200, 410) and Markup(page.body).faults == [])


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("published")
    write_generation(folder, SITE)

    def elsewhere(_: object, start_response: Any) -> list[bytes]:
        start_response("404 Not Found", [])
        return []

    return public_site(Store(folder), dict(ASSEMBLERS), elsewhere, keys={"trackingId", *FILTERS})


@settings(max_examples=150)
@given(
    query=st.text(alphabet=st.characters(min_codepoint=1, max_codepoint=255), max_size=60),
    name=st.sampled_from(
        ["", "q=", "service=", "from=", "month=", "trackingId=", "level=error&to="]
    ),
    path=st.text(alphabet="aA0-_./%é\x00\\", max_size=12),
)
def test_no_query_and_no_address_leads_to_a_server_error(
    web: Any, query: str, name: str, path: str
) -> None:
    for address in ("/status/history/", f"/status/history/{path}", f"/status/{path}"):
        raw = address.encode().decode("latin-1")
        assert ask_web(web, raw, f"{name}{query}").status < 500


def test_service_and_region_are_matched_as_a_pair() -> None:
    one = snapshots.january().impacts[0]
    west, east = NamedView("west-europe", "West Europe"), NamedView("east-us", "East US")
    vault, storage = NamedView("key-vault", "Key Vault"), NamedView("storage", "Storage")
    hits = (replace(one, service=vault, region=west), replace(one, service=storage, region=east))
    january = replace(
        snapshots.january(), impacts=hits, services=(vault, storage, NamedView("relay", "Relay")),
        regions=(west, east),
    )  # fmt: skip
    index = history.index_of_month([january])
    (line,) = json.loads(index)
    for service, region, is_hit in (
        ("key-vault", "west-europe", True),
        ("key-vault", "east-us", False),
        ("storage", "west-europe", False),
        ("relay", "east-us", True),  # of which it is not known where
        ("key-vault", None, True),
    ):
        assert has_pair(line, service, region) is is_hit, (service, region)
