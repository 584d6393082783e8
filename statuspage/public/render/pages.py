"""Renders the public snapshot into pages, in the current language: every page a visitor can open, as bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any, TypeVar

from django.conf import settings
from django.utils.safestring import SafeString

from incidents.wording import standard
from statuspage import languages
from statuspage.public.render import endpoints, history, how_fast, incident
from statuspage.public.render.charts import affected_minutes, heatmap
from statuspage.public.render.files import share_images
from statuspage.public.render.front import band, cards, places, recent_days
from statuspage.public.render.headline import headline
from statuspage.public.render.layout import Layout, fragment, render
from statuspage.public.render.page import Page
from statuspage.public.render.table import dependents, labels, matrix, offered
from statuspage.public.snapshot.changes import places as places_of
from statuspage.public.snapshot.values import (
    BesideView,
    FiguresView,
    GeographyView,
    GoneView,
    IncidentView,
    RegionView,
    ServiceView,
    Snapshot,
)

T = TypeVar("T")
STATUS, HISTORY = "/status/", "/status/history/"
MINUTES = "/status/history/minutes/"
ENDPOINTS = "/status/api/"
HOW_FAST = "/status/history/how-fast/"
REPORT = "/status/report/"
INDENTED = re.compile(rb"\n\s+")
HIT_SHOWN = 8  # affected services before the others fold
LONG = 60  # rows: a table of more is higher than any window
HOT, WARM = 10, 60  # seconds a cache may keep the status pages, and the history's
# Pages without an address of their own, and for how long a cache may keep them.
ERRORS = {400: 0, 404: HOT, 405: 0, 414: 0, 500: 0}


@dataclass(slots=True)
class DrawnCells:
    """What was drawn of cells that are not good, for as long as those stay as they are (`of`)."""

    of: object = None
    drawn: dict[str, Any] = field(default_factory=dict)

    def get(self, name: str, draw: Callable[[], T]) -> T:
        if name not in self.drawn:
            self.drawn[name] = draw()
        found: T = self.drawn[name]
        return found

    def turn(self, snapshot: Snapshot) -> None:
        # On another day times need their date.
        of = (places_of(snapshot), snapshot.cells, snapshot.dependents, snapshot.as_of.date())
        if of != self.of:
            self.of, self.drawn = of, {}


def status_pages(
    snapshot: Snapshot, layout: Layout, cells: DrawnCells | None = None
) -> dict[str, Page]:
    """The pages of the matrix by unprefixed path. `cells`: of the last time, and for the next one."""
    cells = cells or DrawnCells()
    cells.turn(snapshot)
    regions, lists = cells.get("lists", lambda: _lists(snapshot))
    context = {**cards.cards(snapshot), **lists, "headline": headline(snapshot)}
    context |= {
        "tabs": tuple(matrix.tabs(snapshot)),
        "legend": legend(),
        "last": band.last_closed(snapshot),
        "figures": tuple(band.figures(snapshot)),
        "recent": recent_days.rows(snapshot),
        "places": tuple(places.places(snapshot, regions)),
        "first_day": affected_minutes.first_day(snapshot),
        "categories": tuple(one.name for one in snapshot.categories),
    }
    # The same on each of these pages: rendered once.
    seen = {"as_of": snapshot.as_of, "kept": layout.kept}
    context["parts"] = {
        name: SafeString(fragment(f"status/{name}.html", {**context, **seen}).decode())
        for name in ("figures", "cards", "upcoming", "recent", "places")
    }
    context["parts"]["lists"] = cells.get(
        "answers", lambda: SafeString(fragment("status/lists.html", lists).decode())
    )
    if not snapshot.geographies:
        return {STATUS: _matrix("status/empty.html", layout, STATUS, context)}
    found = {}
    # The front page has all that is not good anywhere; the whole table is a page for each geography.
    tables: dict[str, tuple[GeographyView | None, SafeString]] = {
        STATUS: (None, cells.get(STATUS, lambda: matrix.affected(snapshot)))
    }
    for geography in snapshot.geographies:
        path = f"{STATUS}{geography.slug}/"
        tables[path] = (geography, cells.get(path, partial(matrix.table, snapshot, geography)))
    for path, (place, table) in tables.items():
        values = {
            **context,
            "geography": place,
            "table": table,
            "long": table.count("<tr") > LONG,
            "affected": bool(table) and place is None,
        }
        found[path] = _matrix("status/matrix.html", layout, path, values)
    return found


def _matrix(template: str, layout: Layout, path: str, context: Mapping[str, Any]) -> Page:
    return Page(INDENTED.sub(b"\n", render(template, layout, path, context)))


def _lists(snapshot: Snapshot) -> tuple[dict[str, SafeString], dict[str, Any]]:
    """The lines of the regions by slug; and by service what is not good, what may not be, and everything else."""
    hit_services, hit_regions = matrix.service_chips(snapshot), matrix.region_chips(snapshot)
    rows = dependents.rows(snapshot)
    possible = dependents.by_service(rows, snapshot.service_names, snapshot.region_names)
    nowhere = snapshot.non_regional.slug if snapshot.non_regional else ""
    needs = dependents.needs(rows, nowhere)
    managed = dependents.managed_only(rows)
    possible_regions = dependents.by_region(rows)
    marks = offered.marks(snapshot)
    regions = [r for geography in snapshot.geographies for r in geography.regions]
    # Each service has all its regions; a region leads to the table that has all its services.
    tables = {
        r.slug: geography.slug for geography in snapshot.geographies for r in geography.regions
    }
    services = [s for category in snapshot.categories for s in category.services]
    categories = {s.slug: at for at, each in enumerate(snapshot.categories) for s in each.services}
    now = snapshot.as_of

    def item(one: ServiceView | RegionView, chips: Sequence[matrix.Chip] = ()) -> SafeString:
        beyond = ""
        if isinstance(one, ServiceView):
            may, by = possible.get(one.slug, ""), needs.get(one.slug, "")
            known = f" data-c={categories[one.slug]}"
            if by:
                known += f' data-by="{by}"'
            if mark := marks.get(one.slug, ""):
                known += f" data-on={mark}"
        else:
            may, known = possible_regions.get(one.slug, ""), ""
            beyond = f"{languages.root()}{STATUS}{tables[one.slug]}/"
        return matrix.found_item(one.slug, one.name, chips, now, may, known, beyond=beyond)

    others = [one for one in services if one.slug not in hit_services]
    troubled = sorted(
        (s for s in services if s.slug in hit_services),
        key=lambda s: min(labels.TROUBLE.index(chip.state) for chip in hit_services[s.slug]),
    )
    shown = [item(s, hit_services[s.slug]) for s in troubled]
    return {r.slug: item(r, hit_regions.get(r.slug, ())) for r in regions}, {
        "hit_services": shown[:HIT_SHOWN],
        "more_hit": shown[HIT_SHOWN:],
        "hit_count": len(shown),
        "possible_services": [item(s) for s in others if s.slug in possible.keys() - managed],
        "managed_services": [item(s) for s in others if s.slug in managed],
        "good_services": [item(s) for s in others if s.slug not in possible],
    }


def legend() -> tuple[tuple[str, str, str], ...]:
    order = (*labels.TROUBLE, "possible", "good")
    return tuple(
        (state, str(labels.STATES[state]), str(labels.STATES_EXPLAINED[state])) for state in order
    )


@lru_cache(maxsize=32)
def _strip(strip: heatmap.Strip, figures: bool, _language: str) -> SafeString:
    """Rendered once for each language, for as long as it says the same."""
    return SafeString(fragment("history/strip.html", {"strip": strip, "figures": figures}).decode())


class HistoryPages:
    """The pages of the history; `parts` has the entries of the incidents they show."""

    def __init__(
        self,
        snapshot: Snapshot,
        layout: Layout,
        parts: Mapping[str, bytes],
    ) -> None:
        self.snapshot = snapshot
        self.layout = layout
        self.parts = parts
        self.months = list(snapshot.months)
        self.common = {
            "months": tuple(self.months),
            "given": {},
            "total": len(snapshot.incidents),
        }

    def _filters(self) -> SafeString:
        """The form with nothing chosen, the same for as long as the catalogue is."""

        def form() -> SafeString:
            values = {**history.choices(self.snapshot), **self.common}
            return SafeString(fragment("history/filters.html", values).decode())

        return self.layout.kept.get("filters", form) if self.layout.kept else form()

    def newest(self) -> Page:
        # Numbers of today belong on this page alone: a month of long ago stays as it was.
        drawn = heatmap.strip(self.snapshot)
        own = {"strip": _strip(drawn, self.snapshot.figures is not None, languages.current())}
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
        context = {
            "sections": history.by_month(chosen, self.parts),
            "count": len(chosen),
            "filters": self._filters(),
        }
        layout = self.layout if path == HISTORY else replace(self.layout, dated=False)
        return Page(
            render("history/list.html", layout, path, {**self.common, **context, **own}),
            max_age=WARM,
        )


def minutes_page(snapshot: Snapshot, layout: Layout) -> Page:
    context = {"minutes": affected_minutes.minutes(snapshot)}
    layout = replace(layout, dated=False)
    return Page(render("history/minutes.html", layout, MINUTES, context), max_age=WARM)


def how_fast_page(figures: FiguresView, layout: Layout) -> Page:
    context = {"quarters": how_fast.quarters(figures), "published_at": figures.published_at}
    layout = replace(layout, dated=False)
    return Page(render("history/how_fast.html", layout, HOW_FAST, context), max_age=WARM)


def endpoints_page(snapshot: Snapshot, layout: Layout) -> Page:
    context = {"sections": endpoints.sections(snapshot, str(settings.BASE_URL).rstrip("/"))}
    layout = replace(layout, dated=False)
    return Page(render("status/api.html", layout, ENDPOINTS, context), max_age=WARM)


def report_page(snapshot: Snapshot, layout: Layout) -> Page:
    """The form that `statuspage.visitors.visitor_reports` takes."""
    context = {
        "categories": snapshot.categories,
        "geographies": snapshot.geographies,
        "non_regional": snapshot.non_regional,
    }
    layout = replace(layout, dated=False)
    return Page(render("status/report.html", layout, REPORT, context), max_age=WARM)


def incident_page(
    one: IncidentView,
    layout: Layout,
    beside: tuple[BesideView | None, BesideView | None] = (None, None),
) -> Page:
    """`beside`: the next newer and the next older one."""
    context = {
        **incident.context(one, layout.as_of),
        "share": share_images.name_of(one),
        "newer": beside[0],
        "older": beside[1],
    }
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
