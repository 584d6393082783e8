"""An update draws what it says, and nothing of a page that stays as it was."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.template import engines
from django.utils.safestring import SafeString
from django.utils.translation import override

from statuspage.public.formats.feed import feeds
from statuspage.public.render.layout import MOST_KEPT, KeptPieces
from statuspage.public.renderer import Renderer, SiteRenderer
from statuspage.public.snapshot.values import Snapshot
from statuspage.templatetags import published
from tests.public import snapshots

Drawn = Counter[str]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """How often each piece that templates keep was drawn."""
    count: Drawn = Counter()
    draw = published.KeptNode._drawn

    def counted(self: published.KeptNode, *given: object) -> object:
        count[self.name] += 1
        return draw(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(published.KeptNode, "_drawn", counted)
    return count


def once_more(snapshot: Snapshot) -> Snapshot:
    """One statement later."""
    one = next(one for one in snapshot.incidents if one.active and one.communications)
    last = one.communications[0]
    at = snapshot.as_of + timedelta(minutes=1)
    said = replace(last, number=last.number + 1, at=at, html="<p>News.</p>", text="News.")
    after = replace(one, communications=(said, *one.communications), updated_at=at)
    incidents = tuple(after if each is one else each for each in snapshot.incidents)
    return replace(snapshot, revision=snapshot.revision + 1, as_of=at, incidents=incidents)


def test_an_update_draws_its_statement_and_the_figures_and_keeps_all_else(drawn: Drawn) -> None:
    night = snapshots.bad_night()
    renderer = Renderer("de")
    renderer.print(night)
    assert drawn.keys() > {"head", "recent", "places", "legend", "impacts", "what", "statement"}
    drawn.clear()
    site = renderer.print(once_more(night))
    assert "News." in site.pages["/de/status/"].body.decode()
    # And once on three pages as of when, for a publisher that falls silent.
    assert drawn == {"update": 1, "statement": 1, "figures": 1, "silent": 1}


def test_feeds_write_one_entry_of_an_update() -> None:
    night = snapshots.bad_night()
    site = SiteRenderer()
    site.print(night)
    before = feeds._item_of.cache_info().misses
    pages = site.print(once_more(night)).pages
    assert pages["/history.atom"].body.count(b"<entry>") > 1
    assert feeds._item_of.cache_info().misses - before == 3, "one in each of three feeds"


def rendered(text: str, **values: object) -> str:
    template = engines["django"].from_string("{% load i18n published %}" + text)
    return str(template.render(values))


def test_what_is_kept_knows_its_values_alone() -> None:
    text = '{% kept "piece" one two=other.part %}{{ one }} {{ two }} {{ third }}{{ root }}{% endkept %}'
    values = {"one": "a", "other": {"part": "b"}, "third": "c", "root": "/de"}
    assert rendered(text, **values) == "a b /de"
    assert rendered(text, **values, kept=KeptPieces()) == "a b /de"


def test_another_value_is_another_piece() -> None:
    kept = KeptPieces()
    text = '{% kept "piece" one %}{{ one }}{% endkept %}'
    found = [rendered(text, kept=kept, one=one) for one in ("<a>", "b", "<a>")]
    assert found == ["&lt;a&gt;", "b", "&lt;a&gt;"]


def test_what_is_kept_has_a_bound() -> None:
    kept = KeptPieces()
    for number in range(10):
        kept.get(number, lambda: SafeString("x" * (MOST_KEPT // 4)))
    assert kept.length <= MOST_KEPT
    assert kept.get(9, lambda: SafeString("y")).startswith("x")
    assert kept.get(0, lambda: SafeString("y")) == "y"


def test_a_sentence_is_said_in_the_language_of_the_page() -> None:
    template = engines["django"].from_string('{% load i18n published %}{% translate "History" %}')
    found = []
    for language in ("de", "en", "ja", "de"):
        with override(language):
            found.append(template.render({}))
    assert found == ["Verlauf", "History", "履歴", "Verlauf"]
