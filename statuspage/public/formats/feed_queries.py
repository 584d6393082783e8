"""Filtered feeds and the badges of single cells, made in memory from the generation's index.

Names that nobody knows are no error: a feed for them is empty and valid, and a badge does not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from django.utils.translation import override

from statuspage.public import languages
from statuspage.public.formats.badges import badge
from statuspage.public.formats.calendar import calendar, events
from statuspage.public.formats.feed_entries import newest_entries
from statuspage.public.formats.feeds import Channel, atom, json_feed, rss
from statuspage.public.formats.plain import clean, line
from statuspage.public.render.page import Page
from statuspage.public.snapshot.values import Snapshot

KEY = "formats"
FILTERS = ("service", "region")
MOST_SLUGS = 50
BADGES = "/badge/"

Write = Callable[[Channel, Sequence[dict[str, Any]]], Page]

ENTRIES, EVENTS = "entries", "events"
# What is at each address: which list of the index, written by what.
FEEDS: Mapping[str, tuple[str, Write]] = {
    "/status/feed/": (ENTRIES, rss),
    "/history.rss": (ENTRIES, rss),
    "/history.atom": (ENTRIES, atom),
    "/feed.json": (ENTRIES, json_feed),
    "/maintenance.ics": (EVENTS, calendar),
}


class Generation(Protocol):
    """What an answer may read of a generation."""

    @property
    def index(self) -> Mapping[str, Any]: ...
    @property
    def as_of(self) -> datetime: ...


def index(snapshot: Snapshot, *, site_name: str, base_url: str) -> dict[str, Any]:
    """JSON-able, bounded but for the catalogue: what queries are answered from."""
    regions = [(r, g.slug) for g in snapshot.geographies for r in g.regions]
    if snapshot.non_regional is not None:
        regions.append((snapshot.non_regional, ""))
    place = {region.slug: number for number, (region, _geography) in enumerate(regions)}
    offered: dict[str, list[int]] = {}
    for service, region in sorted(snapshot.offered):
        if region in place:
            offered.setdefault(service, []).append(place[region])
    return {
        "name": line(site_name),
        "base_url": base_url,
        ENTRIES: newest_entries(snapshot, base_url=base_url),
        EVENTS: events(snapshot, base_url=base_url),
        "services": {s.slug: line(s.name) for c in snapshot.categories for s in c.services},
        "regions": [[one.slug, line(one.name), geography] for one, geography in regions],
        "offered": offered,  # service -> positions in `regions`: the pairs, without their names
        "cells": [
            [service, region, cell.state] for (service, region), cell in snapshot.cells.items()
        ],
    }


@dataclass(frozen=True, slots=True)
class _Wanted:
    services: frozenset[str]
    regions: frozenset[str]
    query: str

    def fits(self, entry: Mapping[str, Any], geographies: frozenset[str]) -> bool:
        """A region is concerned when it is named, or the geography it lies in."""
        return (
            not self.services or any(slug in self.services for slug, _name in entry["services"])
        ) and (
            not self.regions
            or any(slug in self.regions for slug, _name in entry["regions"])
            or not geographies.isdisjoint(entry["geographies"])
        )


def filtered_feed(path: str, query: Mapping[str, str], generation: Generation, /) -> Page | None:
    """A feed by `?service=` and `?region=` (slugs, several with commas); None: nothing is asked for."""
    wanted = _wanted(query)
    data = generation.index.get(KEY)  # None: written by a release that had no feeds yet
    if path not in FEEDS or wanted is None or data is None:
        return None
    names = [name for slug, name in data["services"].items() if slug in wanted.services]
    names += [name for slug, name, _geography in data["regions"] if slug in wanted.regions]
    title = f"{data['name']}: {', '.join(names)}" if names else data["name"]
    channel = Channel(title, data["base_url"], f"{path}?{wanted.query}", generation.as_of)
    homes = frozenset(
        home for slug, _name, home in data["regions"] if slug in wanted.regions and home
    )
    kind, write = FEEDS[path]
    return write(channel, [one for one in data[kind] if wanted.fits(one, homes)])


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
        urlencode(given),
    )


def cell_badge(path: str, _query: Mapping[str, str], generation: Generation, /) -> Page | None:
    """`/badge/<service>/<region>.svg`, whatever the query; None where no such cell is offered."""
    service, _slash, region = path.removeprefix(BADGES).removesuffix(".svg").partition("/")
    data = generation.index.get(KEY)
    if not path.startswith(BADGES) or not path.endswith(".svg") or not region or data is None:
        return None
    regions = [data["regions"][number] for number in data["offered"].get(service, ())]
    name = next((name for slug, name, _geography in regions if slug == region), None)
    if name is None or service not in data["services"]:
        return None
    state = next((one[2] for one in data["cells"] if one[:2] == [service, region]), "good")
    with override(languages.DEFAULT):
        return badge(f"{data['services'][service]}, {name}", state, generation.as_of)
