"""Versions of a review: what changed from one to the next can be read and heard."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from statuspage.public.render import review_versions
from statuspage.public.renderer import render_language, render_site, with_languages
from statuspage.public.snapshot.values import ReviewView, SectionView
from tests.public import snapshots
from tests.public.markup import Markup

FINAL = snapshots.january_review()


def preliminary() -> ReviewView:
    first, *_ = FINAL.sections
    return replace(
        FINAL,
        kind="preliminary",
        version=1,
        published_at=snapshots.at("2024-01-23 18:00"),
        sections=(replace(first, html=first.html.replace("Five regions", "Four <b>regions</b>")),),
        repair_items=FINAL.repair_items[:3],
    )


def said(text: str) -> ReviewView:
    return replace(
        FINAL, sections=(SectionView("impact", "What?", f"<p>{text}</p>"),), timeline=(), repair_items=()
    )  # fmt: skip


def test_each_version_says_what_it_changed() -> None:
    shown = replace(FINAL, earlier=(preliminary(),))
    incident = replace(snapshots.january(), review=shown)
    site = render_site(replace(snapshots.calm(), incidents=(incident,), redirects={}))
    found = Markup(site.pages["/status/history/MANA-GER/"].body)
    assert "#versions" in found.links()
    assert "removed: Four added: Five regions bore most of it" in found.text
    assert "Version 1 Preliminary" in found.text
    assert "What changed, in 4 parts" in found.text
    assert found.text.index("Version 2 Final") < found.text.index("Version 1 Preliminary")


def test_headings_of_ours_are_in_the_readers_language_and_others_are_marked() -> None:
    first, *rest = FINAL.sections
    own = replace(first, kind="other", heading="Words from our engineers")
    newer = replace(FINAL, sections=(own, first, *rest), earlier=(preliminary(),))
    incident = replace(snapshots.january(), review=newer)
    snapshot = replace(snapshots.calm(), incidents=(incident,), redirects={})
    site = with_languages(render_site(snapshot), [render_language(snapshot, "de")])
    page = site.pages["/de/status/history/MANA-GER/"].body.decode()
    _, _, versions = page.partition('id="versions"')
    assert "<h4>Was ist passiert?</h4>" in versions
    assert "<h4>Maßnahmen</h4>" in versions
    assert '<h4 lang="en" dir="ltr">Words from our engineers</h4>' in versions


def test_a_review_of_one_version_has_none_to_compare() -> None:
    page = render_site(snapshots.calm()).pages["/status/history/MANA-GER/"]
    assert "#versions" not in Markup(page.body).links()


def test_only_words_of_a_changed_sentence_are_marked() -> None:
    (change,) = review_versions.changes(
        said("It began at 01:30. Nobody noticed before 01:59. It is over."),
        said("It began at 01:30. Nobody noticed before 02:05. It is over."),
    )
    assert '<del><span class="vh">removed: </span>01:59.</del>' in change.html
    assert '<ins><span class="vh">added: </span>02:05.</ins>' in change.html
    assert "It began at 01:30." in change.html


def test_a_part_that_was_dropped_is_shown_as_removed() -> None:
    (change,) = review_versions.changes(said("Gone."), replace(said(""), sections=()))
    assert change.heading == "What?"
    assert change.html == '<del><span class="vh">removed: </span>Gone.</del>'


@given(st.text(max_size=80), st.text(max_size=80))
def test_marks_are_always_whole_and_words_escaped(before: str, after: str) -> None:
    escape = str.maketrans({"<": "&lt;", "&": "&amp;", "\r": " ", "\x00": " "})
    for change in review_versions.changes(
        said(before.translate(escape)), said(after.translate(escape))
    ):
        found = Markup(change.html.encode())
        assert found.faults == []
        assert {name for name, _ in found.elements} <= {"ins", "del", "span"}


def test_the_same_words_have_no_changes() -> None:
    assert review_versions.changes(FINAL, replace(FINAL, version=3)) == ()
