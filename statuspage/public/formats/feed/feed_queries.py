"""Filtered feeds, badges and the documents of chosen cells, made in memory from the generation's index.

Names that nobody knows are no error for a feed, which is empty and valid; a badge or document does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from django.utils.translation import override

from incidents import status_mapping
from incidents.cells import Cell
from statuspage import languages
from statuspage.public.formats.badges import badge, framed
from statuspage.public.formats.catalogue import FormatCatalogue
from statuspage.public.formats.feed.calendar import calendar, events
from statuspage.public.formats.feed.feed_entries import active_entries, newest_entries
from statuspage.public.formats.feed.feeds import FeedChannel, atom, json_feed, rss, rss_of_now
from statuspage.public.formats.plain import clean, line
from statuspage.public.formats.statuspage import queries as statuspage_queries
from statuspage.public.formats.statuspage.incident_timeline import open_states
from statuspage.public.render.page import Page
from statuspage.public.render.table import dependents
from statuspage.public.snapshot.values import IncidentView, Snapshot

KEY = "formats"
FILTERS = ("service", "region", "incident")
MOST_SLUGS = 50
BADGES = "/badge/"
FRAMES = "/embed/"

Write = Callable[[FeedChannel, Sequence[dict[str, Any]]], Page]

ENTRIES, ACTIVE, EVENTS = "entries", "active", "events"
# What is at each address: which list of the index, written by what.
FEEDS: Mapping[str, tuple[str, Write]] = {
    "/status/feed/": (ACTIVE, rss_of_now),
    "/history.rss": (ENTRIES, rss),
    "/history.atom": (ENTRIES, atom),
    "/feed.json": (ENTRIES, json_feed),
    "/maintenance.ics": (EVENTS, calendar),
}


class FeedGeneration(Protocol):
    """What an answer may read of a generation."""

    @property
    def index(self) -> Mapping[str, Any]: ...
    @property
    def parts(self) -> Mapping[str, bytes]: ...
    @property
    def as_of(self) -> datetime: ...


def index(snapshot: Snapshot, *, site_name: str, base_url: str) -> dict[str, Any]:
    """JSON-able, bounded but for the catalogue: what queries are answered from."""
    site = snapshot.site
    lists = {
        ENTRIES: newest_entries(snapshot, base_url=base_url, site=site),
        ACTIVE: active_entries(snapshot, base_url=base_url, site=site),
        EVENTS: events(snapshot, base_url=base_url, site=site),
    }
    named = {one["incident"] for entries in lists.values() for one in entries}
    shown = [one for one in snapshot.incidents if one.tracking_id in named]
    return {
        "name": line(site_name),
        "base_url": base_url,
        "site": site,
        **lists,
        "catalogue": FormatCatalogue.of(snapshot).written(),
        # Which services in which regions, of every incident in the lists: ever, and now.
        "hit": {one.tracking_id: _by_service(_ever(one)) for one in shown},
        "hit_now": {
            one.tracking_id: _by_service(open_states(one, snapshot.as_of))
            for one in shown
            if one.active
        },
        "cells": [
            [service, region, cell.state] for (service, region), cell in snapshot.cells.items()
        ],
    }


def _ever(incident: IncidentView) -> list[Cell]:
    return [(one.service.slug, one.region.slug) for one in incident.impacts]


def _by_service(cells: Collection[Cell]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for service, region in dict.fromkeys(cells):
        found.setdefault(service, []).append(region)
    return found


@dataclass(frozen=True, slots=True)
class _Wanted:
    services: frozenset[str]
    regions: frozenset[str]
    incident: str  # a tracking ID in small letters, or empty for any
    query: str

    def fits(
        self,
        entry: Mapping[str, Any],
        geographies: frozenset[str],
        hit: Mapping[str, Sequence[str]],
    ) -> bool:
        """A region is concerned when it is named, or the geography it lies in; a service in a region, when
        just that pair is hit, as far as it is known which pairs are."""
        if self.incident and entry["incident"].lower() != self.incident:
            return False
        services = {slug for slug, _name in entry["services"] if slug in self.services}
        regions = {slug for slug, _name in entry["regions"] if slug in self.regions}
        within = not geographies.isdisjoint(entry["geographies"])
        if (self.services and not services) or (self.regions and not (regions or within)):
            return False
        if not self.services or not self.regions or within:
            return True
        placed = {region for members in hit.values() for region in members}
        return (
            any(region in hit.get(service, ()) for service in services for region in regions)
            or any(service not in hit for service in services)
            or any(region not in placed for region in regions)
        )


def filtered_feed(
    path: str, query: Mapping[str, str], generation: FeedGeneration, /
) -> Page | None:
    """A feed by `?service=`, `?region=` (slugs, several with commas) and `?incident=` (a tracking ID); None: nothing
    is asked for."""
    if path not in FEEDS:
        return None
    kind, write = FEEDS[path]
    found = chosen(kind, query, generation)
    if found is None:
        return None
    entries, names, asked = found
    data = generation.index[KEY]
    title = f"{data['name']}: {', '.join(names)}" if names else data["name"]
    where = f"{path}?{asked}"
    return write(
        FeedChannel(title, data["base_url"], where, generation.as_of, data["site"]), entries
    )


def chosen(
    kind: str, query: Mapping[str, str], generation: FeedGeneration
) -> tuple[list[dict[str, Any]], list[str], str] | None:
    """The entries of a list that a query asks for, what it chooses in words, and the query as it was understood."""
    wanted = _wanted(query)
    data = generation.index.get(KEY, {})
    if wanted is None or "catalogue" not in data:
        return None  # or written by an earlier release
    catalogue = FormatCatalogue.read(data["catalogue"])
    names = [name for slug, name in catalogue.services.items() if slug in wanted.services]
    names += [name for slug, (name, _home) in catalogue.regions.items() if slug in wanted.regions]
    names += [wanted.incident.upper()] if wanted.incident else []
    homes = frozenset(
        home for slug, (_name, home) in catalogue.regions.items() if slug in wanted.regions and home
    )
    hit = data["hit_now" if kind == ACTIVE else "hit"]
    entries = [one for one in data[kind] if wanted.fits(one, homes, hit.get(one["incident"], {}))]
    return entries, names, wanted.query


def _wanted(query: Mapping[str, str]) -> _Wanted | None:
    given = {name: clean(query.get(name, "")).strip().lower() for name in FILTERS}
    given = {name: value for name, value in given.items() if value}
    if not given:
        return None
    slugs = {
        name: frozenset(slug.strip() for slug in value.split(",")[:MOST_SLUGS] if slug.strip())
        for name, value in given.items()
    }
    # Commas alone name nothing: they must not widen the feed to everything.
    nothing = frozenset({""})
    return _Wanted(
        (slugs["service"] or nothing) if "service" in slugs else frozenset(),
        (slugs["region"] or nothing) if "region" in slugs else frozenset(),
        given.get("incident", ""),
        urlencode(given),
    )


def badge_of(path: str, _query: Mapping[str, str], generation: FeedGeneration, /) -> Page | None:
    """`/badge/<service>.svg`, as bad as the worst of its regions, and `/badge/<service>/<region>.svg`.

    Whatever the query; None where nothing of the kind is offered.
    """
    if not path.startswith(BADGES) or not path.endswith(".svg"):
        return None
    service, slash, region = path.removeprefix(BADGES).removesuffix(".svg").partition("/")
    return _drawn(service, region, generation) if service and bool(region) == bool(slash) else None


def frame_of(path: str, _query: Mapping[str, str], generation: FeedGeneration, /) -> Page | None:
    """`/embed/services/<service>/` and `/embed/regions/<region>/`: a badge to be framed by other pages."""
    found = re.fullmatch(r"/embed/(services|regions)/([^/]+)/", path)
    if found is None:
        return None
    kind, slug = found.groups()
    is_service = kind == "services"
    drawn = _drawn(slug if is_service else "", "" if is_service else slug, generation)
    return framed(drawn, generation.index[KEY]["base_url"]) if drawn else None


def _drawn(service: str, region: str, generation: FeedGeneration) -> Page | None:
    """The badge of a service, a region, or a service in a region; None where nothing of the kind is offered."""
    data = generation.index.get(KEY, {})
    if "catalogue" not in data:
        return None
    catalogue = FormatCatalogue.read(data["catalogue"])
    if not any(service in ("", one) and region in ("", place) for one, place in catalogue.cells):
        return None
    states = [
        state
        for one, place, state in data["cells"]
        if service in ("", one) and region in ("", place)
    ]
    names = [catalogue.services[service]] if service else []
    names += [catalogue.region_name(region)] if region else []
    with override(languages.DEFAULT):
        may = dependents.read(generation.index.get("dependents", ()))
        is_possible = bool(service) and any(
            one[0] == service and region in ("", one[1]) for one in may
        )
        worst = max(states, key=_gravity, default="possible" if is_possible else "good")
        return badge(", ".join(names), worst, generation.as_of)


def _gravity(state: str) -> int:
    """A state of a later release counts as a notice."""
    return status_mapping.GRAVITY.index(state if state in status_mapping.GRAVITY else "information")


def document(path: str, query: Mapping[str, str], generation: FeedGeneration, /) -> Page | None:
    """Statuspage's documents of a region, geography, service or chosen cells."""
    data = generation.index.get(KEY, {})
    if "catalogue" not in data or statuspage_queries.PART not in generation.parts:
        return None
    may = dependents.read(generation.index.get("dependents", ()))
    return statuspage_queries.answer(path, query, data, generation.parts, generation.as_of, may)
