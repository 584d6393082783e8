"""What others show of our pages: pictures, icons, the site map, the manifest, what search engines read."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image

from statuspage import languages
from statuspage.public.render.files import share_images
from statuspage.public.renderer import SiteRenderer, render_site
from statuspage.public.store.generation import beat, write_generation
from tests.browsing import browser_page
from tests.public import snapshots
from tests.public.markup import Markup
from tests.public.test_old_copies import serving

NIGHT = render_site(snapshots.bad_night())
CALM = render_site(snapshots.calm())
BASE = str(settings.BASE_URL)


def picture(page: bytes) -> str:
    (found,) = Markup(page).all("meta", property="og:image")
    return str(found["content"]).removeprefix(BASE)


@pytest.mark.parametrize("path", ["/status/", "/status/history/", "/status/history/MANA-GER/"])
def test_every_page_shows_a_picture_that_is_there(path: str) -> None:
    for site in (NIGHT, CALM):
        shown = site.pages[picture(site.pages[path].body)]
        assert shown.content_type == "image/png"
        assert Image.open(io.BytesIO(shown.body)).size == (1200, 630)
        assert len(shown.body) < 60_000


def test_the_picture_is_of_the_state_and_of_the_incident() -> None:
    assert picture(NIGHT.pages["/status/"].body) == "/status/share/critical.png"
    assert picture(CALM.pages["/status/"].body) == "/status/share/good.png"
    assert picture(NIGHT.pages["/status/history/MANA-GER/"].body) == "/status/share/MANA-GER.png"


def test_a_picture_is_drawn_again_only_when_its_words_change() -> None:
    renderer = SiteRenderer()
    night = snapshots.bad_night()
    renderer.print(night)
    drawn = share_images._page.cache_info().misses
    *others, manager = night.incidents
    told = replace(manager, updated_at=night.as_of)
    again = replace(night, revision=8, incidents=(*others, told))
    renderer.print(again)
    assert share_images._page.cache_info().misses == drawn
    renamed = replace(told, title="Another title")
    site = renderer.print(replace(again, revision=9, incidents=(*others, renamed)))
    assert share_images._page.cache_info().misses == drawn + 1
    assert "/status/share/MANA-GER.png" in site.pages


def test_a_title_that_the_font_cannot_write_is_left_out() -> None:
    january = replace(snapshots.january(), title="ストレージ障害")
    assert share_images.of_incident(january).body == share_images.of_incident(
        replace(january, title="")
    ).body  # fmt: skip


def test_a_page_names_its_canonical_address_and_the_one_for_everybody_else() -> None:
    page = Markup(NIGHT.pages["/status/history/"].body)
    assert page.all("link", rel="canonical", href=f"{BASE}/status/history/")
    assert page.all("link", hreflang="x-default", href=f"{BASE}/status/history/")
    assert page.all("meta", name="description")


def test_the_site_map_has_languages_and_the_last_change() -> None:
    written = CALM.pages["/sitemap.xml"].body.decode()
    for code in languages.names():
        address = f"{BASE}{languages.root(code)}/status/history/MANA-GER/"
        assert f'hreflang="{code}" href="{address}"' in written
    (entry,) = re.findall(r"<url><loc>[^<]*/MANA-GER/</loc>.*", written)
    assert f"<lastmod>{snapshots.january().updated_at:%Y-%m-%dT%H:%M:%SZ}</lastmod>" in entry


def test_icons_are_what_they_are_called() -> None:
    icon = Image.open(io.BytesIO(CALM.pages["/favicon.ico"].body))
    assert icon.format == "ICO"
    assert CALM.pages["/favicon.ico"].content_type == "image/x-icon"
    assert Image.open(io.BytesIO(CALM.pages["/apple-touch-icon.png"].body)).size == (180, 180)
    manifest = json.loads(CALM.pages["/manifest.webmanifest"].body)
    assert manifest["start_url"] == "/status/"
    assert all(one["src"] in CALM.pages for one in manifest["icons"])


def test_search_engines_read_what_it_is_without_a_script() -> None:
    incident = Markup(NIGHT.pages["/status/history/MANA-GER/"].body)
    assert incident.all("article", itemtype="https://schema.org/SpecialAnnouncement")
    assert incident.all("meta", itemprop="datePosted", content="2024-01-21T01:30:00+00:00")
    plan = Markup(NIGHT.pages["/status/history/WORK-002/"].body)
    assert plan.all("article", itemtype="https://schema.org/Event")
    assert plan.all("meta", itemprop="startDate")
    assert b"ld+json" not in NIGHT.pages["/status/history/WORK-002/"].body


@pytest.mark.browser
def test_a_reader_chooses_light_or_dark_and_finds_it_again(tmp_path: Path) -> None:
    calm = snapshots.calm()
    write_generation(tmp_path, render_site(calm))
    beat(tmp_path, calm.revision, calm.as_of)
    background = "getComputedStyle(document.documentElement).backgroundColor"
    with serving(tmp_path, calm.as_of) as address, browser_page() as (page, complaints):
        page.emulate_media(color_scheme="light")
        page.goto(address + "/status/history/")
        light = page.evaluate(background)
        page.select_option("[data-choose-theme]", "dark")
        dark = page.evaluate(background)
        assert dark != light
        page.goto(address + "/status/history/MANA-GER/")
        assert page.evaluate(background) == dark
        assert page.locator("[data-choose-theme]").input_value() == "dark"
        page.select_option("[data-choose-theme]", "")
        assert page.evaluate(background) == light
        assert page.context.cookies() == []
        assert complaints == []
