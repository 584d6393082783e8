"""What is drawn on the page of an incident: rows per cell, and how fast we were."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.public.render.charts import response_line, window_chart
from statuspage.public.render.incident import context, story
from statuspage.public.renderer import render_language, render_site
from statuspage.public.snapshot.values import ImpactView, IncidentView, NamedView, WindowView
from tests.public import snapshots
from tests.public.markup import Markup

START = snapshots.january().started_at


def drawn(incident: IncidentView) -> str:
    return context(incident, snapshots.LATER)["windows"][0].drawing  # type: ignore[no-any-return]  # values of a template


def cells(services: int, regions: int) -> IncidentView:
    one = snapshots.january().impacts[0]
    impacts = tuple(
        ImpactView(NamedView(f"s{s}", f"Service {s}"), NamedView(f"r{r}", f"Region {r}"), (), "zone",
                   "error" if s else "warning", one.start, one.end)
        for s in range(services)
        for r in range(regions)
    )  # fmt: skip
    return replace(snapshots.january(), impacts=impacts)


def test_few_cells_have_a_row_each_in_the_colour_of_their_level() -> None:
    svg = drawn(cells(2, 2))
    assert "Service 1 – Region 0" in svg
    assert svg.count("bar critical") == svg.count("bar warning") == 2


def test_many_cells_are_drawn_by_region_and_more_by_service() -> None:
    assert ">Region 3<" in drawn(cells(4, 4))
    assert ">Service 3<" in drawn(cells(4, 20))
    assert drawn(cells(20, 20)).count("<rect") == 2  # the window alone, on its track


def test_spans_that_touch_are_one_and_a_relapse_is_another() -> None:
    one = snapshots.january().impacts[0]
    again = replace(one, start=START + timedelta(hours=6), end=START + timedelta(hours=7))
    meeting = replace(
        again, start=START + timedelta(hours=7), end=START + timedelta(hours=7, minutes=20)
    )
    svg = drawn(replace(snapshots.january(), impacts=(one, again, meeting)))
    assert svg.count('class="track"') == 1
    assert svg.count('class="bar') == 2
    assert "07:30 UTC to 08:50 UTC, 1 h 20 min" in svg


def test_how_fast_we_were_names_only_what_is_known() -> None:
    night = snapshots.bad_night().incidents[-1]
    told = replace(night, ended_at=START + timedelta(hours=7))
    found = response_line.response(told)
    assert found is not None
    assert [(one.name, one.since) for one in found.milestones] == [
        ("Impact began", ""),
        ("Detected by monitoring", "+29 min"),
        ("First message to affected customers", "+53 min"),
        ("Posted publicly", "+2 h 27 min"),
        ("Mitigated", "+7 h"),
    ]
    assert "4 h 33 min" in found.drawing
    assert response_line.response(snapshots.january()) is None  # read from a text: nobody knows


@pytest.mark.parametrize("minutes", [0, 7, 30, 53, 60])
def test_a_time_below_the_axis_stays_within_the_drawing_on_a_phone(minutes: int) -> None:
    start = START + timedelta(minutes=minutes)
    bar = window_chart.Bar("", "critical", start, start + timedelta(hours=9))
    drawn = str(window_chart.draw([bar], [], start, "any"))
    found = re.findall(r'class="time" x="([\d.]+)%" y="\d+" text-anchor="(\w+)"', drawn)
    assert len(found) >= 2
    for place, anchor in found:
        room = {"start": (0, 14), "middle": (7, 7), "end": (14, 0)}[anchor]
        assert room[0] <= float(place) <= 100 - room[1]


@given(st.lists(st.integers(0, 10_000), min_size=2, max_size=6).map(sorted))
def test_points_are_in_order_inside_and_apart(minutes: list[int]) -> None:
    places = response_line._places([START + timedelta(minutes=n) for n in minutes])
    gaps = [later - earlier for earlier, later in itertools.pairwise(places)]
    assert all(gap >= response_line.NEAREST - 0.001 for gap in gaps)
    assert 0 <= places[0] <= places[-1] <= 100


def test_a_review_that_is_owed_names_its_day_and_is_late_after_it() -> None:
    due = (("final", snapshots.at("2024-02-04 08:58")),)
    for now, late in ((snapshots.at("2024-02-01 00:00"), False), (snapshots.LATER, True)):
        owing = replace(snapshots.january(), reviews_due=due)
        site = render_site(replace(snapshots.calm(now), incidents=(owing,), redirects={}))
        text = Markup(site.pages["/status/history/MANA-GER/"].body).text
        assert "Final review due by 4 February 2024, 08:58 UTC" in text
        assert ("08:58 UTC overdue" in text) is late


def test_moments_of_a_drawing_lead_to_what_they_stand_for() -> None:
    page = Markup(render_site(snapshots.calm()).pages["/status/history/MANA-GER/"].body)
    links = [one for one in page.all("a") if str(one.get("href", "")).startswith("#t-")]
    drawn = [one for one in links if "aria-label" in one]
    assert len(drawn) == 5, "those inside the window; two came before it"
    for link in drawn:
        assert page.all("li", id=str(link["href"])[1:])
        assert "UTC – " in str(link["aria-label"])
    # Named below the drawing, where the keyboard finds them.
    assert [one["href"] for one in links if "tabindex" not in one] == [one["href"] for one in drawn]
    assert "08:58 UTC West Europe is well; the incident is mitigated" in page.text


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12).map(sorted))
def test_numbers_below_the_axis_stand_in_order_and_apart(wanted: list[float]) -> None:
    places = window_chart.apart(wanted)
    gaps = [later - earlier for earlier, later in itertools.pairwise(places)]
    assert all(gap >= 7.0 - 0.001 for gap in gaps)
    assert 2.9 <= places[0] <= places[-1] <= 97.1


def test_the_story_of_what_nobody_located_names_no_cell() -> None:
    night = snapshots.bad_night().incidents[-1]
    began = "Service issue since 01:30 UTC on 21 January 2024 (Mitigating)."
    bare = replace(night, impacts=(), services=(), regions=(), geographies=(), response=None)
    assert story(bare) == [f"{began} What it affects was not stated."]
    named = replace(bare, services=night.services[:1], regions=night.regions[:2])
    names = f"{night.services[0].name}, {night.regions[0].name} and {night.regions[1].name}"
    [told] = story(named)
    assert told == f"{began} Named with it: {names}. Which service in which region was not stated."
    over = replace(bare, ended_at=START + timedelta(hours=7), stage="resolved")
    assert story(over)[0].startswith(
        "Service issue from 01:30 UTC to 08:30 UTC on 21 January 2024 (Resolved)."
    )
    forgotten = replace(bare, active=False, stage="mitigated")
    assert story(forgotten)[0].startswith(
        "Service issue, begun at 01:30 UTC on 21 January 2024 (Mitigated); its end was not stated."
    )
    planned = replace(
        bare,
        kind="planned-maintenance",
        stage="cancelled",
        scheduled_for=START,
        scheduled_until=None,
    )
    assert story(planned)[0].startswith(
        "Planned maintenance from 01:30 UTC on 21 January 2024 on (Cancelled)."
    )


def test_the_story_of_what_came_back_names_each_time() -> None:
    night = snapshots.bad_night().incidents[-1]
    over = START + timedelta(hours=26)
    windows = (
        WindowView("", START, START + timedelta(hours=2)),
        WindowView("", START + timedelta(hours=24), over),
    )
    twice = replace(night, windows=windows, ended_at=over, stage="resolved", response=None)
    times = (
        "from 01:30 UTC to 03:30 UTC on 21 January 2024 and "
        "from 01:30 UTC to 03:30 UTC on 22 January 2024"
    )
    assert story(twice)[0].endswith(f"This has ended. Not all of the time: {times}.")
    bare = replace(twice, impacts=(), services=(), regions=(), geographies=())
    assert story(bare) == [f"Service issue {times} (Resolved). What it affects was not stated."]


def test_the_story_says_what_it_was_and_who_was_told_when() -> None:
    night = snapshots.bad_night().incidents[-1]
    facts, told = story(replace(night, ended_at=START + timedelta(hours=7)))
    assert facts.startswith("Between 01:30 UTC and 08:30 UTC on 21 January 2024,")
    assert told == (
        "Affected customers were told 53 min after it began, everybody 2 h 27 min after it began."
    )
    assert night.response is not None
    public = replace(night, response=replace(night.response, targeted_at=None))
    assert story(public)[-1] == "Everybody was told 2 h 27 min after it began."
    assert len(story(snapshots.january())) == 1, "read from a text: nobody knows who was told when"


def test_every_gap_between_milestones_is_labelled() -> None:
    found = response_line.response(snapshots.bad_night().incidents[-1])
    assert found is not None
    for gap in ("29 min", "24 min", "1 h 34 min"):
        assert f">{gap}</text>" in found.drawing


def test_incidents_lead_on_to_those_beside_them() -> None:
    pages = render_site(snapshots.calm()).pages
    newest, oldest = (
        Markup(pages[f"/status/history/{one}/"].body) for one in ("PORT-AL1", "MANA-GER")
    )
    assert newest.all("a", rel="prev", href="/status/history/MANA-GER/")
    assert not newest.all("a", rel="next")
    assert oldest.all("a", rel="next", href="/status/history/PORT-AL1/")


def test_standard_headings_are_translated_and_others_keep_their_language() -> None:
    review = snapshots.january_review()
    own = replace(review.sections[0], heading="Once more, what happened?")
    january = replace(snapshots.january(), review=replace(review, sections=(*review.sections, own)))
    snapshot = replace(snapshots.calm(), incidents=(january,))
    page = Markup(render_language(snapshot, "de").pages["/de/status/history/MANA-GER/"].body)
    assert "Was ist passiert?" in page.text
    assert "What happened?" not in page.text
    assert page.all("h3", lang="en", id="section-4")
