"""Is it me? One sentence about what was asked for: a service, a region, or one in the other.

The browser says the same from the page itself (search.js): there without this process, as on the edge and in an export.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from statuspage import languages
from statuspage.public.query.subjects import MOST_NAMED, Subject
from statuspage.public.render import times, updates
from statuspage.public.render.table import labels


@dataclass(frozen=True, slots=True)
class HitCell:
    """What is not good: the names of a service and a region, since when (UTC), and the address that says why."""

    service: str
    region: str
    state: str
    href: str
    since: datetime


@dataclass(frozen=True, slots=True)
class CellAnswer:
    """`text` has a hole for `since` (UTC) where there is one; `incident` and `updates` are addresses or empty."""

    state: str
    text: str
    since: datetime | None
    shown: str
    detail: str
    incident: str
    updates: str


def absent(service: str, region: str, filters: Mapping[str, str]) -> CellAnswer:
    """About a service where it is not offered; `filters` are those of what may be heard of it elsewhere."""
    text = str(labels.NOT_OFFERED) % {"service": service, "region": region}
    return CellAnswer("absent", text, None, "", "", "", _updates(filters))


def answer(
    what: str,
    cells: Sequence[HitCell],
    possible: str,
    now: datetime,
    filters: Mapping[str, str],
) -> CellAnswer:
    """`cells`: what is not good of it, all of one state; `possible`: the sentence on what it depends on, or nothing."""
    state = cells[0].state if cells else "possible" if possible else "good"
    since = min((cell.since for cell in cells), default=None)
    leading = {cell.href for cell in cells}
    return CellAnswer(
        state,
        str(labels.ANSWERS[state]).replace("%(what)s", what),
        since,
        times.brief(since, now) if since else "",
        possible,
        leading.pop() if len(leading) == 1 else "",
        _updates(filters),
    )


def _updates(filters: Mapping[str, str]) -> str:
    asked = f"?{urlencode(filters)}" if filters else ""
    return f"{languages.root()}{updates.UPDATES}{asked}"


def worst(cells: Sequence[HitCell]) -> list[HitCell]:
    """Those in the gravest of their states: what a sentence says must be true of all of them."""
    state = min((cell.state for cell in cells), key=labels.TROUBLE.index, default="")
    return [cell for cell in cells if cell.state == state]


def called(services: Subject | None, regions: Subject | None, cells: Sequence[HitCell]) -> str:
    """What a sentence is about: what was asked for, as narrow as `cells`, all in one state, allow."""
    whole = pair_name(services.name if services else "", regions.name if regions else "")
    alone = bool(services and services.only and regions and regions.only)
    if alone or not cells:
        return whole
    hit, places = {cell.service for cell in cells}, {cell.region for cell in cells}
    if len(hit) == len(places) == 1:
        return pair_name(hit.pop(), places.pop())
    if services and regions:
        pairs = dict.fromkeys((cell.service, cell.region) for cell in cells)
        if services.lists and regions.lists and len(pairs) < len(hit) * len(places):
            if len(pairs) > MOST_NAMED:
                return _("Several services in %(region)s") % {"region": regions.among(places)}
            return ", ".join(pair_name(*pair) for pair in pairs)
        return pair_name(services.among(hit), regions.among(places))
    if regions:
        return _("Several services in %(region)s") % {"region": regions.among(places)}
    name = hit.pop() if len(hit) == 1 or not services else services.among(hit)
    if len(places) == 1:
        return pair_name(name, places.pop())
    return _("%(service)s in several regions") % {"service": name}


def pair_name(service: str, region: str) -> str:
    if not service or not region:
        return service or region
    return _("%(service)s in %(region)s") % {"service": service, "region": region}
