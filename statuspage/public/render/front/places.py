"""Where: the geographies with a mark for each region, and their 90 days of publicly posted minutes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from incidents.wording import listed
from statuspage.public.render import times
from statuspage.public.render.charts import affected_minutes
from statuspage.public.render.headline import open_incidents
from statuspage.public.render.table import labels, matrix
from statuspage.public.snapshot.values import RegionView, Snapshot

DAYS_NAMED = 5


@dataclass(frozen=True, slots=True)
class FrontPlace:
    """A geography, or what runs in no region: then it has no `items`.

    `words` say its `state`; `marks` draw its regions and `drawing` its days; `posted` is what is drawn, in words.
    """

    slug: str
    name: str
    state: str
    words: str
    marks: SafeString
    drawing: SafeString
    posted: str
    items: tuple[SafeString, ...]


def places(snapshot: Snapshot, items: Mapping[str, SafeString]) -> list[FrontPlace]:
    """`items`: the line of each region (slug), as the answer lists have it."""
    days = affected_minutes.by_place(snapshot)
    may = {region for _, region in snapshot.dependents}
    worst = _worst(snapshot)
    found = []
    for geography in snapshot.geographies:
        slugs = [region.slug for region in geography.regions]
        states = [worst.get(slug, "possible" if slug in may else "good") for slug in slugs]
        found.append(
            _place(snapshot, geography.slug, geography.name, states, geography.regions,
                   days.get(geography.name, {}), [items[slug] for slug in slugs])
        )  # fmt: skip
    if everywhere := snapshot.non_regional:
        slug = everywhere.slug
        state = worst.get(slug, "possible" if slug in may else "good")
        found.append(
            _place(snapshot, slug, gettext("Non-regional"), [state], (everywhere,), days.get("", {}), ())
        )  # fmt: skip
    return found


def _worst(snapshot: Snapshot) -> dict[str, str]:
    found: dict[str, str] = {}
    for (_, region), cell in snapshot.cells.items():
        found[region] = min(found.get(region, cell.state), cell.state, key=labels.TROUBLE.index)
    return found


def _place(
    snapshot: Snapshot,
    slug: str,
    name: str,
    states: Sequence[str],
    regions: Sequence[RegionView],
    days: affected_minutes.Days,
    items: Sequence[SafeString],
) -> FrontPlace:
    state = min(states, key=[*labels.TROUBLE, "possible", "good"].index, default="good")
    troubled = sum(each in labels.TROUBLE for each in states)
    marks = "".join(
        "<i></i>" if each == "good" else f"<i class={matrix.SHORT[each]}></i>" for each in states
    )
    return FrontPlace(
        slug,
        name,
        state,
        _words(snapshot, state, troubled, regions, items),
        mark_safe(marks if items else ""),  # noqa: S308 (our own words for states)
        affected_minutes.drawing(days, dotted=True),
        _posted(snapshot, days),
        tuple(items),
    )


def _words(
    snapshot: Snapshot,
    state: str,
    troubled: int,
    regions: Sequence[RegionView],
    items: Sequence[SafeString],
) -> str:
    if state in labels.TROUBLE and items:
        return ngettext("%(n)d region affected", "%(n)d regions affected", troubled) % {
            "n": troubled
        }
    slugs = {region.slug for region in regions}
    over = [
        impact.end
        for one in open_incidents(snapshot)
        for impact in one.impacts
        if impact.region.slug in slugs and impact.end and impact.end <= snapshot.as_of
    ]
    if state == "good" and over:
        shown = times.brief(max(over), snapshot.as_of)
        return gettext("Good since %(time)s") % {"time": shown}
    return str(labels.STATES[state])


def _posted(snapshot: Snapshot, days: affected_minutes.Days) -> str:
    """On which days, in words. How many minutes is on a page of its own, as that grows while something is open."""
    if not days:
        return gettext("No publicly posted minutes in 90 days.")
    first = affected_minutes.first_day(snapshot)
    newest = sorted(days, reverse=True)
    named = [times.short_day(first + timedelta(days=n)) for n in newest]
    text = ngettext(
        "Publicly posted minutes on %(n)d day of 90: %(days)s",
        "Publicly posted minutes on %(n)d days of 90: %(days)s",
        len(newest),
    )
    return text % {"n": len(newest), "days": listed(named, DAYS_NAMED)}
