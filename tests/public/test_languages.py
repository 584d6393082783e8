"""Every page in every language: one address each, and no way out of a language but the one for it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polib
import pytest
from django.conf import settings
from django.utils.translation import override

from statuspage import languages
from statuspage.public.query.filtered import ASSEMBLERS
from statuspage.public.render import times
from statuspage.public.render.page import HTML, Site
from statuspage.public.serve.app import public_site
from statuspage.public.snapshot.values import Snapshot
from statuspage.public.store.current_generation import Store
from statuspage.public.store.generation import write_generation
from tests.public import snapshots
from tests.public.markup import Markup
from tests.public.sites import Reply, ask, render_all

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

OTHERS = ("de", "fr", "es", "ja", "ar")
WHEN = datetime(2024, 3, 4, 5, 6, tzinfo=UTC)


@pytest.fixture(scope="module", params=["calm", "bad_night"])
def snapshot(request: pytest.FixtureRequest) -> Snapshot:
    found: Snapshot = getattr(snapshots, request.param)()
    return found


@pytest.fixture(scope="module")
def site(snapshot: Snapshot) -> Site:
    return render_all(snapshot)


@pytest.fixture(scope="module")
def served(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("published")
    write_generation(folder, render_all(snapshot))
    return Store(folder)


def get(store: Store, path: str, query: str = "") -> Reply:
    site = public_site(store, ASSEMBLERS, django, languages=languages.others())
    return ask(site, path, query)


def django(_environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    start_response("404 Not Found", [])
    return [b"django"]


def test_every_page_exists_in_every_language(site: Site) -> None:
    english = {
        path for path, page in site.pages.items() if page.content_type == HTML and path[0] == "/"
    }
    english = {path for path in english if path.startswith("/status/")}
    for code in OTHERS:
        assert {f"/{code}{path}" for path in english} <= set(site.pages)


def test_a_page_names_its_language_and_its_other_languages(site: Site) -> None:
    for code in OTHERS:
        page = Markup(site.pages[f"/{code}/status/history/"].body)
        assert page.all("html", lang=code, dir="rtl" if code == "ar" else "ltr")
        alternates = {
            one["hreflang"]: one["href"]
            for one in page.all("link", rel="alternate")
            if "hreflang" in one
        }
        assert alternates == {
            "x-default": f"{settings.BASE_URL}/status/history/",
            "en": f"{settings.BASE_URL}/status/history/",
            **{other: f"{settings.BASE_URL}/{other}/status/history/" for other in OTHERS},
        }  # fmt: skip
        (canonical,) = page.all("link", rel="canonical")
        assert canonical["href"] == f"{settings.BASE_URL}/{code}/status/history/"


def test_links_stay_in_the_language_but_for_the_switch(site: Site) -> None:
    for path, page in site.pages.items():
        code, _ = languages.split(path)
        if code == languages.DEFAULT or page.content_type != HTML:
            continue
        found = Markup(page.body)
        switch = {one["href"] for one in found.all("a") if "hreflang" in one}
        # Feeds are there once.
        links = {link for link in found.links() - switch if "/status/feed/" not in link}
        inside = {link for link in links if "/status/" in link}
        addresses = {
            one[name] for _, one in found.elements for name in ("action", "hx-get") if name in one
        }
        for link in inside | {str(one) for one in addresses}:
            assert link.removeprefix(settings.BASE_URL).startswith(f"/{code}/"), (path, link)


def test_words_of_operators_say_in_which_language_they_are(site: Site) -> None:
    page = site.pages["/de/status/history/WORK-001/"] if "/de/status/history/WORK-001/" in site.pages else (
        site.pages["/de/status/history/MANA-GER/"]
    )  # fmt: skip
    assert Markup(page.body).all("h1", lang="en")
    assert not Markup(site.pages["/status/history/"].body).all("h3", lang="en")


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("en", "4 March 2024, 05:06 UTC"),
        ("de", "4. März 2024, 05:06 UTC"),
        ("fr", "4 mars 2024, 05:06 UTC"),
        ("es", "4 de marzo de 2024, 05:06 UTC"),
        ("ja", "2024年3月4日 05:06 UTC"),
        ("ar", "4 مارس 2024، 05:06 UTC"),
    ],
)
def test_dates_follow_the_language_and_are_never_ambiguous(code: str, shown: str) -> None:
    with override(code):
        assert times.full(WHEN) == shown


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("de", r"[\"“]\w"),
        ("fr", r"'| [:;!?»](?!\S)|« "),  # no-break spaces, and the apostrophe of print
        ("es", r"[\"“”]|\w'\w"),
        ("ja", r"(%\(\w+\)[sd]|\d) [件分日回つ版]|[ぁ-ん一-龥]:|\([ぁ-ん一-龥]"),
        ("ar", r"[\u0600-\u06ff] ?[,;?](?!\w)"),
    ],
)
def test_each_language_sets_its_own_signs(code: str, wrong: str) -> None:
    file = polib.pofile(str(Path(settings.LOCALE_PATHS[0]) / code / "LC_MESSAGES/django.po"))
    texts = [
        re.sub(r"<[^>]*>", "", text)
        for entry in file
        for text in (entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr])
    ]
    assert len(texts) > 500
    assert [text for text in texts if re.search(wrong, text)] == []


@pytest.mark.parametrize(
    ("code", "months", "day"),
    [
        ("en", "Jun Jul Jan", "1 Jul"),
        ("fr", "juin juil. janv.", "1 juil."),  # not twice the same three letters
        ("es", "jun jul ene", "1 jul"),  # no proper names
        ("ja", "6月 7月 1月", "7月1日"),
    ],
)
def test_months_are_shortened_as_each_language_does_it(code: str, months: str, day: str) -> None:
    with override(code):
        shown = [times.short_month(each) for each in ("2024-06", "2024-07", "2024-01")]
        assert " ".join(shown) == months
        assert times.short_day(datetime(2024, 7, 1, tzinfo=UTC)) == day


def test_the_first_of_a_month_is_an_ordinal_in_french_and_lengths_are_one_word_in_japanese() -> (
    None
):
    with override("fr"):
        assert times.day(datetime(2024, 3, 1, tzinfo=UTC)) == "1er mars 2024"
    with override("ja"):
        assert times.length(timedelta(hours=2, minutes=27)) == "2時間27分"


@pytest.mark.parametrize("code", OTHERS)
def test_queries_are_answered_in_the_language_of_their_address(served: Store, code: str) -> None:
    found = get(served, f"/{code}/status/history/", "region=west-europe")
    page = Markup(found.body)
    assert page.all("html", lang=code)
    (english,) = [one["href"] for one in page.all("a", hreflang="en")]
    assert english == "/status/history/?region=west-europe"
    assert Markup(get(served, f"/{code}/status/", "q=storage").body).all("html", lang=code)


@pytest.mark.parametrize("code", OTHERS)
def test_what_is_missing_is_said_in_the_language_of_the_address(served: Store, code: str) -> None:
    missing = get(served, f"/{code}/status/history/NONE-000/")
    assert missing.status == 404
    assert Markup(missing.body).all("html", lang=code)
    assert get(served, f"/{code}/").headers["location"] == f"/{code}/status/"
    assert get(served, f"/{code}/status").headers["location"] == f"/{code}/status/"
    assert get(served, "/pt/status/").body == b"django"


def test_a_merged_incident_leads_on_in_its_language(served: Store, snapshot: Snapshot) -> None:
    reply = get(served, "/ja/status/history/OLD1-111/")
    assert reply.headers["location"] == "/ja/status/history/MANA-GER/"


def test_compiled_catalogues_say_what_the_texts_say() -> None:
    """A fresh clone needs no gettext: what is compiled is committed, so it has to be up to date."""
    for code in OTHERS:
        folder = Path(settings.LOCALE_PATHS[0]) / code / "LC_MESSAGES"
        written = polib.pofile(str(folder / "django.po"))
        assert (folder / "django.mo").read_bytes() == written.to_binary(), (
            f"{code}: run make messages"
        )
