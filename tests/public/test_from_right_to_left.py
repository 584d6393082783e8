"""Arabic pages run from right to left: nothing leaves the window, and style sheets know no left and right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from statuspage.public.render.files import assets
from statuspage.public.renderer import render_language, render_site, with_languages
from statuspage.public.store.generation import beat, write_generation
from tests.browsing import PHONE, browser_page
from tests.public import snapshots
from tests.public.test_old_copies import serving

VALUE = r"(?:[\w.%-]+|[\w-]+\([^;]*?\))"
# Of four values in a row the second and the fourth name right and left by their place.
PHYSICAL = re.compile(
    r"(?:margin|padding|border)-(?:left|right)|text-align: (?:left|right)"
    rf"|(?:padding|margin|inset): {VALUE} (?P<right>{VALUE}) {VALUE} (?!(?P=right);){VALUE};"
)


@pytest.mark.parametrize("name", [one for one in assets.SERVED if one.endswith(".css")])
def test_style_sheets_of_public_pages_know_no_left_and_right(name: str) -> None:
    written = (assets.FOLDER / name).read_text()
    lines = [one for one in written.splitlines() if '[dir="rtl"]' not in one]
    assert [one for one in lines if PHYSICAL.search(one)] == []


@pytest.mark.browser
def test_nothing_leaves_the_window_of_a_phone(tmp_path: Path) -> None:
    night = snapshots.bad_night()
    write_generation(tmp_path, with_languages(render_site(night), [render_language(night, "ar")]))
    beat(tmp_path, night.revision, night.as_of)

    left = (
        "Math.min(...[...document.querySelectorAll('main :is(h1, h2, h3, p, dd)')]"
        ".filter((one) => !one.closest('.vh, .scroll') && one.getClientRects().length)"
        ".map((one) => one.getBoundingClientRect().left))"
    )
    with serving(tmp_path, night.as_of) as address, browser_page(viewport=PHONE) as (page, _):
        for path in ("/ar/status/", "/ar/status/history/", "/ar/status/history/MANA-GER/"):
            page.goto(address + path)
            assert page.evaluate("document.documentElement.dir") == "rtl"
            edges = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.evaluate(edges) == 0, path
            assert page.evaluate(left) >= 0, path
            # Drawings run from the left in every language, and so do the days below them.
            days = page.locator(".axis span").evaluate_all(
                "(all) => all.map((one) => one.getBoundingClientRect().x)"
            )
            assert days == sorted(days)
