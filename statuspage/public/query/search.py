"""Is it me? Services and regions by words, from the generation's index: no database, no snapshot."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from incidents.texts.name_search import Named, certain, search
from statuspage.public import languages
from statuspage.public.render import dependents, matrix
from statuspage.public.render.layout import Layout, render
from statuspage.public.render.page import Page

STATUS = "/status/"
MOST_FOUND = 50
LONGEST = 200  # characters of a value that are looked at and echoed
MAX_AGE = 30
MOST_WORDS = 8  # of a question about a pair


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

    def item(name: str, aliases: Sequence[str], chips: list[matrix.Chip], may: str) -> str:
        return matrix.found_item(name, aliases, chips, generation.as_of, may)

    services = [
        item(
            one["name"],
            one["aliases"],
            by_service.get(one["slug"], []),
            possible.get(one["slug"], ""),
        )
        for one in _matching(asked, index["services"])
    ]
    regions = [
        item(
            one["name"],
            (),
            by_region.get(one["slug"], []),
            possible_regions.get(one["slug"], ""),
        )
        for one in _matching(asked, regions_of(index))
    ]
    pair = pair_of(asked, index)
    context = {
        "asked": asked,
        "query": urlencode({"q": asked}),
        "headline": headline_of(index),
        "found_pair": item(*_pair(*pair, index)) if pair else "",
        "found_services": services[:MOST_FOUND],
        "found_regions": regions[:MOST_FOUND],
        "left_out": max(0, len(services) - MOST_FOUND) + max(0, len(regions) - MOST_FOUND),
    }
    layout = Layout(generation.as_of, generation.revision)
    return Page(render("status/find.html", layout, STATUS, context), max_age=MAX_AGE)


def pair_of(
    asked: str, index: Mapping[str, Any]
) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """A service and a region out of one question, in any order, with or without a comma between them."""
    words = asked.replace(",", " ").split()[:MOST_WORDS]
    services, regions = _named(index["services"]), _named(regions_of(index))
    for cut in range(1, len(words)):
        halves = " ".join(words[:cut]), " ".join(words[cut:])
        for left, right in (halves, halves[::-1]):
            left, right = (half.removeprefix("in ").removesuffix(" in") for half in (left, right))
            service = certain(search(left, services))
            region = certain(search(right, regions)) if service else None
            if service and region:
                return (
                    next(one for one in index["services"] if one["slug"] == service.slug),
                    next(one for one in regions_of(index) if one["slug"] == region.slug),
                )
    return None


def _pair(
    service: Mapping[str, Any], region: Mapping[str, Any], index: Mapping[str, Any]
) -> tuple[str, Sequence[str], list[matrix.Chip], str]:
    """The cell as a line of the answer: its name, no aliases, what is not good there, what may be."""
    name = _("%(service)s in %(region)s") % {"service": service["name"], "region": region["name"]}
    chips = [
        matrix.Chip(region["name"], state, matrix.cell_url(one, place, incidents), moment(since))
        for one, place, state, incidents, since in index["cells"]
        if (one, place) == (service["slug"], region["slug"])
    ]
    possible, _regions = possible_of(index, {region["slug"]})
    return name, (), chips, possible.get(service["slug"], "")


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


def moment(text: str) -> datetime:
    """A time of the index, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)
