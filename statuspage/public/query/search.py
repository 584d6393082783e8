"""Is it me? Services and regions by words, from the generation's index: no database, no snapshot."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from incidents.texts.name_search import Named, search
from statuspage.public import languages
from statuspage.public.query import answers
from statuspage.public.render.layout import Layout, render
from statuspage.public.render.page import Page
from statuspage.public.render.table import dependents, matrix, offered

STATUS = "/status/"
MOST_FOUND = 50
LONGEST = 200  # characters of a value that are looked at and echoed
MAX_AGE = 30


class Generation(Protocol):
    """What an answer may read: the same values as those of the `Site` it was written from."""

    @property
    def pages(self) -> Mapping[str, Page]: ...
    @property
    def parts(self) -> Mapping[str, bytes]: ...
    @property
    def index(self) -> Mapping[str, Any]: ...
    @property
    def revision(self) -> int: ...
    @property
    def as_of(self) -> datetime: ...


def find(query: Mapping[str, str], generation: Generation) -> Page | None:
    """`?q=`: the service in the region that was asked for, else the services and regions that fit, with their state.

    Exact names come first, slips of the fingers last: one ranking with the desk's pickers.
    """
    asked = " ".join(query.get("q", "").split())[:LONGEST]
    if not asked:
        return None
    index = generation.index
    by_service, by_region = chips_of(index)
    possible, possible_regions = possible_of(index)

    def item(
        one: Mapping[str, Any], aliases: Sequence[str], chips: list[matrix.Chip], may: str
    ) -> str:
        return matrix.found_item(one["slug"], one["name"], aliases, chips, generation.as_of, may)

    services = [
        item(
            one,
            one["aliases"],
            by_service.get(one["slug"], []),
            possible.get(one["slug"], ""),
        )
        for one in _matching(asked, index["services"])
    ]
    regions = [
        item(
            one,
            (),
            by_region.get(one["slug"], []),
            possible_regions.get(one["slug"], ""),
        )
        for one in _matching(asked, regions_of(index))
    ]
    context = {
        "asked": asked,
        "query": urlencode({"q": asked}),
        "headline": headline_of(index),
        "answer": answer_to(asked, generation),
        "found_services": services[:MOST_FOUND],
        "found_regions": regions[:MOST_FOUND],
        "left_out": max(0, len(services) - MOST_FOUND) + max(0, len(regions) - MOST_FOUND),
    }
    layout = Layout(generation.as_of, generation.revision)
    return Page(render("status/find.html", layout, STATUS, context), max_age=MAX_AGE)


def answer_to(asked: str, generation: Generation) -> answers.CellAnswer | None:
    """About the pair, the service or the region that was meant; None where none was for certain."""
    index, now = generation.index, generation.as_of
    services, regions = _named(index["services"]), _named(regions_of(index))
    by_service, by_region = chips_of(index)
    if found := answers.pair(asked, services, regions):
        service, region = found
        # What runs in no region is meant wherever it is asked for.
        places = [
            one for one in regions_of(index) if one["slug"] == region.slug or not one["geography"]
        ]
        names, slugs = {one["name"] for one in places}, {one["slug"] for one in places}
        chips = answers.worst([o for o in by_service.get(service.slug, ()) if o.name in names])
        if not chips and absent_in(index, service.slug, [region.slug]):
            return answers.absent(service.name, region.name, {"service": service.slug})
        may = "" if chips else possible_of(index, slugs)[0].get(service.slug, "")
        what = answers.pair_name(service.name, region.name)
        filters = {"service": service.slug, "region": region.slug}
        return answers.answer(what, chips, may, now, filters)
    if one := answers.single(asked, services):
        chips = answers.worst(by_service.get(one.slug, []))
        may = possible_of(index)[0].get(one.slug, "")
        what = one.name
        if chips:
            what = _("%(service)s in several regions") % {"service": what}
        if len(chips) == 1:
            what = answers.pair_name(one.name, chips[0].name)
        return answers.answer(what, chips, may, now, {"service": one.slug})
    if one := answers.single(asked, regions):
        chips = answers.worst(by_region.get(one.slug, []))
        may = possible_of(index)[1].get(one.slug, "")
        what = one.name
        if chips:
            what = _("Several services in %(region)s") % {"region": what}
        if len(chips) == 1:
            what = answers.pair_name(chips[0].name, one.name)
        return answers.answer(what, chips, may, now, {"region": one.slug})
    return None


def _named(rows: Sequence[Mapping[str, Any]]) -> list[Named]:
    return [Named("", one["slug"], one["name"], tuple(one.get("aliases", ()))) for one in rows]


def _matching(asked: str, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    by_slug = {one["slug"]: one for one in rows}
    found = search(asked, _named(rows), most=len(rows))
    return [by_slug[match.named.slug] for match in found]


def headline_of(index: Mapping[str, Any]) -> Mapping[str, str]:
    """The sentence of the whole page in the current language, else in English."""
    return index["headlines"].get(languages.current()) or index["headlines"][languages.DEFAULT]  # type: ignore[no-any-return]  # JSON


def regions_of(index: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The regions of the index; the one without a geography is no place, and named in words."""
    return [
        one if one["geography"] else {**one, "name": _("Non-regional")} for one in index["regions"]
    ]


def has_words(words: Sequence[str], *names: str) -> bool:
    """Whether all `words` (casefolded) are in these names together."""
    text = " ".join(names).casefold()
    return all(word in text for word in words)


def chips_of(
    index: Mapping[str, Any],
) -> tuple[dict[str, list[matrix.Chip]], dict[str, list[matrix.Chip]]]:
    """What is not good: by service the regions, and by region the services."""
    services = {one["slug"]: one["name"] for one in index["services"]}
    regions = {one["slug"]: one["name"] for one in regions_of(index)}
    by_service: dict[str, list[matrix.Chip]] = {}
    by_region: dict[str, list[matrix.Chip]] = {}
    for service, region, state, incidents, since in index["cells"]:
        href, at = matrix.cell_url(service, region, incidents), moment(since)
        name = regions.get(region, region)
        by_service.setdefault(service, []).append(matrix.Chip(name, state, href, at))
        name = services.get(service, service)
        by_region.setdefault(region, []).append(matrix.Chip(name, state, href, at))
    return by_service, by_region


def possible_of(
    index: Mapping[str, Any], regions: Collection[str] | None = None
) -> tuple[dict[str, str], dict[str, str]]:
    """What may be affected, in words: by service (in these regions, None: in all), and by region."""
    # A generation of a former release has none.
    found = dependents.read(index.get("dependents", ()))
    rows = [row for row in found if regions is None or row[1] in regions]
    services = {one["slug"]: one["name"] for one in index["services"]}
    named = {one["slug"]: one["name"] for one in index["regions"] if one["geography"]}
    return dependents.by_service(rows, services, named), dependents.by_region(rows)


def absent_in(index: Mapping[str, Any], service: str, regions: Collection[str]) -> list[str]:
    """The names of those regions (slugs) in which a service is not offered."""
    # A generation of a former release has no marks.
    mark = index.get("offered", {}).get(service, "")
    places = [one for one in index["regions"] if one["geography"]]
    return [
        one["name"]
        for position, one in enumerate(places)
        if one["slug"] in regions and not offered.is_in(mark, position)
    ]


def moment(text: str) -> datetime:
    """A time of the index, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
