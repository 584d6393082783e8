"""My services: those that an address names, where they run, and whether anything public concerns them.

`/status/?services=storage,key-vault&regions=west-europe` can be shared and kept; no cookie, no account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.wording import listed
from statuspage.public.query import search
from statuspage.public.query.search import LONGEST, MAX_AGE, STATUS, Generation
from statuspage.public.render.layout import Layout, render
from statuspage.public.render.page import Page
from statuspage.public.render.table import matrix

FIELDS = ("services", "regions")
MOST = 200  # names of each; a query has room for fewer
MOST_UNKNOWN = 5
MOST_ABSENT = 5


def answer(query: Mapping[str, str], generation: Generation) -> Page | None:
    """The page for `services` and `regions` (slugs, separated by commas); None when neither is asked for.

    No region stands for every region. Without a service there is only the form to choose with.
    """
    if not any(name in query for name in FIELDS):
        return None
    index = generation.index
    services, strange_services = _known(query.get("services", ""), index["services"])
    regions, strange_regions = _known(query.get("regions", ""), search.regions_of(index))
    wanted = {name: ",".join(x["slug"] for x in chosen)
              for name, chosen in (("services", services), ("regions", regions)) if chosen}  # fmt: skip
    hit, possible, good, absent, places = _states(services, regions, generation)
    offered = len(services) - len(absent)
    context = {
        "headline": search.headline_of(index),
        "query": urlencode(wanted or {"services": ""}, safe=","),
        "chosen": len(services),
        "sentence": _sentence(
            len(hit), offered, places if hit else [one["name"] for one in regions]
        )
        if offered or not services
        else _("None of your services is offered there."),
        "possible": _possible(len(possible)),
        "state": "bad" if hit else "possible" if possible else "good" if offered else "absent",
        "mine": [*hit, *possible, *good, *absent],
        "unknown": [*strange_services, *strange_regions][:MOST_UNKNOWN],
        "choices": _choices(index, services, regions),
    }
    layout = Layout(generation.as_of, generation.revision)
    return Page(render("status/mine.html", layout, STATUS, context), max_age=MAX_AGE)


def _known(
    value: str, catalogue: Sequence[Mapping[str, Any]]
) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The entries that are named, in the catalogue's order; and names that it does not have."""
    asked = {name.strip()[:LONGEST] for name in value.split(",")[:MOST]} - {""}
    known = [one for one in catalogue if one["slug"] in asked]
    return known, sorted(asked - {one["slug"] for one in known})


def _states(
    services: Sequence[Mapping[str, Any]],
    regions: Sequence[Mapping[str, Any]],
    generation: Generation,
) -> tuple[list[str], list[str], list[str], list[str], list[str]]:
    """The lines of what is not good in these regions, of what may not be, of the rest, and of what none of them
    has; and where it is not good, if that is true of each.

    What has no region is everywhere.
    """
    everywhere = [one for one in search.regions_of(generation.index) if not one["geography"]]
    names = {one["name"] for one in (*regions, *everywhere)}
    slugs = {one["slug"] for one in (*regions, *everywhere)} if regions else None
    by_service = search.chips_of(generation.index)[0]
    may = search.possible_of(generation.index, slugs)[0]
    hit: list[str] = []
    possible: list[str] = []
    good: list[str] = []
    absent: list[str] = []
    where: set[tuple[str, ...]] = set()
    for one in services:
        chips = by_service.get(one["slug"], [])
        if regions:
            chips = [chip for chip in chips if chip.name in names]
        why = may.get(one["slug"], "")
        lacking = search.absent_in(generation.index, one["slug"], slugs) if slugs else []
        if regions and not chips and len(lacking) == len(regions):
            absent.append(matrix.absent_item(one["name"], _not_in(lacking)))
            continue
        line = matrix.found_item(
            one["slug"], one["name"], chips, generation.as_of, why,
            absent=_not_in(lacking),
        )  # fmt: skip
        (hit if chips else possible if why else good).append(line)
        if chips:
            where.add(tuple(chip.name for chip in chips))
    places = where.pop() if len(where) == 1 else ()
    everywhere_names = {one["name"] for one in everywhere}
    return hit, possible, good, absent, [] if everywhere_names & set(places) else list(places)


def _not_in(regions: Sequence[str]) -> str:
    if len(regions) > MOST_ABSENT:
        return _("not offered in %(n)d of these regions") % {"n": len(regions)}
    return _("not offered in %(places)s") % {"places": listed(regions)} if regions else ""


def _possible(count: int) -> str:
    """Besides what is confirmed, or instead of it."""
    if not count:
        return ""
    return ngettext(
        "%(n)d of them may be affected by what it depends on.",
        "%(n)d of them may be affected by what they depend on.",
        count,
    ) % {"n": count}


def _sentence(hit: int, chosen: int, regions: Sequence[str]) -> str:
    if not chosen:
        return _("Choose the services that you use.")
    values = {"hit": hit, "n": chosen, "places": listed(regions)}
    if not hit:
        text = ngettext(
            "No public incident touches your service.",
            "No public incident touches your %(n)d services.",
            chosen,
        )
        where = ngettext(
            "No public incident touches your service in %(places)s.",
            "No public incident touches your %(n)d services in %(places)s.",
            chosen,
        )
    else:
        text = ngettext(
            "%(hit)d of your services is affected.", "%(hit)d of your services are affected.", hit
        )
        where = ngettext(
            "%(hit)d of your services is affected in %(places)s.",
            "%(hit)d of your services are affected in %(places)s.",
            hit,
        )
    return (where if regions else text) % values


def _choices(
    index: Mapping[str, Any],
    services: Sequence[Mapping[str, Any]],
    regions: Sequence[Mapping[str, Any]],
) -> dict[str, list[dict[str, Any]]]:
    """Everything that can be ticked; ticked is what is chosen already."""
    ticked = {one["slug"] for one in services} | {f"in {one['slug']}" for one in regions}
    return {
        "services": [{**one, "ticked": one["slug"] in ticked} for one in index["services"]],
        "regions": [
            {**one, "ticked": f"in {one['slug']}" in ticked}
            for one in search.regions_of(index)
            if one["geography"]
        ],
    }
