"""History and incident pages: months, windows, reviews, repair items, what was withdrawn or merged."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from incidents import wording
from statuspage.public.render.charts.window_chart import ticks
from statuspage.public.render.history import excerpt
from statuspage.public.renderer import render_language, render_site
from statuspage.public.snapshot.values import GoneView
from tests.public import snapshots
from tests.public.markup import Markup

SITE = render_site(snapshots.calm())


def text(path: str) -> str:
    return Markup(SITE.pages[path].body).text


def test_the_history_names_its_months_and_entries() -> None:
    shown = text("/status/history/")
    assert shown.index("February 2024") < shown.index("Latency in the portal")
    assert shown.index("Latency in the portal") < shown.index("21 January 2024")
    assert "Final review" in shown
    assert "PORT-AL1" in shown
    assert "7 February 2024, 09:00 UTC – 10:48 UTC (1 h 48 min) first occurrence" in shown


def test_month_pages_lead_to_their_neighbours() -> None:
    january = Markup(SITE.pages["/status/history/2024-01/"].body)
    assert january.all("a", rel="next")[0]["href"] == "/status/history/2024-02/"
    assert not january.all("a", rel="prev")
    assert "Latency in the portal" not in january.text


def test_a_long_history_shows_whole_months_first_and_lists_the_others() -> None:
    site = render_site(snapshots.large(4, 10, incidents=36))
    found = Markup(site.pages["/status/history/"].body)
    assert 12 <= len(found.all("article")) < 36
    assert "/status/history/2022-02/" in found.links()
    shown = sum(
        len(Markup(page.body).all("article"))
        for path, page in site.pages.items()
        if path.startswith("/status/history/20")
    )
    assert shown == 36


def test_an_incident_tells_its_windows_in_a_drawing_and_in_a_table() -> None:
    found = Markup(SITE.pages["/status/history/PORT-AL1/"].body)
    drawings = found.all("svg", role="img")
    assert len(drawings) == 2
    label = drawings[0]["aria-label"] or ""
    assert label.startswith("first occurrence: from 7 February 2024, 09:00 UTC, until")
    assert "1 h 48 min" in found.text
    assert "Second occurrence" in found.text
    assert "of impact, all windows together 3 h 18 min" in found.text


def test_regions_with_known_times_are_drawn_one_by_one() -> None:
    found = Markup(SITE.pages["/status/history/MANA-GER/"].body)
    assert len([rect for rect in found.all("rect") if rect["class"] == "bar critical"]) == 4


def test_impacted_and_mentioned_are_told_apart() -> None:
    story, _, shown = text("/status/history/PORT-AL1/").partition("What and where")
    assert "Named with it: " in story
    assert "Data Lake" not in story
    assert shown.index("Services impacted") < shown.index("Resource Manager")
    assert shown.index("Services mentioned") < shown.index("Data Lake")
    assert "Geographies impacted Europe" in shown


def test_a_review_has_contents_timeline_offsets_and_repair_items() -> None:
    found = Markup(SITE.pages["/status/history/MANA-GER/"].body)
    assert {"#section-1", "#response", "#repairs"} <= found.links()
    assert "Post-incident review Final Version 2" in found.text
    assert "−4 h 30 min" in found.text
    assert "+29 min" in found.text
    assert "2 of 4 done" in found.text
    assert "https://survey.example/three-questions" in found.links()


def test_only_what_is_past_its_month_is_overdue() -> None:
    shown = text("/status/history/MANA-GER/")
    assert shown.count("overdue") == 1
    assert shown.index("due January 2024 overdue") > shown.index("due February 2024")


def test_the_note_of_a_public_entry_without_need_is_shown() -> None:
    assert "hence this public entry" in text("/status/history/PORT-AL1/")
    bare = replace(snapshots.february(), note="")
    site = render_site(replace(snapshots.calm(), incidents=(bare,), redirects={}))
    shown = Markup(site.pages["/status/history/PORT-AL1/"].body).text
    assert "this entry is withdrawn once it has reached them" in shown


def test_a_standard_note_is_read_in_the_language_of_the_page() -> None:
    noted = replace(snapshots.february(), note=wording.NOTES[3])
    left = GoneView("GONE-000", noted.updated_at, wording.WITHDRAWN_AFTER_REVIEW)
    snapshot = replace(snapshots.calm(), incidents=(noted,), redirects={}, gone=(left,))
    german = render_language(snapshot, "de")
    page = Markup(german.pages["/de/status/history/PORT-AL1/"].body)
    assert "Szenario 3 unserer Kommunikationsregeln" in page.text
    assert "posted publicly" not in page.text
    gone = Markup(german.pages["/de/status/history/GONE-000/"].body)
    assert "nur so lange öffentlich" in gone.text


def test_updates_are_newest_first_with_stage_and_permalink() -> None:
    site = render_site(snapshots.bad_night())
    found = Markup(site.pages["/status/history/MANA-GER/"].body)
    assert found.text.index("We know the cause") < found.text.index(
        "Management operations may fail"
    )
    assert {"#update-1", "#update-2"} <= found.links()
    assert "posted automatically" in found.text


def test_a_withdrawn_entry_answers_with_its_sentence() -> None:
    page = SITE.pages["/status/history/GONE-001/"]
    assert page.status == 410
    assert "Its review has reached the affected customers." in Markup(page.body).text


def test_a_merged_entry_shows_the_one_it_was_merged_into() -> None:
    page = SITE.pages["/status/history/OLD1-111/"]
    canonical = Markup(page.body).all("link", rel="canonical")[0]["href"] or ""
    assert canonical.endswith("/status/history/MANA-GER/")


def test_the_index_can_be_written_as_json() -> None:
    assert json.loads(json.dumps(dict(SITE.index))) == dict(SITE.index)
    assert set(SITE.parts) == {
        "formats/incidents.json",
        "history/MANA-GER.html",
        "history/PORT-AL1.html",
        "index/2024-01.json",
        "index/2024-02.json",
    }
    assert [one["id"] for one in SITE.index["incidents"]] == ["PORT-AL1", "MANA-GER"]


def test_small_files_for_machines() -> None:
    robots = SITE.pages["/robots.txt"].body.decode()
    assert "Sitemap: " in robots
    sitemap = SITE.pages["/sitemap.xml"].body.decode()
    assert "/status/history/MANA-GER/</loc>" in sitemap
    assert "GONE-001" not in sitemap
    security = SITE.pages["/.well-known/security.txt"].body.decode()
    assert security.startswith("Contact: ")
    assert "Expires: 2024-07-30T00:00:00Z" in security


def test_ticks_are_round_and_few() -> None:
    start = snapshots.at("2024-01-21 01:07")
    for span in (timedelta(minutes=20), timedelta(hours=7), timedelta(days=2), timedelta(days=40)):
        found = ticks(start, start + span)
        assert 1 <= len(found) <= 6
        assert all(start < tick < start + span for tick in found)
        assert span > timedelta(days=2) or all(tick.minute % 5 == 0 for tick in found)


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<h2>Summary of Impact</h2><p>Pages were slow.</p>", "Pages were slow."),
        ("<p>Slow.</p><h3>What now?</h3><p>Wait.</p>", "Slow. Wait."),
        ("<h2>All is well</h2>", "All is well"),
    ],
)
def test_an_excerpt_runs_no_heading_into_what_follows_it(html: str, said: str) -> None:
    one = next(each for each in snapshots.bad_night().incidents if each.communications)
    told = replace(one.communications[0], html=html, from_facts=False, kind="update")
    assert excerpt(replace(one, review=None, communications=(told,))).text == said


def test_an_incident_leads_to_those_beside_it_by_their_titles() -> None:
    page = Markup(render_site(snapshots.calm()).pages["/status/history/MANA-GER/"].body)
    assert "Newer incident Latency in the portal" in page.text
