"""The front page as a browser shows it: answers while typing, the table, marks, zones, and no step too many."""

from __future__ import annotations

import itertools
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from statuspage import languages
from statuspage.public.query.search import answer_about, find, meant
from statuspage.public.snapshot.values import Snapshot
from statuspage.public.store.generation import beat, write_generation
from tests.browsing import DESKTOP, PHONE, THEMES, browser_page, check_accessible
from tests.public import snapshots
from tests.public.sites import render_all
from tests.public.test_front_page import NIGHT
from tests.public.test_old_copies import serving

pytestmark = pytest.mark.browser

QUESTIONS = (
    "us 2",  # two regions have it in their names
    "storage, west europe",
    "West Europe storage",
    "storrage westeurope",
    "is storage down in west europe?",
    "arm weu",
    "k8s",
    "keyvault japan east",
    "portal, north europe",
    "west europe",
    "Speicher Westeuropa",
    "batch",
    "migrate, brazil south",
    "migrate, canada central",
    "batch east us",  # what it depends on, where it was asked about alone
    "batch europe",
    "europe west, storage",
    "storage uk",
    "vms",
    "database",
    "databases east us",
    "europe",
    "compute japan",
    "tea pot",
    "us",  # of many the names, and as a city's or a service's own
    "ser",
    "central",
    "al",
    "is data down?",  # many of one word of it
    "are you having problems with my storage account in west europe today",
    "can't connect to key vault",
    "storage and key vault in west europe",  # several, each by its name
    "storage in east us or west europe",
    "is storage or app service down",
    "resource manager and storage in east us",  # of which one is worse
    "are storage and event hubs down in uk south?",
    "stockage et key vault en Europe de l'Ouest",
    "west europe, uk south",
    "storage in europe and asia pacific",
    "portal and storage in north europe",
    "batch and storage in japan east",
    "hello dear status team please tell me very quickly whether anything happens with storage in west europe",
    "I cannot log in",
    "why is the portal so slow",
    "¿por qué no funciona el almacenamiento en Europa Occidental?",
    "西ヨーロッパのストレージは使えますか？",
    "هل التخزين لا يعمل في غرب أوروبا؟",
    "is everything ok?",
)
KINDS_OF_PAGES = (
    "/status/",
    "/status/europe/",
    "/status/history/",
    "/status/history/2024-01/",
    "/status/history/MANA-GER/",
    "/status/history/WORK-001/",
    "/status/history/GONE-001/",
    "/status/history/minutes/",
    "/status/updates/",
    "/status/api/",
    "/status/report/",
)
BOTH_TOLD = """(html) => [document, new DOMParser().parseFromString(html, "text/html")].map((from) => {
  const told = from.querySelector(".told");
  return told && {
    state: told.classList[1],
    words: told.textContent.replace(/\\s+/g, ""),
    chosen: [...told.querySelectorAll("a")].map((a) => [a.className, a.getAttribute("href")]),
  };
})"""
READY = "html[data-local-finds]"
TYPE = """(asked) => {
  const field = document.querySelector("#q");
  field.value = asked;
  field.dispatchEvent(new Event("input", {bubbles: true}));
  const told = document.querySelector(".told");
  return told && {
    state: told.classList[1],
    detail: told.querySelector("p:not(.small, .ways)")?.textContent.trim() ?? "",
    title: (told.querySelector("h2 > span") ?? told.querySelector("h2")).textContent.trim(),
    links: [...told.querySelectorAll(".ways a")].map((a) => a.getAttribute("href")),
  };
}"""


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Any]]:
    """The published files of the bad night, and nothing that answers a query: as on the edge."""
    folder: Path = tmp_path_factory.mktemp("night")
    site = render_all(with_dependents())
    write_generation(folder, site)
    beat(folder, 1, NIGHT.as_of)
    with serving(folder, NIGHT.as_of) as address:
        yield address, site


def with_dependents() -> Snapshot:
    from statuspage.public.snapshot.dependents import may_be_affected
    from statuspage.public.snapshot.values import DependencyView

    needs = [
        DependencyView("batch", "resource-manager"),
        DependencyView("portal", "resource-manager"),
    ]
    found = may_be_affected(NIGHT.cells, NIGHT.offered, needs, "global")
    return replace(NIGHT, dependencies=tuple(needs), dependents=found)


def at_night(page: Page) -> None:
    page.clock.set_fixed_time(NIGHT.as_of)


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_browser_answers_as_the_server_does(night: tuple[str, Any], language: str) -> None:
    from django.utils.translation import override

    address, site = night
    with browser_page() as (page, complaints):
        at_night(page)
        page.goto(f"{address}{languages.root(language)}/status/")
        page.focus("#q")
        page.wait_for_selector(READY)
        offered = 0
        for asked in QUESTIONS:
            found = page.evaluate(TYPE, asked)
            with override(language):
                said = answer_about(*meant(asked, site.index), site)
                if said is None:
                    sent = find({"q": asked}, site)
                    assert sent is not None
                    here, there = page.evaluate(BOTH_TOLD, sent.body.decode())
                    assert here == there, asked
                    offered += bool(here)
                    continue
                links = [*filter(None, (said.incident, said.updates))]
            title = said.text.replace("%(time)s", said.shown)
            detail = f"{said.detail}." if said.detail else ""
            told = {"state": said.state, "detail": detail, "title": title, "links": links}
            assert found == told, asked
        assert offered >= 2  # choices, where a word is part of many names
        assert complaints == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            "storage, key vault, east us, west europe",
            "Storage in East US, Key Vault in West Europe",
        ),
        (
            "storage key vault app service east us west europe uk south",
            "Several services in East US, West Europe, UK South",
        ),
        ("storage and event hubs in east us and west europe", "Storage in East US"),
    ],
)
def test_of_several_only_pairs_that_are_hit_are_named(
    tmp_path: Path, asked: str, said: str
) -> None:
    hit = [("storage", "east-us"), ("key-vault", "west-europe")]
    if "uk south" in asked:
        hit += [("app-service", "uk-south"), ("app-service", "west-europe")]
    cell = NIGHT.cells["storage", "east-us"]
    site = render_all(replace(NIGHT, cells=dict.fromkeys(hit, cell)))
    write_generation(tmp_path, site)
    beat(tmp_path, 1, NIGHT.as_of)
    told = answer_about(*meant(asked, site.index), site)
    assert told is not None
    assert told.text.startswith(f"{said}: degraded")
    with serving(tmp_path, NIGHT.as_of) as address, browser_page() as (page, _):
        at_night(page)
        page.goto(f"{address}/status/")
        page.focus("#q")
        page.wait_for_selector(READY)
        found = page.evaluate(TYPE, asked)
    assert found["title"].startswith(f"{said}: degraded")


def test_a_question_in_the_address_is_answered_where_no_process_does(
    night: tuple[str, Any],
) -> None:
    with browser_page() as (page, _):
        at_night(page)
        page.goto(f"{night[0]}/status/?q=storage,+west+europe")
        expect(page.locator(".told h2")).to_contain_text(
            "Storage in West Europe: degraded since 03:04 UTC"
        )
        expect(page.locator(".cards").first).to_be_hidden()
        check_accessible(page)


@pytest.mark.parametrize(
    ("days", "said"), [(1, "21 Jan, 03:04 UTC"), (400, "21 January 2024, 03:04 UTC")]
)
def test_the_day_is_named_where_it_is_another_and_the_year_where_that_is(
    night: tuple[str, Any], days: int, said: str
) -> None:
    with browser_page() as (page, _):
        page.clock.set_fixed_time(NIGHT.as_of + timedelta(days=days))
        page.goto(f"{night[0]}/status/?q=storage,+west+europe")
        expect(page.locator(".told h2")).to_contain_text(f"degraded since {said}")


def test_only_what_is_affected_leaves_out_rows_and_columns(night: tuple[str, Any]) -> None:
    with browser_page() as (page, _):
        at_night(page)
        page.goto(f"{night[0]}/status/europe/")
        heads = page.locator(".matrix thead th:visible")
        expect(heads).to_have_count(12)
        page.check("[data-only]")
        expect(heads).to_have_count(4)  # the service, two regions and what has none
        assert page.locator(".matrix tbody tr:not(.cat):visible").count() == 7
        page.uncheck("[data-only]")
        expect(heads).to_have_count(12)


def test_regions_beyond_the_edge_are_counted_and_a_press_away(night: tuple[str, Any]) -> None:
    with browser_page(viewport={"width": 700, "height": 900}) as (page, _):
        at_night(page)
        page.emulate_media(reduced_motion="reduce")
        page.goto(f"{night[0]}/status/americas/")
        more = page.locator("[data-more]")
        expect(more).to_have_text(re.compile(r"^More regions: \d →$"))
        first = page.locator(".matrix tr.t th").first
        left = "(e) => e.getBoundingClientRect().left"
        before = first.evaluate(left)
        for _ in range(4):
            if more.inner_text():
                more.click()
                page.wait_for_timeout(100)
        expect(more).to_have_text("")
        assert first.evaluate(left) == before, "the name stays in view"


def test_a_cell_says_itself_in_words_to_pointer_and_keyboard(night: tuple[str, Any]) -> None:
    with browser_page() as (page, _):
        at_night(page)
        page.goto(f"{night[0]}/status/")
        cell = page.locator(".matrix td.c > a").first
        cell.focus()
        card = page.locator(".tip-card")
        expect(card).to_contain_text("Resource Manager in East US: disrupted since 01:30 UTC")
        expect(card).to_contain_text("fails for some or all customers")
        page.keyboard.press("Escape")
        expect(card).to_be_hidden()
        page.locator(".matrix td.w > a").first.hover()
        expect(card).to_contain_text("degraded since 03:04 UTC")
        card.hover()
        page.wait_for_timeout(400)
        expect(card).to_be_visible()


def test_marks_differ_in_grey_at_twelve_pixels(night: tuple[str, Any]) -> None:
    states = ("critical", "warning", "information", "maintenance", "possible", "good")
    with browser_page() as (page, _):
        page.goto(f"{night[0]}/status/")
        page.evaluate(
            """(states) => {
              document.body.replaceChildren(...states.map((state) => {
                const mark = document.createElement("i");
                mark.className = `shape ${state}`;
                mark.style.cssText = "font-size:13.72px;--state:#555;width:16px;height:16px;display:flex;"
                  + "align-items:center;justify-content:center;background:#fff";
                return mark;
              }));
            }""",
            list(states),
        )
        taken = {
            state: b64encode(page.locator(f".shape.{state}").screenshot()).decode()
            for state in states
        }
        page.goto("about:blank")
        grey = page.evaluate(
            """async (taken) => {
              const found = {};
              for (const [state, png] of Object.entries(taken)) {
                const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
                const pen = new OffscreenCanvas(image.width, image.height).getContext("2d");
                pen.drawImage(image, 0, 0);
                const {data} = pen.getImageData(0, 0, image.width, image.height);
                found[state] = Array.from({length: data.length / 4}, (_, i) => data[4 * i]);
              }
              return found;
            }""",
            taken,
        )
    for one, other in itertools.combinations(states, 2):
        pairs = zip(grey[one], grey[other], strict=True)
        differing = sum(abs(a - b) > 64 for a, b in pairs)
        assert differing >= 20, (one, other, differing)


def test_a_dozen_steps_lead_to_the_first_incident_and_one_to_the_table(
    night: tuple[str, Any],
) -> None:
    with browser_page() as (page, _):
        at_night(page)
        page.goto(f"{night[0]}/status/")
        steps = []
        for _ in range(12):
            page.keyboard.press("Tab")
            steps.append(page.evaluate("document.activeElement.getAttribute('href')"))
            if steps[-1] == "/status/history/MANA-GER/":
                break
        assert steps[-1] == "/status/history/MANA-GER/"
        assert "#matrix-title" in steps[:3]


def test_the_first_screen_of_a_phone_answers_what_since_when_and_what_next(
    night: tuple[str, Any],
) -> None:
    with browser_page(viewport=PHONE) as (page, _):
        at_night(page)
        page.goto(f"{night[0]}/status/")
        expect(page.locator(".band .lead")).to_contain_text(
            "Storage are degraded in both East US and West Europe since 03:04 UTC"
        )
        ends = page.evaluate(
            """() => ["h1", ".band .lead", ".figures > :nth-child(1)", ".figures > :nth-child(2)", "#q"]
              .map((each) => document.querySelector(each).getBoundingClientRect().bottom)"""
        )
        assert max(ends) <= PHONE["height"]
        first_two = page.locator(".figures dt").all_inner_texts()[:2]
        assert first_two == ["next update by", "last update"]


@pytest.mark.parametrize("path", ["/status/", "/status/europe/", "/ar/status/"])
def test_at_four_times_the_size_nothing_is_beside_the_page(
    night: tuple[str, Any], path: str
) -> None:
    with browser_page(viewport={"width": 320, "height": 256}) as (page, _):
        at_night(page)
        page.goto(night[0] + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_what_is_pressed_is_large_enough(night: tuple[str, Any]) -> None:
    """24 pixels, but for links inside a sentence (WCAG 2.2, 2.5.8)."""
    with browser_page(viewport=PHONE) as (page, _):
        at_night(page)
        page.goto(f"{night[0]}/status/")
        small = page.evaluate(
            """() => [...document.querySelectorAll("a, button, input, select, summary")]
              .filter((e) => e.checkVisibility() && !e.closest(".lead, .vh, .skip"))
              .map((e) => [e.textContent.trim(), e.getBoundingClientRect()])
              .filter(([, box]) => box.width < 24 || box.height < 24).map(([text]) => text)"""
        )
        assert small == []


def test_every_kind_of_page_is_accessible_in_each_language_theme_and_width(
    night: tuple[str, Any],
) -> None:
    """Each language and each kind of page several times: of all pairs every fourth, on a screen and a phone, light
    and dark in turn."""
    shown = itertools.cycle([(v, theme) for v in (DESKTOP, PHONE) for theme in THEMES])
    pairs = itertools.product(languages.names(), KINDS_OF_PAGES)
    with browser_page() as (page, _):
        at_night(page)
        for (code, path), (viewport, theme) in zip(list(pairs)[::4], shown, strict=False):
            page.set_viewport_size(viewport)
            page.emulate_media(color_scheme=theme)
            page.goto(f"{night[0]}{languages.root(code)}{path}")
            check_accessible(page, targets=True)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width == viewport["width"], (code, path)


def test_one_s_own_zone_takes_the_place_of_utc_and_says_so(night: tuple[str, Any]) -> None:
    with browser_page() as (page, _):
        at_night(page)
        page.goto(f"{night[0]}/status/")
        first = page.locator(".figures time").first
        expect(first).to_have_text("05:25 UTC")
        offset = page.evaluate("new Date(2024, 0, 21).getTimezoneOffset()")
        page.click("[data-zone]")
        expect(first).to_have_attribute("title", "05:25 UTC")
        if offset:
            expect(first).not_to_contain_text("05:25")
        page.click("[data-zone]")
        expect(first).to_have_text("05:25 UTC")


def test_the_current_page_shows_in_forced_colours(night: tuple[str, Any]) -> None:
    with browser_page() as (page, _):
        page.emulate_media(forced_colors="active")
        page.goto(f"{night[0]}/status/europe/")
        for group in (".top nav", ".tabs"):
            colour = "(e) => getComputedStyle(e).borderBottomColor"
            current = page.locator(f"{group} a[aria-current]").first.evaluate(colour)
            other = page.locator(f"{group} a:not([aria-current], .button)").first.evaluate(colour)
            assert current != other


def test_a_visitor_who_comes_back_sees_nothing_move(tmp_path: Path) -> None:
    from tests.public.test_nothing_moves import SHIFTS, TWO_FRAMES

    now = datetime.now(UTC)
    write_generation(tmp_path, render_all(replace(snapshots.bad_night(), as_of=now)))
    beat(tmp_path, 1, now)
    with serving(tmp_path, now) as address, browser_page() as (page, _):
        page.add_init_script(SHIFTS)
        page.goto(f"{address}/status/")
        page.evaluate(
            "localStorage.setItem('mine', 'services=storage,key-vault&regions=west-europe')"
        )
        answer = """<div id="mine-answer" class="mine bad"><h1>2 of your services are affected.</h1>
          <ul class="found"><li>Storage <b>Warning</b><li>Key Vault <b>Warning</b></ul></div>"""
        page.route(
            "**/status/?services=*",
            lambda route: route.fulfill(body=answer, content_type="text/html"),
        )
        for width in (1440, 360):
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(f"{address}/status/")
            expect(page.locator("#mine h2")).to_contain_text("2 of your services")
            page.evaluate(TWO_FRAMES)
            assert page.evaluate("window.shifts") == [], width
