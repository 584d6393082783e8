"""Every page: well formed, nothing inline, words escaped, within its bytes."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from statuspage import languages
from statuspage.public.render.files import assets
from statuspage.public.render.page import HTML, Site
from statuspage.public.render.pages import unavailable
from statuspage.public.renderer import render_site
from statuspage.public.snapshot.values import Snapshot
from statuspage.public.store.packing import Packer
from tests.public import snapshots
from tests.public.markup import Markup
from tests.public.sites import render_all

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)> ' {{ 7|add:7 }} &lt;"


@pytest.fixture(scope="module", params=["calm", "bad_night", "hostile"])
def site(request: pytest.FixtureRequest) -> Site:
    return render_all(
        hostile() if request.param == "hostile" else getattr(snapshots, request.param)()
    )


def html(site: Site) -> Iterator[tuple[str, bytes]]:
    for path, page in site.pages.items():
        # Frames for other people's pages are a badge and nothing else (tests/clients/test_embedding.py).
        if page.content_type == HTML and not path.startswith("/embed/"):
            yield path, page.body
    yield "unavailable", unavailable().body


def hostile() -> Snapshot:
    """The bad night with hostile words in every plain field."""
    night = snapshots.bad_night()
    incident = night.incidents[-1]
    review = snapshots.january_review()
    return replace(
        night,
        cells={key: cell for key, cell in night.cells.items() if "MANA-GER" in cell.incidents},
        categories=tuple(
            replace(
                category,
                name=HOSTILE,
                services=tuple(replace(s, name=HOSTILE, aliases=(HOSTILE,)) for s in category.services),
            )
            for category in night.categories
        ),
        geographies=tuple(
            replace(g, name=HOSTILE, regions=tuple(replace(r, name=HOSTILE) for r in g.regions))
            for g in night.geographies
        ),
        incidents=(
            replace(
                incident,
                title=HOSTILE,
                windows=tuple(replace(window, label=HOSTILE) for window in incident.windows),
                services=tuple(replace(view, name=HOSTILE) for view in incident.services),
                regions=tuple(replace(view, name=HOSTILE) for view in incident.regions),
                impacts=tuple(
                    replace(i, region=replace(i.region, name=f"{HOSTILE}{n}"), zones=(HOSTILE,))
                    for n, i in enumerate(incident.impacts)
                ),
                communications=tuple(
                    replace(c, text=HOSTILE, language=HOSTILE) for c in incident.communications
                ),
                review=replace(
                    review,
                    sections=tuple(replace(s, heading=HOSTILE) for s in review.sections),
                    timeline=tuple(replace(row, text=HOSTILE) for row in review.timeline),
                    repair_items=tuple(
                        replace(i, text=HOSTILE, owner=HOSTILE, due=HOSTILE) for i in review.repair_items
                    ),
                    video="javascript:alert(1)",
                    survey="data:text/html,x",
                ),
            ),
        ),
        gone=tuple(replace(gone, sentence=HOSTILE) for gone in night.gone),
    )  # fmt: skip


def test_pages_are_well_formed_and_have_nothing_inline(site: Site) -> None:
    for path, body in html(site):
        found = Markup(body)
        assert found.faults == [], path
        assert found.repeated_ids == set(), path
        assert not found.all("img"), path
        assert all("src" in attributes for attributes in found.all("script")), path
        assert "{{" not in found.text.replace(HOSTILE, "").replace("{{ 7|add:7 }}", ""), path


def test_every_page_has_one_main_heading_a_language_and_a_skip_link(site: Site) -> None:
    for path, body in html(site):
        found = Markup(body)
        assert len(found.all("h1")) == 1, path
        language, _ = languages.split(path)
        if re.fullmatch("[a-z]+/[0-9]{3}", path):  # keys such as de/404, which are no addresses
            language = path.split("/")[0]
        assert found.all("html", lang=language), path
        assert len(found.all("main", id="main")) == 1, path
        assert path == "unavailable" or "#main" in found.links(), path


def test_points_in_time_are_machine_readable_and_name_their_zone(site: Site) -> None:
    for path, body in html(site):
        for attributes in Markup(body).all("time"):
            assert (attributes["datetime"] or "").endswith("Z"), path
        for words in body.decode().split("<time ")[1:]:
            shown = words.partition(">")[2].partition("<")[0]
            # A day has its year at the end, and in Japanese its signs.
            assert "UTC" in shown or shown[-4:].isdigit() or shown[-1] in "日月", (path, shown)


def test_addresses_that_run_code_are_no_links() -> None:
    body = render_site(hostile()).pages["/status/history/MANA-GER/"].body
    assert not [link for link in Markup(body).links() if link.startswith(("javascript", "data"))]
    plain = render_site(snapshots.calm()).pages["/status/history/MANA-GER/"].body
    assert {"https://video.example/retrospective"} <= Markup(plain).links()


def test_links_inside_the_site_lead_somewhere(site: Site) -> None:
    elsewhere = (
        "/subscribe/",
        "/service-health/",
        "/feedback/",
        "/history.",
        "/feed.json",
        "/maintenance.ics",
        "/api/",
        "/badge/",
        "/embed/",
    )
    for path, body in html(site):
        for link in Markup(body).links():
            target = link.partition("?")[0].partition("#")[0]
            if target.startswith("/") and not languages.split(target)[1].startswith(elsewhere):
                assert target in site.pages, (path, link)


def test_anchors_exist(site: Site) -> None:
    for path, body in html(site):
        found = Markup(body)
        ids = {attributes.get("id") for _, attributes in found.elements}
        for link in found.links():
            assert not link.startswith("#") or link[1:] in ids, (path, link)
        for _, attributes in found.elements:
            for name in ("aria-labelledby", "for"):
                assert name not in attributes or attributes[name] in ids, (path, attributes)


def test_sixty_regions_by_a_hundred_and_twenty_services_stay_small_in_every_language() -> None:
    site = render_all(snapshots.large(incidents=1))
    matrices = [
        page.body
        for path, page in site.pages.items()
        if languages.split(path)[1] in ("/status/", "/status/everywhere/")
    ]
    assert len(matrices) == 2 * len(languages.names())
    for body in matrices:
        assert len(body) <= 125_000
        assert len(Packer().packed(body)) <= 12_000


def test_style_and_scripts_stay_small() -> None:
    served = [page.body for path, page in assets.pages().items() if path.startswith("/static/")]
    assert len(served) == len(assets.SERVED)
    assert sum(len(gzip.compress(body, 9)) for body in served) <= 40_000


def test_names_of_style_and_scripts_follow_their_content() -> None:
    used = render_site(snapshots.calm())
    named = set()
    for path in ("/status/", "/status/history/", "/status/history/MANA-GER/"):
        found = Markup(used.pages[path].body)
        named |= {attributes["src"] for attributes in found.all("script")}
        # Fetched by whoever asks, and after the first frame.
        for later in ("data-finder", "data-htmx"):
            named |= {attributes.get(later) for attributes in found.all("script")} - {None}
        named |= {attributes["href"] for attributes in found.all("link", rel="stylesheet")}
    assert named == {path for path in used.pages if path.startswith("/static/")}
    assert all(used.pages[path or ""].max_age > 30_000_000 for path in named)


def test_the_same_snapshot_gives_the_same_bytes() -> None:
    assert render_site(snapshots.bad_night()) == render_site(snapshots.bad_night())


def test_errors_met_while_polling_never_replace_the_page() -> None:
    (config,) = Markup(render_site(snapshots.calm()).pages["/status/"].body).all(
        "meta", name="htmx-config"
    )
    assert '"noSwap":[204,304,"4xx","5xx"]' in (config["content"] or "")  # fmt: skip
