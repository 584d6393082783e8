"""Renders the public snapshot into pages, in the current language: every page a visitor can open, as bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString

from incidents.vocabulary import Role
from incidents.wording import standard
from statuspage.public import languages
from statuspage.public.render import (
    affected_minutes,
    dependents,
    endpoints,
    heatmap,
    history,
    hit,
    how_fast,
    incident,
    labels,
    matrix,
    plan,
)
from statuspage.public.render.headline import headline, is_upcoming, open_incidents
from statuspage.public.render.layout import Layout, fragment, render
from statuspage.public.render.page import Page
from statuspage.public.snapshot.values import (
    FiguresView,
    GoneView,
    IncidentView,
    RegionView,
    ServiceView,
    Snapshot,
)

STATUS, HISTORY = "/status/", "/status/history/"
MINUTES = "/status/history/minutes/"
ENDPOINTS = "/status/api/"
HOW_FAST = "/status/history/how-fast/"
LONG = 60  # rows: a table of more is higher than any window
HOT, WARM = 10, 60  # seconds a cache may keep the status pages, and the history's
# Pages without an address of their own, and for how long a cache may keep them.
ERRORS = {400: 0, 404: HOT, 405: 0, 414: 0, 500: 0}


def status_pages(snapshot: Snapshot, layout: Layout) -> tuple[dict[str, Page], dict[str, Page]]:
    """The pages of the matrix, and their stale variants, by unprefixed path."""
    context = {**_cards(snapshot), **_lists(snapshot), "headline": headline(snapshot)}
    context |= {"tabs": matrix.tabs(snapshot), "legend": legend(), "last": last_closed(snapshot)}
    first = matrix.most_affected(snapshot)
    if first is None:
        ready = [
            {STATUS: Page(render("status/empty.html", layout, STATUS, {**context, "stale": stale}))}
            for stale in (False, True)
        ]
        return ready[0], ready[1]
    fresh: dict[str, Page] = {}
    silent: dict[str, Page] = {}
    for geography in snapshot.geographies:
        table = matrix.table(snapshot, geography)
        long = table.count("<tr") > LONG
        own = {"geography": geography, "table": table, "long": long, "live": True}
        paths = [f"{STATUS}{geography.slug}/"]
        if (
            geography == first
        ):  # the same matrix under the short name: its canonical address is its own
            paths.append(STATUS)
        for path in paths:
            for stale, pages in ((False, fresh), (True, silent)):
                values = {**context, **own, "stale": stale}
                pages[path] = Page(render("status/matrix.html", layout, path, values))
    return fresh, silent


def _lists(snapshot: Snapshot) -> dict[str, Any]:
    """The answer lists: what is not good by service, what may not be, and everything else, collapsed."""
    hit_services, hit_regions = matrix.service_chips(snapshot), matrix.region_chips(snapshot)
    rows = dependents.rows(snapshot)
    possible = dependents.by_service(rows, snapshot.service_names, snapshot.region_names)
    managed = dependents.managed_only(rows)
    possible_regions = dependents.by_region(rows)
    everywhere = snapshot.non_regional
    regions = [r for geography in snapshot.geographies for r in geography.regions]
    services = [s for category in snapshot.categories for s in category.services]
    now = snapshot.as_of

    def item(one: ServiceView | RegionView, chips: Sequence[matrix.Chip] = ()) -> SafeString:
        if isinstance(one, ServiceView):
            may = possible.get(one.slug, "")
            return matrix.found_item(one.name, one.aliases, chips, now, may)
        return matrix.found_item(one.name, (), chips, now, possible_regions.get(one.slug, ""))

    others = [one for one in services if one.slug not in hit_services]
    troubled = sorted(
        (s for s in services if s.slug in hit_services),
        key=lambda s: min(labels.TROUBLE.index(chip.state) for chip in hit_services[s.slug]),
    )
    return {
        "hit_services": [item(s, hit_services[s.slug]) for s in troubled],
        "possible_services": [item(s) for s in others if s.slug in possible.keys() - managed],
        "managed_services": [item(s) for s in others if s.slug in managed],
        "good_services": [item(s) for s in others if s.slug not in possible],
        "region_items": [
            item(r, hit_regions.get(r.slug, ()))
            for r in ([*regions, everywhere] if everywhere and hit_regions.get(everywhere.slug) else regions)
        ],
    }  # fmt: skip


def _cards(snapshot: Snapshot) -> dict[str, Any]:
    now = snapshot.as_of
    upcoming = [one for one in snapshot.incidents if is_upcoming(one, now)]
    return {
        "cards": sorted((card(one, now) for one in open_incidents(snapshot)), key=_gravity),
        "upcoming": [card(one, now) for one in reversed(upcoming)],
    }


def card(one: IncidentView, now: datetime) -> dict[str, Any]:
    """An open incident in brief: what it hits now, since when, what was said last, when more is due."""
    latest = one.communications[0].said() if one.communications else None
    news = history.news(one)
    hit_now = hit.open_impacts(one, now)
    return {
        "incident": one,
        "state": labels.state_of(one.kind, one.level),
        "kind": labels.KINDS.get(one.kind, one.kind),
        "stage": labels.STAGES.get(one.stage, one.stage),
        "services": history.names(tuple(v for v in one.services if v.role == Role.IMPACTED)),
        "places": history.names((*one.regions, *one.geographies)),
        "plan": plan.sentence(one, now),
        "latest": latest,
        "promise": incident.promise(one, now),
        "latest_text": " ".join(latest.text.split()) if latest else "",
        "news": news if latest and news and news.number != latest.number else None,
        "news_text": " ".join(news.text.split()) if news else "",
        "hit": hit.lines(hit.groups(hit_now)),
        "recovered": hit.recovered(one, now) if one.impacts else "",
    }


def _gravity(value: Mapping[str, Any]) -> int:
    return labels.TROUBLE.index(value["state"])


def legend() -> list[tuple[str, Any, Any]]:
    order = (*labels.TROUBLE, "possible", "good")
    return [(state, labels.STATES[state], labels.STATES_EXPLAINED[state]) for state in order]


def last_closed(snapshot: Snapshot) -> IncidentView | None:
    return next((one for one in snapshot.incidents if not one.active), None)


class HistoryPages:
    """The pages of the history; `parts` has the entries of the incidents they show."""

    def __init__(self, snapshot: Snapshot, layout: Layout, parts: Mapping[str, bytes]) -> None:
        self.snapshot = snapshot
        self.layout = layout
        self.parts = parts
        self.months = list(snapshot.months)
        self.common = {
            **history.choices(snapshot),
            "months": self.months,
            "given": {},
            "total": len(snapshot.incidents),
        }

    @cached_property
    def _strip(self) -> heatmap.Strip:
        return heatmap.strip(self.snapshot)

    def newest(self, *, stale: bool = False) -> Page:
        # Numbers of today belong on this page alone: a month of long ago stays as it was.
        own = {"stale": stale, "strip": self._strip, "figures": self.snapshot.figures}
        return self._page(HISTORY, history.newest(self.snapshot), own)

    def month(self, month: str) -> Page:
        shown = self.snapshot.months[month]
        place = self.months.index(month)
        own = {
            "month": month,
            "newer": self.months[place - 1] if place else None,
            "older": self.months[place + 1] if place + 1 < len(self.months) else None,
        }
        return self._page(f"{HISTORY}{month}/", [(month, one.tracking_id) for one in shown], own)

    def _page(self, path: str, chosen: Sequence[tuple[str, str]], own: Mapping[str, Any]) -> Page:
        context = {"sections": history.by_month(chosen, self.parts), "count": len(chosen)}
        layout = self.layout if path == HISTORY else replace(self.layout, dated=False)
        return Page(
            render("history/list.html", layout, path, {**self.common, **context, **own}),
            max_age=WARM,
        )


def minutes_page(snapshot: Snapshot, layout: Layout) -> Page:
    context = {"minutes": affected_minutes.minutes(snapshot)}
    return Page(render("history/minutes.html", layout, MINUTES, context), max_age=WARM)


def how_fast_page(figures: FiguresView, layout: Layout) -> Page:
    context = {"quarters": how_fast.quarters(figures), "published_at": figures.published_at}
    layout = replace(layout, dated=False)
    return Page(render("history/how_fast.html", layout, HOW_FAST, context), max_age=WARM)


def endpoints_page(snapshot: Snapshot, layout: Layout) -> Page:
    context = {"sections": endpoints.sections(snapshot, str(settings.BASE_URL).rstrip("/"))}
    layout = replace(layout, dated=False)
    return Page(render("status/api.html", layout, ENDPOINTS, context), max_age=WARM)


def incident_page(one: IncidentView, layout: Layout, beside: tuple[str, str] = ("", "")) -> Page:
    """`beside`: the tracking IDs of the next newer and the next older one; empty where there is none."""
    context = {**incident.context(one, layout.as_of), "newer": beside[0], "older": beside[1]}
    path = f"{HISTORY}{one.tracking_id}/"
    layout = replace(layout, dated=False)
    return Page(render("incident/page.html", layout, path, context), max_age=WARM)


def gone_page(gone: GoneView, layout: Layout) -> Page:
    path = f"{HISTORY}{gone.tracking_id}/"
    layout = replace(layout, dated=False)
    body = render(
        "errors/410.html", layout, path, {"gone": gone, "standard": standard(gone.sentence)}
    )
    return Page(body, status=410, max_age=WARM)


def error_pages(layout: Layout) -> dict[str, Page]:
    """The keys that `generation` knows for answers without an address of their own."""
    layout = replace(layout, dated=False)
    return {
        f"{languages.folder()}{status}": Page(
            render(f"errors/{status}.html", layout, STATUS, {}), status=status, max_age=max_age
        )
        for status, max_age in ERRORS.items()
    }


def unavailable() -> Page:
    """503, for a web process that has no generation to show yet: it needs no data at all."""
    context = {"site_name": settings.SITE_NAME, "language": languages.DEFAULT}
    return Page(fragment("errors/503.html", context), status=503, max_age=0)
