"""The heat strip of the history and the publicly posted minutes: true numbers, and links that lead to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.public.query.filtered import assemble
from statuspage.public.render.charts import heatmap
from statuspage.public.render.charts.affected_minutes import DAYS, minutes
from statuspage.public.renderer import render_site
from statuspage.public.snapshot.values import (
    ImpactView,
    IncidentView,
    NamedView,
    Snapshot,
    WindowView,
)
from tests.public import snapshots
from tests.public.markup import Markup

NOW = snapshots.LATER
HISTORY, MINUTES = "/status/history/", "/status/history/minutes/"
CELL = (NamedView("storage", "Storage"), NamedView("east-us", "East US"))


def hit(
    start: datetime,
    end: datetime | None,
    number: int = 0,
    level: str = "error",
    kind: str = "service-issue",
) -> IncidentView:
    return replace(
        snapshots.january(), tracking_id=f"TEST-{number:03}", level=level, started_at=start, ended_at=end,
        kind=kind, windows=(WindowView("", start, end),), geographies=(),
        impacts=(ImpactView(*CELL, (), "zone", level, start, end),), services=CELL[:1], regions=CELL[1:],
        review=None,
    )  # fmt: skip


def snapshot(*incidents: IncidentView) -> Snapshot:
    return replace(snapshots.calm(), incidents=incidents, redirects={}, gone=())


def test_the_front_page_has_a_strip_per_geography_and_its_links_lead_to_what_they_count() -> None:
    site = render_site(snapshots.calm())
    found = Markup(site.pages[HISTORY].body)
    assert "2 public incidents, by week and geography" in found.text
    assert "Asia Pacific : no public incident" in found.text
    led = 0
    for link in found.links():
        query = dict(parse_qsl(urlsplit(link).query))
        if "geography" in query or "from" in query:
            page = assemble(HISTORY, query, site)
            assert page is not None
            assert Markup(page.body).all("article"), link
            led += 1
    assert led >= 6
    assert "Europe, week of 5 February 2024: 1 incident" in found.text


def test_a_strip_has_one_tab_stop_per_geography() -> None:
    body = render_site(snapshots.calm()).pages[HISTORY].body.decode()
    strip = body[body.index('class="heats"') : body.index("</ul>", body.index('class="heats"'))]
    stops = strip.count("<a ") - strip.count('tabindex="-1"')
    assert stops == 2
    assert strip.count('tabindex="-1"') == 4 - 1  # January on both sides, February in Europe


def test_months_of_long_ago_do_not_carry_the_numbers_of_today() -> None:
    before = render_site(snapshot(snapshots.february(), snapshots.january()))
    fresh = hit(NOW - timedelta(hours=3), None)
    after = render_site(snapshot(fresh, replace(snapshots.february()), snapshots.january()))
    for month in ("2024-01",):
        old = Markup(before.pages[f"{HISTORY}{month}/"].body)
        new = Markup(after.pages[f"{HISTORY}{month}/"].body)
        assert [w for w in old.words if "heat" in w] == []
        assert not old.all("svg")
        assert not new.all("svg")


def test_a_year_without_incidents_says_so() -> None:
    site = render_site(replace(snapshots.calm(snapshots.at("2026-11-27 12:00"))))
    assert "No public incident in the last twelve months." in Markup(site.pages[HISTORY].body).text
    assert "had such an impact in these 90 days" in Markup(site.pages[MINUTES].body).text


def test_minutes_name_the_days_and_count_the_rest() -> None:
    start = snapshots.at("2024-02-01 23:00")
    site = render_site(snapshot(hit(start, start + timedelta(minutes=90))))
    found = Markup(site.pages[MINUTES].body)
    assert "East US 1 h 30 min" in found.text
    assert "90 minutes in 90 days" in found.text
    assert "1 February 2024: 60 min" in found.text
    assert "2 February 2024: 30 min" in found.text
    offered = len(snapshots.calm().offered)
    assert f"The {offered - 1} other combinations" in found.text
    described = found.all("a", **{"aria-describedby": "t-1-1"})
    assert len(described) == 1
    assert found.all("span", role="tooltip", id="t-1-1")


def test_what_overlaps_counts_once_and_the_graver_state_shows() -> None:
    start = snapshots.at("2024-02-10 10:00")
    shown = minutes(
        snapshot(
            hit(start, start + timedelta(hours=2), 1, level="warning"),
            hit(start + timedelta(hours=1), start + timedelta(hours=3), 2),
        )
    )
    (row,) = shown.groups[0].rows
    assert row.exact == 180
    assert "critical" in row.drawing


@pytest.mark.parametrize(
    ("level", "kind"), [("error", "planned-maintenance"), ("informational", "service-issue")]
)
def test_planned_work_and_mere_notices_are_no_posted_minutes(level: str, kind: str) -> None:
    start = NOW - timedelta(days=2)
    assert minutes(snapshot(hit(start, start + timedelta(hours=1), 0, level, kind))).shown == 0


@given(
    st.lists(st.tuples(st.integers(-200_000, 0), st.integers(1, 20_000), st.booleans()), max_size=6)
)
def test_minutes_are_those_of_the_union_within_ninety_days(
    spans: list[tuple[int, int, bool]],
) -> None:
    """Against a set of minutes, which is slow and obviously right."""
    now = NOW.replace(minute=0, second=0)
    incidents, expected = [], set()
    first = now.replace(hour=0, minute=0) - timedelta(days=DAYS - 1)
    reach = int((now - first).total_seconds() // 60)
    for number, (start, length, is_open) in enumerate(spans):
        end = 0 if is_open else min(0, start + length)
        until = None if is_open else now + timedelta(minutes=start + length)
        incidents.append(hit(now + timedelta(minutes=start), until, number))
        expected |= set(range(max(start, -reach), end))
    shown = minutes(replace(snapshot(*incidents), as_of=now))
    exact = shown.groups[0].rows[0].exact if shown.groups else 0
    assert exact == len(expected)


def test_a_broad_month_stays_small_and_says_what_it_leaves_out() -> None:
    large = snapshots.large()
    start = NOW - timedelta(days=3)
    impacts = tuple(
        ImpactView(NamedView(f"service-{s}", f"Service {s}"), NamedView(f"region-{r}", f"Region {r}"), (),
                   "region", "error", start, start + timedelta(hours=1))
        for s in range(20)
        for r in range(20)
    )  # fmt: skip
    one = replace(snapshots.january(), impacts=impacts, started_at=start)
    site = render_site(replace(large, incidents=(one,), cells={}))
    found = Markup(site.pages[MINUTES].body)
    assert "250 more with fewer minutes are not listed." in found.text
    assert len(site.pages[MINUTES].body) < 120_000


@given(st.integers(0, 3600))
def test_weeks_cover_the_year_up_to_today(days: int) -> None:
    now = NOW + timedelta(days=days)
    old = hit(now - timedelta(days=364), now - timedelta(days=364, hours=-1))
    strip = heatmap.strip(replace(snapshot(hit(now, None, 1), old), as_of=now))
    americas = next(row for row in strip.rows if row.name == "Americas")
    assert 'x="0.00%"' in americas.drawing
    assert 'x="98.11%"' in americas.drawing
    assert len(strip.months) == 12
    assert strip.months[-1] == now.strftime("%Y-%m")
