"""RSS, Atom and JSON Feed, read by feedparser and by the rules of JSON Feed 1.1."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import feedparser
import pytest

from statuspage.public.formats import format_answers, format_pages
from statuspage.public.formats.feed.feeds import SHOWN
from statuspage.public.formats.statuspage.identity import lasting
from statuspage.public.render.page import Page
from tests.public.format_snapshots import (
    BASE,
    EMPTY,
    EVENTFUL,
    NOW,
    NOW_BROKEN,
    REVIEW,
    REVIEWED,
    Generation,
    answer,
    at,
    days,
    impact,
    incident,
    pages_of,
    said,
    snapshot,
)

TWO_PAIRS = "Key Vault, Storage - East US, West Europe - Identified: Two pairs"
XML = ("/status/feed/", "/history.rss", "/history.atom")
LOGS = ("/history.rss", "/history.atom", "/feed.json")
FEEDS = (*XML, "/feed.json")


def read(page: Page) -> Any:
    parsed = feedparser.parse(page.body)
    assert not parsed.bozo, parsed.get("bozo_exception")
    return parsed


def titles(page: Page | None) -> list[str]:
    assert page is not None
    if page.content_type.startswith("application/feed+json"):
        return [item["title"] for item in json.loads(page.body)["items"]]
    return [entry.title for entry in read(page).entries]


@pytest.mark.parametrize("path", LOGS)
def test_every_log_has_one_entry_for_each_statement_and_review_newest_first(path: str) -> None:
    assert titles(pages_of(EVENTFUL)[path]) == [
        "Identified: Key Vault requests fail",
        "Investigating: Key Vault requests fail",
        "In progress: Disks, replaced",
        "Cancelled: Switches, replaced",
        "Planned: Routers, replaced; twice",
        "Planned: Switches, replaced",
        "Planned: Disks, replaced",
        "Resolved: Storage fails twice",
        "Mitigated: Storage fails twice",
        "Investigating: Storage fails twice",
        "Final review: Keys were late",
    ]


@pytest.mark.parametrize(
    ("path", "version", "kind"),
    [
        ("/history.rss", "rss20", "application/rss+xml"),
        ("/history.atom", "atom10", "application/atom+xml"),
    ],
)
def test_an_entry_carries_a_permanent_id_text_html_times_and_places(
    path: str, version: str, kind: str
) -> None:
    page = pages_of(EVENTFUL)[path]
    feed = read(page)
    entry = feed.entries[0]
    assert (feed.version, page.content_type) == (version, f"{kind}; charset=utf-8")
    assert entry.id == lasting(EVENTFUL.site, "incident/NOWB-002/2")
    assert entry.link == f"{BASE}/status/history/NOWB-002/#update-2"
    assert entry.summary == "A gateway is overloaded."
    assert entry.content[0].value == "<p>A gateway is overloaded.</p>"
    assert entry.published_parsed[:5] == (2026, 3, 1, 9, 20)
    named = [tag.label or tag.term for tag in entry.tags]
    assert named == ["Key Vault", "West Europe", "East US"]
    assert feed.feed.links[-1].href == BASE + path


def test_the_feed_ids_of_an_entry_are_the_same_in_all_formats_and_never_repeat() -> None:
    pages = pages_of(EVENTFUL)
    now, rss, atom = ([entry.id for entry in read(pages[path]).entries] for path in XML)
    assert rss == atom == [item["id"] for item in json.loads(pages["/feed.json"].body)["items"]]
    assert len(set(rss)) == len(rss)
    assert set(now) <= set(rss)


def test_no_id_changes_when_the_page_moves_to_another_address() -> None:
    def ids(base: str) -> list[str]:
        pages = format_pages(EVENTFUL, site_name="Moved", base_url=base)
        rss, atom = (read(pages[path]) for path in ("/history.rss", "/history.atom"))
        page = json.loads(pages["/api/v2/status.json"].body)["page"]["id"]
        events = re.findall(rb"UID:\S+", pages["/maintenance.ics"].body)
        return [page, atom.feed.id, *(one.id for one in rss.entries), *map(str, events)]

    before = ids("https://old.example")
    assert len(before) == 16
    assert ids("https://new.example:8443") == before


def test_two_installations_have_no_id_in_common() -> None:
    other = replace(EVENTFUL, site=str(UUID(int=7)))
    ours, theirs = (
        {entry.id for entry in read(pages_of(one)["/history.rss"]).entries}
        for one in (EVENTFUL, other)
    )
    assert not ours & theirs


def test_the_feed_of_now_has_the_last_word_of_every_incident_that_is_going_on() -> None:
    """As in Azure's feed: service - region - what is said, in HTML."""
    page = pages_of(EVENTFUL)["/status/feed/"]
    assert titles(page) == [
        "Key Vault - West Europe, East US - Identified: Key Vault requests fail",
        "Storage - North Europe - In progress: Disks, replaced",
    ]
    entry = read(page).entries[0]
    assert (entry.summary, "content" in entry) == ("<p>A gateway is overloaded.</p>", False)
    assert [tag.term for tag in entry.tags] == ["Key Vault", "West Europe", "East US"]


def test_a_title_of_the_feed_of_now_names_three_places_and_counts_the_others() -> None:
    hits = [
        impact("storage", region, "08:00") for region in ("east-us", "north-europe", "west-europe")
    ]
    wide = incident(
        "WIDE-001", "Much fails", *hits, impact("key-vault", "global", "08:00"), ended_at=None
    )
    (title,) = titles(pages_of(snapshot(wide))["/status/feed/"])
    assert (
        title
        == "Storage, Key Vault - East US, North Europe, West Europe and 1 more - Investigating: Much fails"
    )


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"region": "east-us"}, [TWO_PAIRS]),
        ({"service": "storage", "region": "east-us"}, []),
        ({"service": "key-vault", "region": "east-us"}, [TWO_PAIRS]),
        ({"region": "north-europe"}, []),
    ],
)
def test_the_feed_of_now_tells_a_region_of_what_is_hit_there_now(
    query: dict[str, str], shown: list[str]
) -> None:
    """Key Vault in East US and Storage in West Europe; North Europe is well again."""
    open_now = incident(
        "PAIR-001", "Two pairs",
        impact("key-vault", "east-us", "08:00"), impact("storage", "west-europe", "08:00"),
        impact("storage", "north-europe", "08:00", "09:00"),
        stage="identified", ended_at=None,
    )  # fmt: skip
    assert titles(answer(snapshot(open_now), "/status/feed/", **query)) == shown


def test_a_log_is_not_asked_for_a_pair_that_was_never_hit() -> None:
    for query, count in (
        ({"service": "key-vault", "region": "east-us"}, 1),
        ({"service": "storage", "region": "west-europe"}, 1),
        ({"service": "storage", "region": "east-us"}, 0),
    ):
        hits = impact("key-vault", "east-us", "08:00"), impact("storage", "west-europe", "08:00")
        page = answer(snapshot(incident("PAIR-001", "Two pairs", *hits)), "/feed.json", **query)
        assert len(titles(page)) == count


def test_a_later_statement_leaves_the_ids_of_earlier_ones_alone() -> None:
    before = json.loads(pages_of(snapshot(NOW_BROKEN))["/feed.json"].body)["items"]
    more = (said(3, "mitigated", "09:25", "Better."), *NOW_BROKEN.communications)
    later = snapshot(replace(NOW_BROKEN, communications=more, title="Key Vault failed"))
    after = json.loads(pages_of(later)["/feed.json"].body)["items"]
    assert [item["id"] for item in after[1:]] == [item["id"] for item in before]


@pytest.mark.parametrize("path", XML)
def test_an_empty_feed_is_valid_and_says_when_it_was_made(path: str) -> None:
    feed = read(pages_of(EMPTY)[path])
    assert feed.entries == []
    assert feed.feed.updated_parsed[:5] == (2026, 3, 1, 9, 30)


def test_an_empty_json_feed_says_when_it_was_made() -> None:
    feed = json.loads(pages_of(EMPTY)["/feed.json"].body)
    assert feed["items"] == []
    assert feed["_statuspage"]["as_of"] == "2026-03-01T09:30:00Z"


def test_the_json_feed_has_what_version_1_1_asks_for() -> None:
    page = pages_of(EVENTFUL)["/feed.json"]
    feed = json.loads(page.body)
    assert page.content_type == "application/feed+json; charset=utf-8"
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == f"{BASE}/feed.json"
    assert isinstance(feed["title"], str)
    assert all(isinstance(author["name"], str) for author in feed["authors"])
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert item["content_text"]
        assert item["content_html"].startswith("<")
        assert urlsplit(item["url"]).scheme == "https"
        assert item["date_published"].endswith("Z")
        assert item["date_modified"] >= item["date_published"]
        assert all(isinstance(tag, str) for tag in item["tags"])
        unknown = set(item) - {
            "id", "url", "title", "content_text", "content_html", "date_published", "date_modified", "tags",
        }  # fmt: skip
        assert all(name.startswith("_") for name in unknown)


def test_no_entry_is_dated_in_the_future() -> None:
    ahead = incident(
        "AHED-001",
        "Ahead",
        updated_at=NOW + days(3),
        communications=(replace(said(1, "planned", "09:00", "Soon."), at=NOW + days(2)),),
    )
    silent = incident("SILE-001", "Silent", updated_at=NOW + days(1))
    pages = pages_of(snapshot(ahead, silent))
    latest = NOW.timetuple()[:6]
    for path in XML:
        entries = read(pages[path]).entries
        assert len(entries) == 2
        assert all(entry.published_parsed[:6] <= latest for entry in entries)
    updated = [entry.updated_parsed[:6] for entry in read(pages["/history.atom"]).entries]
    assert all(moment <= latest for moment in updated)
    dates = [item["date_published"] for item in json.loads(pages["/feed.json"].body)["items"]]
    assert dates == ["2026-03-01T09:30:00Z"] * 2


def test_a_past_incident_without_statements_is_told_by_its_review() -> None:
    (entry,) = read(pages_of(snapshot(REVIEWED))["/history.atom"]).entries
    assert entry.id == lasting(EVENTFUL.site, "incident/KEYS-003/review-2")
    assert entry.link == f"{BASE}/status/history/KEYS-003/"
    assert entry.published_parsed[:3] == (2026, 1, 20)
    assert entry.content[0].value == "<h3>What happened?</h3><p>Keys were <em>late</em>.</p>"
    assert entry.summary == "What happened? Keys were late."


def test_a_review_that_a_statement_announces_is_told_once() -> None:
    announced = replace(
        NOW_BROKEN,
        review=REVIEW,
        communications=(
            said(3, "resolved", "09:25", "Read it.", "review"),
            *NOW_BROKEN.communications,
        ),
    )
    shown = titles(pages_of(snapshot(announced))["/history.rss"])
    assert shown[0] == "Review: Key Vault requests fail"
    assert len(shown) == 3
    quiet = replace(NOW_BROKEN, review=REVIEW)
    assert len(titles(pages_of(snapshot(quiet))["/history.rss"])) == 3


@pytest.mark.parametrize(
    ("kind", "word"), [("retraction", "Retracted"), ("correction", "Corrected")]
)
def test_what_is_taken_back_says_so_in_its_title(kind: str, word: str) -> None:
    taken = replace(NOW_BROKEN, communications=(said(1, "resolved", "09:25", "Sorry.", kind),))
    assert titles(pages_of(snapshot(taken))["/history.rss"]) == [f"{word}: Key Vault requests fail"]


def test_a_public_incident_of_which_nothing_was_said_has_an_entry_of_its_own() -> None:
    bare = incident("BARE-001", "Storage fails", impact("storage", "east-us", "09:00"))
    (entry,) = read(pages_of(snapshot(bare))["/history.rss"]).entries
    assert (entry.title, entry.summary) == ("Investigating: Storage fails", "Storage fails")


def test_a_feed_ends_after_the_newest_entries() -> None:
    many = [
        incident(
            f"MANY-{n:03}",
            f"Incident {n}",
            started_at=NOW - days(n),
            communications=(replace(said(1, "resolved", "09:00", "Over."), at=NOW - days(n)),),
        )
        for n in range(SHOWN + 20)
    ]
    for path in LOGS:
        shown = titles(pages_of(snapshot(*many))[path])
        assert len(shown) == SHOWN
        assert shown[0] == "Resolved: Incident 0"
        assert shown[-1] == f"Resolved: Incident {SHOWN - 1}"


def test_a_giant_text_is_told_by_its_beginning() -> None:
    giant = replace(said(1, "resolved", "09:00", "word " * 50_000))
    feed = read(pages_of(snapshot(replace(NOW_BROKEN, communications=(giant,))))["/history.atom"])
    assert feed.entries[0].content[0].value.startswith("<p>word word")
    assert feed.entries[0].content[0].value.endswith("…</p>")
    assert len(feed.entries[0].content[0].value) < 20_000


@pytest.mark.parametrize("path", LOGS)
@pytest.mark.parametrize(
    ("query", "incidents"),
    [
        ({"service": "key-vault"}, {"NOWB-002", "KEYS-003"}),
        ({"region": "north-europe"}, {"PLAN-004", "CANC-005", "RUNN-006", "KEYS-003"}),
        ({"service": "key-vault", "region": "east-us"}, {"NOWB-002"}),
        ({"service": "Key-Vault, portal", "region": "west-europe"}, {"NOWB-002", "KEYS-003"}),
        ({"service": "no-such-thing"}, set()),
        ({"service": "storage", "region": "atlantis"}, set()),
        ({"service": ",,"}, set()),
        ({"service": "\x00<&\ud800"}, set()),
    ],
)
def test_a_feed_can_be_had_for_some_services_and_regions(
    path: str, query: dict[str, str], incidents: set[str]
) -> None:
    page = answer(EVENTFUL, path, **query)
    assert page is not None
    if path == "/feed.json":
        links = [item["url"] for item in json.loads(page.body)["items"]]
    else:
        links = [entry.link for entry in read(page).entries]
    assert {link.split("/")[5] for link in links} == incidents


def test_a_filtered_feed_names_what_it_is_about_and_its_own_address() -> None:
    page = answer(EVENTFUL, "/history.atom", service="key-vault", region="east-us", utm="x")
    assert page is not None
    feed = read(page).feed
    assert feed.title == "Example Cloud: Key Vault, East US"
    assert feed.links[-1].href == f"{BASE}/history.atom?service=key-vault&region=east-us"
    assert feed.id == lasting(EVENTFUL.site, "feed?service=key-vault&region=east-us")


@pytest.mark.parametrize("query", [{}, {"service": ""}, {"service": " ", "region": "\x01"}])
def test_a_query_that_asks_for_nothing_gets_the_plain_feed(query: dict[str, str]) -> None:
    assert answer(EVENTFUL, "/history.rss", **query) is None


def test_a_generation_written_before_there_were_feeds_gets_no_filtered_ones() -> None:
    old = Generation({})
    assert format_answers["/history.rss"]("/history.rss", {"service": "storage"}, old) is None
    assert format_answers["/badge/"]("/badge/storage/east-us.svg", {}, old) is None


def test_an_address_below_a_feed_is_no_feed() -> None:
    assert answer(EVENTFUL, "/history.rssx", service="storage") is None


def test_times_in_feeds_are_those_of_the_statements() -> None:
    assert at("09:20") == NOW_BROKEN.communications[0].at
    (first, *_rest) = json.loads(pages_of(EVENTFUL)["/feed.json"].body)["items"]
    assert first["date_published"] == "2026-03-01T09:20:00Z"
    assert first["_statuspage"] == {
        "incident": "NOWB-002",
        "stage": "identified",
        "services": ["key-vault"],
        "regions": ["west-europe", "east-us"],
    }
