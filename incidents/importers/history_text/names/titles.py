"""A title for an entry that has none: what was affected and where, else what happened."""

from __future__ import annotations

import re

from incidents.importers.history_text.names.index import NameIndex
from incidents.importers.history_text.names.mentions import Mentions, sentences
from incidents.importers.history_text.times.windows import find_ranges

_LONGEST = 200
_CLAUSE = 110
# What follows is affected too, but isn't what the entry is about.
_BESIDES = re.compile(r"\bas well as (?:other|some)\b", re.IGNORECASE)
_BEGINS = re.compile(
    r"^(?:customers?|users?|some|a (?:small )?subset of customers|we)\b[^,.;]{0,60}?\b(?:experienc|"
    r"encounter|observ|receiv)\w*\s+",
    re.IGNORECASE,
)
_STOPS = re.compile(r"(?:,|;|\s[–—-]|\.)(?:\s|$)|\s(?:when|while|which|that|for resources)\s")
_MANY = re.compile(r"\bmultiple\s+(?:Azure\s+|Microsoft\s+)?services\b", re.IGNORECASE)


def shortened(title: str) -> str:
    return title if len(title) <= _LONGEST else f"{title[: _LONGEST - 1].rstrip()}…"


def derived_title(mentions: Mentions, impact: str, names: NameIndex) -> str:
    """From the first sentence of the impact that names a service, or that says what went wrong."""
    opening = next(sentences(impact), "").strip()
    services = mentions.impacted_services or mentions.services
    named = _services(_BESIDES.split(opening)[0], names)
    places = mentions.impacted_regions or mentions.geographies or mentions.regions
    where = _few(places, "region")
    if not named and _MANY.search(opening):
        return shortened(f"Multiple services – {where}" if where else "Multiple services")
    besides = _BESIDES.search(opening) or not mentions.impacted_services
    if not named and besides and (what := _clause(opening)):
        return shortened(what)
    for sentence in sentences(impact):
        if first := _services(sentence, names):
            services = first
            break
    what = _few(services, "service")
    if what:
        return shortened(f"{what} – {where}" if where else what)
    return shortened(opening) or "Incident without a title"


def _services(sentence: str, names: NameIndex) -> list[str]:
    return list(dict.fromkeys(it.name for it in names.find(sentence) if it.kind == "service"))


def _clause(sentence: str) -> str:
    """ "Between … UTC on 25 January, customers experienced issues with X, …" as "Issues with X"."""
    ranges = find_ranges(sentence)
    rest = sentence[ranges[-1].end() :] if ranges and ranges[0].first.start <= 60 else sentence
    rest = re.sub(r"^[^,]{0,30},\s+|^\W+", "", rest) if rest is not sentence else rest
    begun = _BEGINS.match(rest)
    rest = rest[begun.end() :] if begun else rest
    stop = next((it for it in _STOPS.finditer(rest) if it.start() > 20), None)
    clause = (rest[: stop.start()] if stop else rest).strip(" .,;:")
    if len(clause) > _CLAUSE:
        clause = f"{clause[:_CLAUSE].rsplit(' ', 1)[0].rstrip(' ,;')}…"
    return clause[:1].upper() + clause[1:]


def _few(names: list[str], word: str) -> str:
    if len(names) <= 3:
        return (
            " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
        )
    return f"{names[0]}, {names[1]} and {len(names) - 2} more {word}s"
