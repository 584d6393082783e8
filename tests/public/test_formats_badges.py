"""Badges: one for everything, one for each cell that is offered."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from statuspage.public.formats import format_answers, format_index
from statuspage.public.formats.badges import COLOURS, badge
from statuspage.public.render.page import Page
from statuspage.public.render.table import labels
from statuspage.public.snapshot.values import CellView
from statuspage.public.store import prepared_responses
from tests.public.format_snapshots import (
    BASE,
    EMPTY,
    EVENTFUL,
    NOW,
    answer,
    large,
    pages_of,
    snapshot,
)

SVG = "{http://www.w3.org/2000/svg}"


def said(page: Page | None) -> str:
    """The text alternative; the words that are drawn must be the same."""
    assert page is not None
    assert page.content_type == "image/svg+xml; charset=utf-8"
    root = ET.fromstring(page.body)  # noqa: S314  (our own bytes)
    label = root.attrib["aria-label"]
    drawn = [element.text for element in root.iter(f"{SVG}text")]
    assert ": ".join(str(text) for text in drawn) == label
    assert str(root.findtext(f"{SVG}title")).startswith(label)
    return label


@pytest.mark.parametrize("state", COLOURS)
def test_a_badge_shows_each_state_by_word_and_by_a_shape_of_its_own(state: str) -> None:
    page = badge("Storage", state, NOW)
    assert said(page) == f"Storage: {labels.STATES[state]}"
    others = [badge("Storage", other, NOW).body for other in COLOURS if other != state]
    shape = page.body.partition(b'<g transform="')[2].partition(b">")[2].partition(b"</g>")[0]
    assert shape
    assert all(shape not in other for other in others)


def test_a_frame_is_as_high_as_a_finger_needs_it_and_keeps_its_proportions() -> None:
    html = pages_of(EVENTFUL)["/embed/"].body.decode()
    width, height, drawn = map(
        int, re.findall(r'width="(\d+)" height="(\d+)" viewBox="0 0 (\d+) 20"', html)[0]
    )
    assert (height, width) == (24, round(drawn * 1.2))


def test_the_badge_for_everything_shows_the_worst_state() -> None:
    assert said(pages_of(EVENTFUL)["/badge/overall.svg"]) == "Example Cloud: Critical"
    assert said(pages_of(EMPTY)["/badge/overall.svg"]) == "Example Cloud: Good"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/badge/key-vault/west-europe.svg", "Key Vault, West Europe: Critical"),
        ("/badge/key-vault/east-us.svg", "Key Vault, East US: Warning"),
        ("/badge/storage/north-europe.svg", "Storage, North Europe: Maintenance"),
        ("/badge/storage/east-us.svg", "Storage, East US: Good"),
        ("/badge/portal/global.svg", "Portal & Co, Global: Good"),
        ("/badge/key-vault.svg", "Key Vault: Critical"),
        ("/badge/storage.svg", "Storage: Maintenance"),
        ("/badge/portal.svg", "Portal & Co: Good"),
    ],
)
def test_every_service_and_every_offered_cell_has_a_badge(path: str, words: str) -> None:
    assert said(answer(EVENTFUL, path)) == words


@pytest.mark.parametrize(
    "path",
    [
        "/badge/key-vault/north-europe.svg",  # not offered there
        "/badge/key-vault/atlantis.svg",
        "/badge/nothing/east-us.svg",
        "/badge/storage/east-us",
        "/badge/nothing.svg",
        "/badge/storage/.svg",
        "/badge//.svg",
        "/badge/storage/east-us/.svg",
        "/badge/",
        "/badge/overall/../storage/east-us.svg",
    ],
)
def test_what_is_not_offered_has_no_badge(path: str) -> None:
    assert answer(EVENTFUL, path) is None


def test_a_query_does_not_change_a_badge() -> None:
    plain = answer(EVENTFUL, "/badge/storage/east-us.svg")
    assert answer(EVENTFUL, "/badge/storage/east-us.svg", service="key-vault") == plain


def test_a_badge_says_as_of_when_and_has_no_inline_style_or_script() -> None:
    page = answer(EVENTFUL, "/badge/storage/east-us.svg")
    assert page is not None
    assert b"(as of 1 March 2026, 09:30 UTC)" in page.body
    assert b"style" not in page.body
    assert b"script" not in page.body
    assert b"http" not in page.body.replace(b'xmlns="http://www.w3.org/2000/svg"', b"")


def test_a_state_of_tomorrow_is_drawn_as_information() -> None:
    cells = {("storage", "east-us"): CellView("odd", (), NOW)}
    shown = replace(snapshot(), cells=cells)
    assert said(answer(shown, "/badge/storage/east-us.svg")) == "Storage, East US: Information"


def test_a_long_name_is_cut_and_still_fits() -> None:
    page = badge("Name " * 50, "good", NOW)
    assert len(said(page)) < 80


def test_the_index_of_a_large_cloud_stays_small() -> None:
    shown = large()
    index = format_index(shown, site_name="Large", base_url=BASE)["formats"]
    assert sum(len(places) for places in index["catalogue"]["offered"].values()) == 6500
    assert len(str(index)) < 100_000
    assert said(answer(shown, "/badge/service-7/region-9.svg")) == "Service 7, Region 9: Good"


def test_feeds_formats_and_badges_may_be_read_by_any_page() -> None:
    pages = [page for path, page in pages_of(EVENTFUL).items() if not path.startswith("/embed")]
    pages += [
        page
        for path in format_answers
        if (page := answer(EVENTFUL, path, service="storage")) is not None
    ]
    pages += [
        page
        for path in ("/api/v2/regions/east-us/summary.json", "/api/v2/regions/no/summary.json")
        if (page := answer(EVENTFUL, path)) is not None
    ]
    badges = answer(EVENTFUL, "/badge/storage/east-us.svg")
    assert badges is not None
    for page in [*pages, badges]:
        for variant in prepared_responses.prepare(page):
            assert ("Access-Control-Allow-Origin", "*") in variant.headers
