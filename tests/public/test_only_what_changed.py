"""What is rendered after a change, on top of what was there, equals the site rendered as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.models import Incident
from incidents.services.errors import EntryError
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Override, Statement
from incidents.services.visibility import withdraw
from statuspage.public.publisher import Publisher
from statuspage.public.render.page import Site
from statuspage.public.renderer import (
    Renderer,
    SiteRenderer,
    render_language,
    render_site,
    with_languages,
)
from statuspage.public.snapshot.reader import Reader, read_snapshot
from statuspage.public.store.loaded import read_generation
from tests.conftest import NOW, declaration, hit
from tests.public import snapshots
from tests.public.test_nothing_targeted_is_public import live

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("catalogue")]

EVERYBODY = Override(public=True, reason="for the test")
STEPS = ["update", "spread", "known", "mitigate", "review", "withdraw", "correct", "retract", "merge",
         "absorb", "a month passes"]  # fmt: skip


class Shown:
    """What a visitor would find after every site so far."""

    def __init__(self) -> None:
        self.pages: dict[str, object] = {}
        self.parts: dict[str, bytes] = {}
        self.index: Mapping[str, object] = {}

    def add(self, site: Site) -> None:
        for name in site.dropped:
            self.pages.pop(name, None)
            self.parts.pop(name, None)
        self.pages |= site.pages
        self.parts |= site.parts
        self.index = dict(site.index) or self.index

    def differs_from(self, site: Site) -> set[str]:
        other = Shown()
        other.add(site)
        assert self.index == other.index
        one, two = {**self.pages, **self.parts}, {**other.pages, **other.parts}
        return {name for name in {*one, *two} if one.get(name) != two.get(name)}


@settings(
    max_examples=5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(STEPS)), min_size=1, max_size=8))
def test_any_life_gives_the_same_snapshot_and_the_same_bytes(
    operator: User, lives: list[tuple[int, str]]
) -> None:
    reader, presses, shown, now = Reader(), (SiteRenderer(), Renderer("ja")), Shown(), NOW
    mine: list[Incident] = []
    for number, (who, step) in enumerate(lives):
        now += timedelta(days=31) if step == "a month passes" else timedelta(minutes=7)
        try:
            if len(mine) <= who:
                # Some months apart, so that there are several pages of the history.
                made = declare(
                    declaration=declaration(
                        public_title=f"Number {number}", started_at=now - timedelta(days=40 * number)
                    ),
                    now=now, actor=operator, override=EVERYBODY if who else None,
                )  # fmt: skip
                mine.append(made)
            elif step != "a month passes":
                live(mine[who], step, f"word{number}", now, operator)
        except EntryError:
            continue  # a step that this life does not allow
        snapshot = reader.read(now=now)
        whole = read_snapshot(now=now)
        assert snapshot == whole
        for renderer in presses:
            shown.add(renderer.print(snapshot))
        expected = with_languages(render_site(whole), [render_language(whole, "ja")])
        assert shown.differs_from(expected) == set()


def test_an_update_renders_its_incident_and_leaves_the_history_alone() -> None:
    before = snapshots.large(4, 10, incidents=30)
    touched = replace(before.incidents[3], title="Another title")
    after = replace(
        before, revision=8, incidents=(*before.incidents[:3], touched, *before.incidents[4:])
    )
    renderer = SiteRenderer()
    assert (
        len([n for n in renderer.print(before).pages if n.startswith("/status/history/BIGG")]) == 30
    )
    again = renderer.print(after)
    assert [n for n in again.pages if n.startswith("/status/history/BIGG")] == [
        "/status/history/BIGG-002/",  # leads to it by its title
        "/status/history/BIGG-003/",
        "/status/history/BIGG-004/",
    ]
    assert [n for n in again.pages if n.startswith("/status/history/2")] == [
        f"/status/history/{touched.month}/"
    ]
    assert set(again.parts) == {
        *(f"history/BIGG-00{number}.html" for number in (2, 3, 4)),
        f"index/{touched.month}.json",
        "formats/incidents.json",  # one file of the newest: what documents of a place are made from
    }


@override_settings(LANGUAGES=[("en", "English"), ("ja", "日本語")])
def test_the_folder_is_the_same_whether_one_publisher_wrote_it_or_many(
    tmp_path: Path, operator: User
) -> None:
    timeline_events = [NOW]
    steady = Publisher(tmp_path / "steady", clock=lambda: timeline_events[-1])

    def publish() -> None:
        steady.publish()
        while steady.translate():
            pass
        Publisher(tmp_path / "anew", clock=lambda: timeline_events[-1]).publish(purge=True)

    publish()
    incidents = []
    for number in range(3):
        timeline_events.append(timeline_events[-1] + timedelta(minutes=1))
        incidents.append(
            declare(
                declaration=declaration(hit("storage", "east-us"), public_title=f"Title {number}"),
                now=timeline_events[-1], actor=operator, override=EVERYBODY,
            )
        )  # fmt: skip
        publish()
    for number, incident in enumerate(incidents):
        timeline_events.append(timeline_events[-1] + timedelta(minutes=1))
        if number == 1:
            withdraw(incident_id=incident.pk, reason="It is over.", now=timeline_events[-1])
        else:
            words = Statement(f"We know more about {number}.")
            post_update(
                incident_id=incident.pk, statement=words, now=timeline_events[-1], actor=operator
            )
        publish()
        one, other = (read_generation(tmp_path / name) for name in ("steady", "anew"))
        assert dict(one.pages) == dict(other.pages)
        assert dict(one.parts) == dict(other.parts)
        assert dict(one.index) == dict(other.index)
        assert one.index["incidents"] == other.index["incidents"]


def test_a_long_history_comes_in_portions_the_newest_first() -> None:
    snapshot = snapshots.large(4, 10, incidents=60)
    renderer, shown = SiteRenderer(), Shown()
    site = renderer.print(snapshot, at_once=20)
    newest = {f"/status/history/{one.tracking_id}/" for one in snapshot.incidents[:10]}
    assert newest <= site.pages.keys()
    assert len([name for name in site.pages if name.startswith("/status/history/BIGG")]) < 30
    shown.add(site)
    while (more := renderer.renderer.more()) is not None:
        shown.add(more)
    assert shown.differs_from(render_site(snapshot)) == set()


def test_what_changes_meanwhile_goes_before_what_waits() -> None:
    before = snapshots.large(4, 10, incidents=60)
    touched = replace(before.incidents[-1], title="Another title")
    after = replace(before, revision=8, incidents=(*before.incidents[:-1], touched))
    renderer, shown = SiteRenderer(), Shown()
    shown.add(renderer.print(before, at_once=5))
    site = renderer.print(after, at_once=5)
    assert f"/status/history/{touched.tracking_id}/" in site.pages
    shown.add(site)
    while (more := renderer.renderer.more()) is not None:
        shown.add(more)
    assert shown.differs_from(render_site(after)) == set()


def test_no_word_of_what_left_waits() -> None:
    before = snapshots.large(4, 10, incidents=60)
    left, *others = before.incidents
    changed = [replace(one, title=f"{one.title} again") for one in others]
    after = replace(before, revision=8, incidents=tuple(changed))
    renderer, shown = SiteRenderer(), Shown()
    shown.add(renderer.print(before))
    site = renderer.print(after, at_once=1)
    assert f"/status/history/{left.month}/" in site.pages
    assert f"history/{left.tracking_id}.html" in site.dropped
    assert len([name for name in site.pages if name.startswith("/status/history/BIGG")]) < 10
