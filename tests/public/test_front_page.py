"""The front page: what is wrong as a picture and in figures, how far it is, and calm days that reassure."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils.safestring import SafeString
from django.utils.translation import override

from statuspage import languages
from statuspage.public.render.files import assets
from statuspage.public.render.front import band, cards, places, recent_days
from statuspage.public.render.headline import headline
from statuspage.public.render.layout import Layout
from statuspage.public.render.page import Page
from statuspage.public.render.pages import status_pages
from statuspage.public.renderer import render_site
from statuspage.public.snapshot.values import CellView, ImpactView, IncidentView, Snapshot
from statuspage.public.store.packing import Packer
from tests.public import snapshots
from tests.public.markup import Markup

HTML, STYLES_AND_SCRIPTS = 12_000, 28_672  # bytes, compressed


def bad_night() -> Snapshot:
    """With one of its regions still failing."""
    night = snapshots.bad_night()
    return replace(
        night,
        cells={key: cell for key, cell in night.cells.items() if key[1] != "central-us"},
        incidents=tuple(
            replace(one, impacts=tuple(_open(impact) for impact in one.impacts))
            if one.tracking_id == "MANA-GER"
            else one
            for one in night.incidents
        ),
    )


def _open(impact: ImpactView) -> ImpactView:
    well = impact.region.slug == "central-us"
    return replace(impact, end=snapshots.at("2024-01-21 04:10") if well else None)


NIGHT = bad_night()


def manager() -> IncidentView:
    return NIGHT.by_id["MANA-GER"]


def front(snapshot: Snapshot) -> Page:
    return render_site(snapshot).pages["/status/"]


def figures(snapshot: Snapshot) -> dict[str, str]:
    return {one.label: one.value for one in band.figures(snapshot)}


def test_the_figures_of_a_bad_night_say_what_since_when_and_what_next() -> None:
    assert figures(NIGHT) == {
        "Resource Manager since": "01:30 UTC",
        "services affected": "7",
        "regions affected": "5",
        "last update": "04:25 UTC",
        "next update by": "05:25 UTC",
    }


def test_one_time_is_said_of_all_only_if_all_began_then() -> None:
    whole = {key: cell for key, cell in NIGHT.cells.items() if key[0] == "resource-manager"}
    together = replace(NIGHT, cells=whole)
    assert "4 regions since 01:30 UTC." in headline(together).text
    assert figures(together)["since"] == "01:30 UTC"
    later = replace(whole.popitem()[1], since=snapshots.at("2024-01-21 03:04"))
    apart = replace(NIGHT, cells={**NIGHT.cells, ("resource-manager", "uk-south"): later})
    assert "5 regions, the first since 01:30 UTC." in headline(apart).text
    assert figures(apart)["Resource Manager since"] == "01:30 UTC"
    also = replace(later, since=snapshots.at("2024-01-21 00:30"))
    two = replace(NIGHT, cells={**NIGHT.cells, ("portal", "uk-south"): also})
    assert figures(two)["first began"] == "00:30 UTC"


def test_of_several_services_in_two_regions_each_is_hit_in_both() -> None:
    said = Markup(front(NIGHT).body)
    words = "Key Vault and Storage are degraded in both East US and West Europe since 03:04 UTC"
    assert words in said.text
    assert "regions affected 1 recovered" in said.text


def test_a_promise_that_was_not_kept_is_marked_as_overdue() -> None:
    late = replace(NIGHT, as_of=snapshots.at("2024-01-21 05:26"))
    (promise,) = [one for one in band.figures(late) if one.label == "next update by"]
    assert promise.overdue
    assert "overdue" in Markup(front(late).body).text


def test_a_calm_day_says_what_is_watched_and_when_the_last_incident_was() -> None:
    said = figures(snapshots.calm())
    assert said["services watched in 25 regions"] == "28"
    assert said["the last public incident ended"] == "8 February 2024"


def test_how_fast_we_tell_is_a_median_of_at_least_three() -> None:
    calm = snapshots.calm()
    one = snapshots.january()
    three = tuple(
        replace(
            one,
            tracking_id=f"FAST-00{n}",
            response=replace(
                snapshots.bad_night().by_id["MANA-GER"].response,  # type: ignore[type-var]
                targeted_at=one.started_at + timedelta(minutes=10 * n),
            ),
        )
        for n in (1, 2, 5)
    )
    label = "from first impact to first word, median of 12 months"
    assert figures(replace(calm, incidents=three))[label] == "20 min"
    assert label not in figures(replace(calm, incidents=three[:2]))


def test_a_card_shows_how_far_it_is() -> None:
    found = cards.steps(manager())
    assert [one.place for one in found] == ["done", "done", "now", "next", "next"]
    assert found[2].name == "Mitigating"
    current = Markup(front(NIGHT).body).all("li", **{"aria-current": "step"})
    assert len(current) == 2  # the incident, and the maintenance


def test_what_has_recovered_is_struck_with_its_time_and_comes_last() -> None:
    shown = cards.card(manager(), NIGHT.as_of)["regions"]
    assert [one.name for one in shown][-1] == "Central US"
    assert [one.over_shown for one in shown] == ["", "", "", "04:10 UTC"]
    assert re.search(
        r"<s>Central US</s>\s*<time [^>]+>04:10 UTC</time>", front(NIGHT).body.decode()
    )


def test_a_person_s_words_stay_pinned_and_what_facts_say_is_a_line_beside_them() -> None:
    one = manager()
    automatic = replace(
        one.communications[0], number=3, text="Still failing in 4 regions.", from_facts=True
    )
    found = cards.card(replace(one, communications=(automatic, *one.communications)), NIGHT.as_of)
    assert found["news_text"].startswith("We know the cause")
    assert found["latest_text"] == "Still failing in 4 regions."
    assert cards.card(one, NIGHT.as_of)["latest"] is None


def test_it_is_told_how_soon_whom_was_told() -> None:
    text = Markup(front(NIGHT).body).text
    assert (
        "Affected customers were told 53 min after it began, everybody 2 h 27 min after it began."
        in text
    )


def test_days_without_an_incident_are_one_row() -> None:
    rows = recent_days.rows(snapshots.calm(snapshots.at("2024-02-16 12:00")))
    assert [(row.days, row.incident and row.incident.tracking_id) for row in rows] == [
        ("8 Feb – 16 Feb", None),
        ("7 Feb", "PORT-AL1"),
        ("3 Feb – 6 Feb", None),
    ]


def test_what_began_before_the_14_days_and_goes_on_is_still_listed() -> None:
    later = replace(NIGHT, as_of=snapshots.at("2024-02-20 12:00"))
    assert "MANA-GER" in {
        row.incident.tracking_id for row in recent_days.rows(later) if row.incident
    }


def test_each_geography_has_a_mark_a_region_and_its_posted_minutes() -> None:
    lines = dict.fromkeys(NIGHT.region_names, SafeString(""))
    found = {one.slug: one for one in places.places(NIGHT, lines)}
    europe, asia = found["europe"], found["asia-pacific"]
    assert europe.words == "2 regions affected"
    assert europe.state == "critical"
    assert europe.marks.count("<i") == len(snapshots.REGIONS["Europe"])
    assert europe.marks.count("class=c") == 1
    assert europe.posted == "Publicly posted minutes on 1 day of 90: 21 Jan"
    assert asia.words == "Good"
    assert asia.posted == "No publicly posted minutes in 90 days."
    assert found["global"].items == ()


def test_the_regions_of_each_geography_fold_open_with_the_same_shapes() -> None:
    found = Markup(front(NIGHT).body)
    assert len(found.all("details", **{"class": "rest place critical"})) == 2
    assert "Skip to the table" in found.text


def test_a_region_where_very_much_fails_leads_to_the_table_that_has_it_all() -> None:
    large = snapshots.large(incidents=0)
    services = [one.slug for category in large.categories for one in category.services][:40]
    region = large.geographies[0].regions[0].slug
    cell = CellView("critical", ("ID-1",), large.as_of)
    hit = replace(large, cells=dict.fromkeys([(one, region) for one in services], cell))
    found = Markup(front(hit).body)
    assert "32 more" in found.text
    assert f"/status/{large.geographies[0].slug}/" in found.links()
    # Each of them stands in its own line and in the table, and no further time.
    assert front(hit).body.count(b'class="chip critical"') == 40 + 8


@pytest.mark.parametrize("code", languages.names())
def test_a_front_page_on_a_bad_day_is_small_in_every_language(code: str) -> None:
    night = snapshots.night_of_the_whole_catalogue()
    with override(code):
        layout = Layout(night.as_of, night.revision)
        body = status_pages(night, layout)["/status/"].body
    assert len(Packer().packed(body)) <= HTML


def test_styles_and_scripts_of_the_front_page_are_small() -> None:
    loaded = re.findall(r'(?:href|src|data-htmx)="(/static/[^"]+)"', front(NIGHT).body.decode())
    served = assets.pages()
    assert sum(len(gzip.compress(served[path].body, 9)) for path in loaded) <= STYLES_AND_SCRIPTS
