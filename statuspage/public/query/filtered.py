"""Answers to queries, made in memory from the generation's index and fragments: no database, no snapshot.

Nothing a visitor can type leads to an error: what is unknown is named, escaped, and a way out is offered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import override

from incidents.texts import as_typed
from statuspage import languages
from statuspage.public.formats.feed import feed_queries
from statuspage.public.query import my_services, search
from statuspage.public.query.search import LONGEST, MAX_AGE, Generation
from statuspage.public.render import history, times, updates
from statuspage.public.render.layout import Layout, render
from statuspage.public.render.page import Page
from statuspage.public.render.table import labels, matrix

STATUS, HISTORY = "/status/", "/status/history/"
FILTERS = ("service", "region", "geography", "level", "from", "to", "month", "q")
MOST_SHOWN = 100


Assembler = Callable[[Mapping[str, str], Generation], "Page | None"]


@dataclass(slots=True)
class Asked:
    """A history query, read: the filters that apply, and sentences about those that cannot."""

    values: dict[str, str]
    problems: list[tuple[str, str]] = field(default_factory=list)  # (sentence, address without it)
    first: date | None = None
    last: date | None = None

    def refuse(self, name: str, sentence: str) -> None:
        """Go on without this filter, and say so."""
        self.values = {key: value for key, value in self.values.items() if key != name}
        self.problems.append((sentence, _address(self.values)))


def _address(filters: Mapping[str, str]) -> str:
    """The history by these filters, in the current language."""
    where = f"{languages.root()}{HISTORY}"
    return f"{where}?{urlencode(filters)}" if filters else where


def assemble(path: str, query: Mapping[str, str], generation: Generation) -> Page | None:
    """The answer to a query at a path, or None when the page at that path answers it as it is."""
    language, path = languages.split(path)
    with override(language):
        if (assembler := PAGES.get(path)) is not None:
            return assembler(query, generation)
        geographies = {f"{STATUS}{one['slug']}/" for one in generation.index.get("geographies", ())}
        return status_answer(query, generation) if path in geographies else None


def status_answer(query: Mapping[str, str], generation: Generation) -> Page | None:
    """What a query at the status page asks for: my services, or a name."""
    return my_services.answer(query, generation) or search.find(query, generation)


def filtered_history(query: Mapping[str, str], generation: Generation) -> Page | None:
    """The history by service, region, geography, level, dates, month and words; or one tracking ID."""
    if tracking_id := query.get("trackingId", "").strip():
        return _by_tracking_id(tracking_id, generation)
    given = {name: " ".join(query.get(name, "").split())[:LONGEST] for name in FILTERS}
    asked = Asked({name: value for name, value in given.items() if value})
    if not asked.values:
        return None
    index = generation.index
    _check_names(asked, index)
    _check_dates(asked)
    chosen = [one for one in index["incidents"] if _fits(one, asked, index)]
    shown = chosen[:MOST_SHOWN]
    pairs = [(one["month"], one["id"]) for one in shown]
    return _list(generation, asked, pairs, len(chosen))


def _list(generation: Generation, asked: Asked, pairs: list[tuple[str, str]], count: int) -> Page:
    index = generation.index
    context = {
        "sections": history.by_month(pairs, generation.parts),
        "count": count,
        "left_out": count - len(pairs),
        "total": len(index["incidents"]),
        "filtered": True,
        "query": urlencode(asked.values),
        "given": asked.values,
        "problems": asked.problems,
        "said": _said(asked, index),
    }  # fmt: skip
    for name in ("services", "geographies", "months"):
        context[name] = index[name]
    context["regions"] = search.regions_of(index)
    layout = Layout(generation.as_of, generation.revision)
    return Page(render("history/list.html", layout, HISTORY, context), max_age=MAX_AGE)


def _by_tracking_id(tracking_id: str, generation: Generation) -> Page:
    wanted = as_typed.tracking_id(tracking_id[:LONGEST])
    wanted = generation.index["redirects"].get(wanted, wanted)
    if re.fullmatch(r"[A-Z0-9_-]{1,40}", wanted):
        page = generation.pages.get(matrix.incident_url(wanted))
        if page is not None:
            return page
    asked = Asked({"trackingId": tracking_id[:LONGEST]})
    # One sentence for all: nothing must tell an unknown ID from that of a targeted incident.
    asked.refuse(
        "trackingId",
        _("There is no public entry with the tracking ID “%s”.") % tracking_id[:LONGEST],
    )
    return _list(generation, asked, [], 0)  # fmt: skip


def _check_names(asked: Asked, index: Mapping[str, Any]) -> None:
    sentences = {
        "service": _("“%s” is not a service of the catalogue, so this filter is ignored."),
        "region": _("“%s” is not a region of the catalogue, so this filter is ignored."),
        "geography": _("“%s” is not a geography of the catalogue, so this filter is ignored."),
        "level": _(
            "“%s” is not a level (error, warning or informational), so this filter is ignored."
        ),
    }
    known: dict[str, set[str]] = {
        "service": {one["slug"] for one in index["services"]},
        "region": {one["slug"] for one in index["regions"]},
        "geography": {one["slug"] for one in index["geographies"]},
        "level": set(labels.LEVELS),
    }
    # What has left the catalogue stays findable as long as an incident names it.
    for incident in index["incidents"]:
        known["service"].update(incident["services"])
        known["region"].update(incident["regions"])
    for name, sentence in sentences.items():
        value = asked.values.get(name)
        if value and value not in known[name]:
            asked.refuse(name, sentence % value)


def _check_dates(asked: Asked) -> None:
    for name in ("from", "to", "month"):
        value = asked.values.get(name)
        if not value:
            continue
        span = _span(value)
        if span is None:
            asked.refuse(
                name,
                _("“%s” is not a date like 2024-01-21 or a month like 2024-01, so it is ignored.")
                % value,
            )
            continue
        if name in ("from", "month"):
            asked.first = span[0] if asked.first is None else max(asked.first, span[0])
        if name in ("to", "month"):
            asked.last = span[1] if asked.last is None else min(asked.last, span[1])
    if asked.first and asked.last and asked.first > asked.last and "to" in asked.values:
        asked.last = None
        asked.refuse("to", _("The dates end before they begin, so the last one is ignored."))


def _span(value: str) -> tuple[date, date] | None:
    """First and last day of `2024-01-21` or `2024-01`; None for anything else."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}", value):
            first = date.fromisoformat(f"{value}-01")
            following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
            return first, date.fromordinal(following.toordinal() - 1)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            day = date.fromisoformat(value)
            return day, day
    except (ValueError, OverflowError):
        return None
    return None


def _fits(incident: Mapping[str, Any], asked: Asked, index: Mapping[str, Any]) -> bool:
    values = asked.values
    return (
        ("service" not in values or values["service"] in incident["services"])
        and ("region" not in values or _touches(incident, values["region"], index))
        and has_pair(incident, values.get("service"), values.get("region"))
        and ("geography" not in values or _within(incident, values["geography"], index))
        and ("level" not in values or incident["level"] == values["level"])
        and (
            "q" not in values or search.has_words(values["q"].casefold().split(), incident["text"])
        )
        and (_overlaps(incident, asked) or _headed(incident, asked))
    )


def _touches(incident: Mapping[str, Any], region: str, index: Mapping[str, Any]) -> bool:
    """Named itself, or by its geography: "across Europe" concerns every region of Europe."""
    if region in incident["regions"]:
        return True
    home = {one["slug"]: one["geography"] for one in index["regions"]}.get(region)
    return bool(home) and home in incident["geographies"]


def has_pair(incident: Mapping[str, Any], service: str | None, region: str | None) -> bool:
    """Both together: where the cells of both are known, this one has to be among them."""
    pairs = incident.get("pairs")
    if service is None or region is None or not pairs:
        return True
    known = any(service == one for one, _ in pairs) and any(region == one for _, one in pairs)
    return not known or [service, region] in pairs


def _within(incident: Mapping[str, Any], geography: str, index: Mapping[str, Any]) -> bool:
    members = {one["slug"] for one in index["regions"] if one["geography"] == geography}
    return geography in incident["geographies"] or bool(members & set(incident["regions"]))


def _overlaps(incident: Mapping[str, Any], asked: Asked) -> bool:
    """Days in UTC; what is still going on has no last day."""
    start = search.moment(incident["start"]).date()
    end = search.moment(incident["end"]).date() if incident["end"] else None
    if asked.last is not None and start > asked.last:
        return False
    return asked.first is None or end is None or end >= asked.first


def _headed(incident: Mapping[str, Any], asked: Asked) -> bool:
    """An imported entry is found under the month whose heading it stood under, too."""
    return bool(incident.get("heading")) and incident["heading"] == asked.values.get("month")


def _said(asked: Asked, index: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The filters in words, each with the address of the same list without it."""
    names = {"service": "services", "region": "regions", "geography": "geographies"}
    said = []
    for key, value in asked.values.items():
        words = value
        if key in names:
            words = next((o["name"] for o in index[names[key]] if o["slug"] == value), value)
        elif key == "level":
            words = str(labels.LEVELS.get(value, value))
        elif key == "month":
            words = times.month_name(value)
        elif key == "q":
            words = f"“{value}”"
        elif key in ("from", "to"):
            words = (_("from %s") if key == "from" else _("until %s")) % value
        kept = {name: other for name, other in asked.values.items() if name != key}
        said.append((words, _address(kept)))
    return said


def updates_of(query: Mapping[str, str], generation: Generation) -> Page | None:
    """The ways to hear of a service, region or incident alone, and what was said of it last."""
    found = feed_queries.chosen(feed_queries.ENTRIES, query, generation)
    if found is None:
        return None
    entries, names, asked = found
    layout = Layout(generation.as_of, generation.revision)
    return updates.page(layout, entries, asked, names)


PAGES: Mapping[str, Assembler] = {
    STATUS: status_answer,
    HISTORY: filtered_history,
    updates.UPDATES: updates_of,
}
# By path prefix, the longest wins: what the web process is given.
ASSEMBLERS: Mapping[str, Callable[[str, Mapping[str, str], Any], Page | None]] = {
    f"{languages.root(code)}{STATUS}": assemble for code in languages.names()
}
