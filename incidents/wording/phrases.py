"""Parts of sentences: names in a list, places, times, and what has become of a service. In the active language."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from django.utils.dateformat import format as date_format
from django.utils.translation import get_language, get_language_bidi, gettext, ngettext, pgettext

from incidents.cells import CellGroup
from incidents.vocabulary import Level

MOST_GROUPS = 6
_DAYS = {"de": "j. F Y", "es": r"j \d\e F \d\e Y", "ja": "Y年n月j日"}


def joined(*sentences: str) -> str:
    """One after the other, as the language does it: with a space, or (in Japanese) without."""
    return ("" if get_language() == "ja" else " ").join(filter(None, sentences))


def listed(names: Sequence[str], most: int = 5) -> str:
    """`A, B and C`; beyond `most` names, the rest is counted."""
    unique = list(dict.fromkeys(names))
    if len(unique) < 2:
        return "".join(unique)
    comma = gettext("%(one)s, %(other)s")
    more = len(unique) - most
    shown = unique[:most] if more > 0 else unique[:-1]
    text = shown[0]
    for name in shown[1:]:
        text = comma % {"one": text, "other": name}
    if more > 0:
        template = ngettext("%(names)s and %(n)d more", "%(names)s and %(n)d more", more)
        return template % {"names": text, "n": more}
    return gettext("%(one)s and %(other)s") % {"one": text, "other": unique[-1]}


def isolated(text: str) -> str:
    """A name inside a sentence. In a language written from right to left it keeps its own direction (FSI … PDI,
    UAX 9), or the names of a list would change places with each other."""
    return f"\u2068{text}\u2069" if get_language_bidi() else text


def place(group: CellGroup) -> str:
    """`West Europe and North Europe`, `all of Europe (20 regions)`."""
    whole = [
        gettext("all of %(name)s (%(n)d regions)") % {"name": isolated(geography), "n": count}
        for geography, count in group.whole
    ]
    return listed([*whole, *map(isolated, group.regions)])


def named(group: CellGroup) -> str:
    """`Storage and Key Vault in West Europe`: services and places of one group."""
    return _named(group, get_language() or "")


# On every page, in every document and in every alert of an incident the same few.
@lru_cache(maxsize=512)
def _named(group: CellGroup, _language: str) -> str:
    facts = {"services": listed([*map(isolated, group.services)]), "regions": place(group)}
    if not (group.whole or group.regions):
        return gettext("%(services)s worldwide") % facts
    if group.worldwide:
        return gettext("%(services)s worldwide and in %(regions)s") % facts
    return gettext("%(services)s in %(regions)s") % facts


def cells(groups: Sequence[CellGroup], most: int = MOST_GROUPS) -> str:
    """Every group, so that no pair is named that is not hit; beyond `most`, the rest is counted in cells."""
    text = gettext("; ").join(named(group) for group in groups[:most])
    if more := sum(group.cells for group in groups[most:]):
        text += gettext("; ") + ngettext(
            "%(n)d more combination of service and region",
            "%(n)d more combinations of service and region",
            more,
        ) % {"n": more}  # fmt: skip
    return text


def clock(at: datetime) -> str:
    """`09:00 UTC on 7 February 2024`; `at` is UTC."""
    return gettext("%(time)s UTC on %(day)s") % {"time": f"{at:%H:%M}", "day": day(at)}


def between(start: datetime, end: datetime) -> tuple[str, str]:
    """`01:30 UTC`, `08:58 UTC on 21 January 2024`: two times of one sentence (UTC), of one day with the day once."""
    if start.date() != end.date():
        return clock(start), clock(end)
    alone = pgettext("the day stands beside the other time", "%(time)s UTC")
    if clock(start).startswith(day(start)):
        return clock(start), alone % {"time": f"{end:%H:%M}"}
    return alone % {"time": f"{start:%H:%M}"}, clock(end)


def day(at: datetime) -> str:
    """`7 February 2024` as the language writes it, of the day in `at`'s own zone."""
    return date_format(at, _DAYS.get(get_language() or "", "j F Y"))


def span(start: datetime, end: datetime | None) -> str:
    """`from 02:00 UTC to 04:00 UTC on 2 March 2026`, `from 23:00 UTC on … to 01:00 UTC on …`."""
    if end is None:
        return gettext("from %(start)s on") % {"start": clock(start)}
    if start.date() == end.date():
        return gettext("from %(start)s UTC to %(end)s UTC on %(day)s") % {
            "start": f"{start:%H:%M}",
            "end": f"{end:%H:%M}",
            "day": day(start),
        }
    return gettext("from %(start)s to %(end)s") % {"start": clock(start), "end": clock(end)}


def effect(services: int, level: str) -> str:
    """What has become of so many services: `is degraded`, `are failing or unavailable`."""
    if level == Level.ERROR:
        return ngettext("is failing or unavailable", "are failing or unavailable", services)
    if level == Level.WARNING:
        return ngettext("is degraded", "are degraded", services)
    return ngettext(
        "is limited in its management operations or slower than usual",
        "are limited in their management operations or slower than usual",
        services,
    )
