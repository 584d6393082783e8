"""The history: entries as fragments, months, and the compact index that filters read. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any, NamedTuple

from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, override

from incidents.texts.timestamps import seconds
from incidents.vocabulary import NOT_BEGUN, CommunicationKind, Kind, Role
from statuspage import languages
from statuspage.public.render import layout, times
from statuspage.public.render.headline import Headline
from statuspage.public.render.table import dependents, hit, labels, offered
from statuspage.public.snapshot.values import (
    CommunicationView,
    IncidentView,
    NamedView,
    Snapshot,
    WindowView,
)

NEWEST_ENTRIES = 12  # the first page of the history goes on by whole months until it has these
NAMES_SHOWN = 8
EXCERPT = 320
SEARCHED = 20_000  # characters of an incident's words that a text search sees


@dataclass(frozen=True, slots=True)
class MonthOfEntries:
    slug: str
    entries: tuple[SafeString, ...]


@dataclass(frozen=True, slots=True)
class Names:
    """The first names of a list, and how many more there are."""

    shown: tuple[str, ...]
    more: int


def part_name(tracking_id: str) -> str:
    """The fragment in the current language."""
    return f"{languages.folder()}history/{tracking_id}.html"


def tracking_id_of(part: str) -> str:
    """The incident whose fragment has this name, in whichever language."""
    return part.rpartition("/")[2].removesuffix(".html")


def entry(incident: IncidentView) -> bytes:
    """The entry of one incident in lists, as a fragment."""
    context = {
        "incident": incident,
        "state": labels.state_of(incident.kind, incident.level),
        "kind": labels.KINDS.get(incident.kind, incident.kind),
        "stage": labels.STAGES.get(incident.stage, incident.stage),
        "review": labels.REVIEWS.get(incident.review.kind, "") if incident.review else "",
        "services": names(incident.services),
        "places": names((*incident.regions, *incident.geographies)),
        "excerpt": excerpt(incident),
        "hit": hit.lines(hit.groups(incident.impacts)),
        "ongoing": labels.ENDS["ongoing" if incident.active else "unstated"],
        "windows": [
            (w, times.length(w.end - w.start) if w.end else "") for w in begun_windows(incident)
        ],
    }
    return layout.fragment("history/entry.html", context)


def begun_windows(incident: IncidentView) -> tuple[WindowView, ...]:
    """What has been, or is: a maintenance that has not begun, or never did, has a plan and no window."""
    if incident.kind != Kind.PLANNED_MAINTENANCE:
        return incident.windows
    if incident.stage in NOT_BEGUN:
        return ()
    return tuple(one for one in incident.windows if one.end is None or one.end > one.start)


def names(views: Sequence[NamedView]) -> Names:
    """Impacted ones before those that are only mentioned."""
    ordered = sorted(views, key=lambda view: view.role != Role.IMPACTED)
    known = tuple(view.name for view in ordered)
    return Names(known[:NAMES_SHOWN], max(0, len(known) - NAMES_SHOWN))


class Excerpt(NamedTuple):
    text: str
    language: str


def excerpt(incident: IncidentView) -> Excerpt:
    """What happened and what to do: the first words of the review, else of a person's newest statement,
    else what the facts say."""
    language = incident.language
    if incident.review and incident.review.sections:
        text = _first_words(incident.review.sections[0].html)
    elif (told := news(incident)) is not None:
        text, language = _first_words(told.html), told.language
    elif incident.impacts:
        text, language = hit.summary(incident), languages.current()
    elif incident.communications:
        latest = incident.communications[0].said()
        text, language = _first_words(latest.html), latest.language
    else:
        text, language = hit.summary(incident), languages.current()
    if len(text) > EXCERPT:
        text = text[:EXCERPT].rsplit(" ", 1)[0].rstrip(",;:–- ") + " …"
    return Excerpt(text, language)


def _first_words(html: str) -> str:
    """Without headings, which would run into what follows them; with them where there is nothing else."""
    return plain(re.sub(r"<h(\d)[^>]*>.*?</h\1>", " ", html, flags=re.DOTALL)) or plain(html)


def news(incident: IncidentView) -> CommunicationView | None:
    """The newest statement in a person's words; a retraction, as there is no other news then."""
    for said in incident.communications:
        if said.kind == CommunicationKind.RETRACTION:
            return said.said()
        if not said.from_facts and said.kind not in (
            CommunicationKind.CORRECTION,
            CommunicationKind.REVIEW,
        ):
            return said
    return None


def plain(html: str) -> str:
    """The words of sanitised HTML on one line."""
    spaced = re.sub(r"</(p|li|h\d|td|th)>|<br ?/?>", " ", html)
    return " ".join(unescape(strip_tags(spaced)).split())


def by_month(
    chosen: Iterable[tuple[str, str]], parts: Mapping[str, bytes]
) -> tuple[MonthOfEntries, ...]:
    """(month, tracking ID) pairs in the order to be shown -> sections with their fragments."""
    found: dict[str, list[SafeString]] = {}
    for month, tracking_id in chosen:
        html = _entry_in(parts, tracking_id).decode()
        # Safe: a fragment we rendered ourselves from the template history/entry.html.
        found.setdefault(month, []).append(mark_safe(html))  # noqa: S308
    return tuple(MonthOfEntries(month, tuple(entries)) for month, entries in found.items())


def _entry_in(parts: Mapping[str, bytes], tracking_id: str) -> bytes:
    """In the current language; in English for the moment until the others have followed."""
    try:
        return parts[part_name(tracking_id)]
    except KeyError:
        with override(languages.DEFAULT):
            return parts[part_name(tracking_id)]


def newest(snapshot: Snapshot) -> list[tuple[str, str]]:
    """(month, tracking ID) of whole months, newest first, until there are enough entries; each once."""
    shown: dict[str, str] = {}
    for month, incidents in snapshot.months.items():
        if len(shown) >= NEWEST_ENTRIES:
            break
        for one in incidents:
            shown.setdefault(one.tracking_id, month)
    return [(month, tracking_id) for tracking_id, month in shown.items()]


def choices(snapshot: Snapshot) -> dict[str, Any]:
    """What the filter form offers; JSON-able, so that filtered answers need no snapshot."""
    everywhere = snapshot.non_regional
    return {
        "services": [
            {"slug": s.slug, "name": s.name, "aliases": list(s.aliases), "category": c.name}
            for c in snapshot.categories
            for s in c.services
        ],
        "regions": [
            {"slug": r.slug, "name": r.name, "aliases": list(r.aliases), "geography": g.slug}
            for g in snapshot.geographies
            for r in g.regions
        ]
        + [
            {"slug": one.slug, "name": gettext("Non-regional"), "aliases": [], "geography": ""}
            for one in (everywhere,)
            if one
        ],
        "geographies": [{"slug": g.slug, "name": g.name} for g in snapshot.geographies],
    }  # fmt: skip


def index(snapshot: Snapshot, said: Mapping[str, Headline]) -> dict[str, Any]:
    """Everything that filtered answers are made from, besides the fragments; `said` by language."""
    headlines = {
        code: {
            "state": one.state, "text": one.text, "claim": one.claim, "rest": one.rest, "long": one.long,
        }
        for code, one in said.items()
    }  # fmt: skip
    return {
        **choices(snapshot),
        "cells": [
            [service, region, cell.state, list(cell.incidents), seconds(cell.since)]
            for (service, region), cell in snapshot.cells.items()
        ],
        "dependents": dependents.rows(snapshot),
        "offered": offered.marks(snapshot),
        "headlines": headlines,
        "months": list(snapshot.months),
        "gone": {gone.tracking_id: gone.sentence for gone in snapshot.gone},
        "redirects": dict(snapshot.redirects),
        "old_paths": dict(snapshot.old_paths),
    }


def index_part(month: str) -> str:
    """The name of the part with a month's lines of the index; see `index.Index`."""
    return f"index/{month}.json"


def index_of_month(incidents: Iterable[IncidentView]) -> bytes:
    """The lines of incidents, each in the month of its beginning alone."""
    return json.dumps(
        [_indexed(incident) for incident in incidents], separators=(",", ":"), ensure_ascii=False
    ).encode(errors="replace")


def _indexed(incident: IncidentView) -> dict[str, Any]:
    """Times in ISO 8601 UTC; `end` is None while it is going on, and the start where none is stated."""
    end = incident.ended_at or (None if incident.active else incident.listed_at)
    places = [view.slug for view in incident.geographies]
    return {
        "id": incident.tracking_id,
        "month": incident.month,
        "heading": incident.heading_month,
        "start": seconds(incident.listed_at),
        "end": seconds(end),
        "kind": incident.kind,
        "level": "" if incident.kind == Kind.PLANNED_MAINTENANCE else incident.level,
        "services": [view.slug for view in incident.services],
        "regions": [view.slug for view in incident.regions],
        "geographies": places,
        "pairs": _pairs(incident),
        "text": _words(incident),
    }


def _pairs(incident: IncidentView) -> list[list[str]]:
    """The cells that were hit (service, region), where that is less than every such service in every such region."""
    pairs = sorted({(one.service.slug, one.region.slug) for one in incident.impacts})
    services, regions = {service for service, _ in pairs}, {region for _, region in pairs}
    whole = len(pairs) == len(services) * len(regions)
    return [] if whole else [list(pair) for pair in pairs]


def _words(incident: IncidentView) -> str:
    words = [incident.tracking_id, incident.title]
    words += [v.name for v in (*incident.services, *incident.regions, *incident.geographies)]
    words += [communication.text for communication in incident.communications]
    if incident.review:
        words += [plain(section.html) for section in incident.review.sections]
        words += [row.text for row in incident.review.timeline]
        words += [item.text for item in incident.review.repair_items]
    return " ".join(" ".join(words).split()).casefold()[:SEARCHED]
