"""Statuspage's documents of some cells, made in memory from the generation's index and its packed incidents.

A region's documents change with every update anywhere (their time does), and there are hundreds: so none is
written before it is asked for. What is asked for and not known is refused by name, for "all well" would be a lie.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.utils.translation import override

from incidents.cells import Cell
from incidents.vocabulary import Kind
from statuspage import languages
from statuspage.public.formats import views
from statuspage.public.formats.catalogue import FormatCatalogue
from statuspage.public.formats.packed import pack, unpack
from statuspage.public.formats.plain import clean, dump
from statuspage.public.formats.statuspage.v2 import DOCUMENTS, Documents
from statuspage.public.formats.views import View
from statuspage.public.render.page import JSON, Page
from statuspage.public.render.table.dependents import DependentRow as Dependent
from statuspage.public.snapshot.values import IncidentView, Snapshot

API = "/api/v2/"
PART = "formats/incidents.json"
FIELDS = ("service", "region", "pairs")
KEPT = 150  # newest issues, and as many maintenances, that a view is made from; open ones always
MOST_NAMED = 100

# With `/api/v2` once more in the middle for clients that add it to whatever address they are given.
_ADDRESS = re.compile(
    r"/api/v2/(regions|geographies|services)/([^/]+)(?:/api/v2)?/([a-z/-]+)\.json"
)
_PLAIN = re.compile(r"/api/v2/([a-z/-]+)\.json")


class UnknownError(Exception):
    """Something was asked for that is not in the catalogue; the message is for whoever asked."""


def kept(snapshot: Snapshot) -> list[IncidentView]:
    """The newest, and whatever is open: what documents are made from."""
    planned = (one for one in snapshot.incidents if one.kind == Kind.PLANNED_MAINTENANCE)
    others = (one for one in snapshot.incidents if one.kind != Kind.PLANNED_MAINTENANCE)
    return [*_newest(others, snapshot.as_of), *_newest(planned, snapshot.as_of)]


def _newest(incidents: Iterable[IncidentView], now: datetime) -> Iterator[IncidentView]:
    for position, one in enumerate(incidents):
        still = one.active or any(hit.end is None or hit.end > now for hit in one.impacts)
        if position < KEPT or still:
            yield one


def part(snapshot: Snapshot) -> bytes:
    """What `answer` reads of incidents."""
    return dump([pack(one) for one in kept(snapshot)])


@lru_cache(maxsize=2)
def _unpacked(data: bytes) -> tuple[IncidentView, ...]:
    return tuple(unpack(row) for row in json.loads(data))


def answer(
    path: str,
    query: Mapping[str, str],
    data: Mapping[str, Any],
    parts: Mapping[str, bytes],
    now: datetime,
    dependents: Iterable[Dependent] = (),
) -> Page | None:
    """A document of a region, geography, service or chosen cells; None: there is no such address, or
    nothing was chosen. `dependents`: cells that may be affected, and why."""
    try:
        catalogue = FormatCatalogue.read(data["catalogue"])
        if (found := _ADDRESS.fullmatch(path)) is not None:
            kind, slug, name = found.groups()
            view = _of_place(catalogue, kind, slug)
        elif (found := _PLAIN.fullmatch(path)) is not None and any(one in query for one in FIELDS):
            name, view = found[1], _of_query(catalogue, query)
        else:
            return None
    except UnknownError as unknown:
        return _refusal(str(unknown))
    if name not in DOCUMENTS:
        return None
    with override(languages.DEFAULT):
        documents = Documents(
            view,
            catalogue,
            _unpacked(parts[PART]),
            site_name=data["name"],
            base_url=data["base_url"],
            site=data["site"],
            now=now,
            dependents=dependents,
        )
        return documents.page(name)


def _of_place(catalogue: FormatCatalogue, kind: str, slug: str) -> View:
    slug = slug.lower()
    if kind == "services":
        if not catalogue.offered.get(slug):
            raise UnknownError(f"service: {slug!r} is not a service on offer, see /products.json")
        return views.of_service(catalogue, slug)
    homes = {region: home for region, (_name, home) in catalogue.regions.items()}
    regions = {
        region for region, home in homes.items() if slug == (region if kind == "regions" else home)
    }
    view = views.of_regions(catalogue, regions)
    if not view.groups:
        raise UnknownError(f"{kind}: {slug!r} is not in the catalogue")
    return view


def _of_query(catalogue: FormatCatalogue, query: Mapping[str, str]) -> View:
    services = _named(query, "service", catalogue.services)
    regions = _named(query, "region", catalogue.regions)
    cells: set[Cell] = set()
    if services is not None or regions is not None:
        cells = {
            (service, region)
            for service, region in catalogue.cells
            if (services is None or service in services) and (regions is None or region in regions)
        }
        if not cells:
            raise UnknownError("service, region: none of these services is offered there")
    for pair in _listed(query, "pairs") or ():
        service, _colon, region = pair.partition(":")
        if (service, region) not in catalogue.cells:
            raise UnknownError(
                f"pairs: {pair!r} is no service:region on offer, such as storage:east-us"
            )
        cells.add((service, region))
    return views.of_cells(catalogue, cells)


def _named(query: Mapping[str, str], field: str, known: Collection[str]) -> frozenset[str] | None:
    wanted = _listed(query, field)
    for slug in wanted or ():
        if slug not in known:
            raise UnknownError(f"{field}: {slug!r} is not in the catalogue")
    return wanted


def _listed(query: Mapping[str, str], field: str) -> frozenset[str] | None:
    """What a field names, with commas between; None where it is not there. An empty one is no wish for all."""
    if field not in query:
        return None
    named = [one.strip() for one in clean(query[field]).lower().split(",") if one.strip()]
    if not named or len(named) > MOST_NAMED:
        raise UnknownError(f"{field}: name 1 to {MOST_NAMED} with commas between, or leave it out")
    return frozenset(named)


def _refusal(sentence: str) -> Page:
    return Page(dump({"error": sentence}), JSON, status=404, max_age=10)
