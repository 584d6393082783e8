"""The matrix of one geography as table markup, and the list that answers "is it me or them?".

Strings are joined by hand: a template call per cell would cost seconds at 60 regions x 120 services. A
good cell is `<td>Good`: the word is really there, for screen readers and for copying, and the style
sheet draws it as a quiet dot. End tags that HTML lets us leave out are left out, for the same reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from incidents.texts.timestamps import seconds
from statuspage import languages
from statuspage.public.render import times
from statuspage.public.render.table import dependents, labels
from statuspage.public.snapshot.values import Cause, GeographyView, RegionView, Snapshot

SHORT = {
    "critical": "c",
    "warning": "w",
    "information": "i",
    "maintenance": "m",
    "possible": "p",
    "managing": "q",
}
CHIPS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Tab:
    slug: str
    name: str
    affected: int  # services that are not good in this geography
    state: str  # the worst, or good


@dataclass(frozen=True, slots=True)
class Chip:
    """One cell that is not good, named from the other side: a region of a service, or the reverse."""

    name: str
    state: str
    href: str
    since: datetime


def incident_url(tracking_id: str) -> str:
    """The page of an incident in the current language."""
    return f"{languages.root()}/status/history/{tracking_id}/"


def cell_url(service: str, region: str, incidents: Sequence[str]) -> str:
    """The incident behind a cell; the filtered history when there are several."""
    if len(incidents) == 1:
        return incident_url(incidents[0])
    query = urlencode({"service": service, "region": region})
    return f"{languages.root()}/status/history/?{query}"


def tabs(snapshot: Snapshot) -> list[Tab]:
    return [_tab(snapshot, geography) for geography in snapshot.geographies]


def _tab(snapshot: Snapshot, geography: GeographyView) -> Tab:
    regions = {region.slug for region in geography.regions}
    hit = {key: cell for key, cell in snapshot.cells.items() if key[1] in regions}
    states = {cell.state for cell in hit.values()}
    worst = next((state for state in labels.TROUBLE if state in states), "good")
    return Tab(geography.slug, geography.name, len({service for service, _ in hit}), worst)


def table(snapshot: Snapshot, geography: GeographyView) -> SafeString:
    """`<thead>` and one `<tbody>` per category; services offered nowhere here are left out."""
    everywhere = [snapshot.non_regional] if snapshot.non_regional else []
    services = [one.slug for category in snapshot.categories for one in category.services]
    return _table(snapshot, [*everywhere, *geography.regions], services)


def affected(snapshot: Snapshot) -> SafeString:
    """The same of all that is not good anywhere: only these services, only these regions. Empty where all is."""
    hit = {region for _, region in snapshot.cells}
    everywhere = [snapshot.non_regional] if snapshot.non_regional else []
    regions = [region for geography in snapshot.geographies for region in geography.regions]
    columns = [region for region in (*everywhere, *regions) if region.slug in hit]
    services = {service for service, _ in snapshot.cells}
    return _table(snapshot, columns, services) if columns else SafeString("")


def _table(
    snapshot: Snapshot, regions: Iterable[RegionView], services: Collection[str]
) -> SafeString:
    columns = _sorted(snapshot, regions)
    rows, reasons = [_head(snapshot, columns)], _Reasons(snapshot)
    for category in snapshot.categories:
        lines, affected = [], 0
        for service in category.services:
            if service.slug not in services:
                continue
            cells, troubled = _cells(snapshot, service.slug, columns, reasons)
            if cells is None:
                continue
            affected += bool(troubled)
            mark = " class=t" if troubled else ""
            # What is wrong in it is said in the first column, which never scrolls away.
            name = f"{escape(service.name)}{_counted(troubled)}"
            lines.append(f"<tr{mark}><th scope=row>{name}{cells}")
        if lines:
            rows.append(_category(category.slug, category.name, affected, len(columns), lines))
    # Safe: every name went through escape(), slugs are [a-z0-9-], the rest is literal.
    return mark_safe("".join(rows))  # noqa: S308


def _sorted(snapshot: Snapshot, regions: Iterable[RegionView]) -> list[RegionView]:
    """What is affected first, the worst before the others; the rest as the catalogue has it."""
    states: dict[str, list[int]] = {}
    for (_, region), cell in snapshot.cells.items():
        states.setdefault(region, []).append(labels.TROUBLE.index(cell.state))

    def rank(region: RegionView) -> tuple[int, int]:
        hit = states.get(region.slug, ())
        return (min(hit), -len(hit)) if hit else (len(labels.TROUBLE), 0)

    return sorted(regions, key=rank)


def _counted(troubled: Sequence[str]) -> str:
    """The worst of these states as a shape, and how many cells they are."""
    if not troubled:
        return ""
    worst, count = min(troubled, key=labels.TROUBLE.index), len(troubled)
    words = ngettext("%(n)d affected", "%(n)d affected", count) % {"n": count}
    return (
        f" <b class={SHORT[worst]} aria-hidden=true>{count}</b>"
        f"<span class=vh> ({escape(words)})</span>"
    )


def _head(snapshot: Snapshot, columns: Iterable[RegionView]) -> str:
    troubled = {region for _, region in snapshot.cells}
    heads = "".join(
        f"<th scope=col{' class=t' if column.slug in troubled else ''}>{escape(_column(snapshot, column))}"
        for column in columns
    )
    return f"<thead><tr><th scope=col>{escape(gettext('Service'))}{heads}</thead>"


def _column(snapshot: Snapshot, column: RegionView) -> str:
    return gettext("Non-regional") if column == snapshot.non_regional else column.name


def _category(slug: str, name: str, affected: int, columns: int, lines: Sequence[str]) -> str:
    note = ""
    if affected:
        words = ngettext("%(n)d affected", "%(n)d affected", affected) % {"n": affected}
        note = f" <span class=count>{escape(words)}</span>"
    return (
        f'<tbody id="c-{escape(slug)}"><tr class=cat><th scope=rowgroup colspan={columns + 1}>'
        f"<span>{escape(name)}{note}</span>{''.join(lines)}</tbody>"
    )


def _cells(
    snapshot: Snapshot, service: str, columns: Iterable[RegionView], reasons: _Reasons
) -> tuple[str | None, list[str]]:
    """The row's cells, and the states of those known not to be good. None: not offered in any column."""
    good = f"<td>{escape(labels.STATES['good'])}"
    out, offered, troubled = [], False, list[str]()
    for column in columns:
        key = (service, column.slug)
        cell = snapshot.cells.get(key)
        if cell is not None:
            out.append(_marked(service, column.slug, cell.state, cell.incidents, cell.since))
            troubled.append(cell.state)
            offered = True
        elif (possible := snapshot.dependents.get(key)) is not None:
            state = "managing" if possible.managing else "possible"
            why = reasons[possible.causes]
            out.append(
                _marked(service, column.slug, state, possible.incidents, possible.since, why)
            )
            offered = True
        elif key in snapshot.offered:
            out.append(good)
            offered = True
        else:
            out.append("<td>")
    return ("".join(out) if offered else None), troubled


class _Reasons(dict[tuple[Cause, ...], str]):
    """Why a cell may be affected, in words: the same of many cells, so that it is written once for each cause."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.names = snapshot.service_names, snapshot.region_names

    def __missing__(self, causes: tuple[Cause, ...]) -> str:
        return self.setdefault(causes, dependents.sentence(causes, *self.names))


def _marked(
    service: str,
    region: str,
    state: str,
    incidents: Sequence[str],
    since: datetime,
    why: str = "",
) -> str:
    href = escape(cell_url(service, region, incidents))
    word = escape(labels.STATES["possible" if state == "managing" else state])
    reason = f' data-why="{escape(why)}"' if why else ""
    return f'<td class={SHORT[state]}><a href="{href}" data-at={seconds(since)}{reason}>{word}</a>'


def found_item(
    slug: str,
    name: str,
    chips: Sequence[Chip],
    now: datetime,
    possible: str = "",
    known: str = "",
    absent: str = "",
    beyond: str = "",
) -> SafeString:
    """One line of the answer list: a service (or region) and where (or what) is not good.

    Without `chips` it is good, or as `possible` says: a sentence that it may be affected. `known`: attributes by
    which the browser answers what is asked; `absent` says where it is not offered; `beyond`: the address of what is
    left out after the first chips, without it they fold open. `now` (UTC) decides whether times need their date.
    Plain text in (`known` is markup), escaped markup out.
    """
    find = "" if slug == name.lower().replace(" ", "-") else f" data-slug={slug}"
    find += known
    may = f"<span class='state possible'>{escape(possible)}</span>" if possible else ""
    if absent:
        may += f" <span class=small>{escape(absent)}</span>"
    if not chips and possible:
        return mark_safe(  # noqa: S308 (escaped)
            f"<li class=maybe{find}><span class=who>{escape(name)}</span> {may}\n"
        )
    if not chips:
        good = escape(labels.STATES["good"])
        return mark_safe(f"<li{find}>{escape(name)} {may}<b>{good}</b>\n")  # noqa: S308 (escaped)
    ordered = sorted(chips, key=lambda chip: labels.TROUBLE.index(chip.state))
    counts = Counter(chip.state for chip in ordered)
    summary = ", ".join(f"{counts[state]} {labels.STATES[state]}" for state in counts)
    if len(counts) == 1:
        summary = str(labels.STATES[ordered[0].state])
    shown = "".join(_chip(chip) for chip in ordered[:CHIPS_SHOWN])
    hidden = ordered[CHIPS_SHOWN:]
    more = ""
    if hidden:
        words = ngettext("%(n)d more", "%(n)d more", len(hidden)) % {"n": len(hidden)}
        if beyond:
            shown += f'<li><a href="{beyond}">{escape(words)}</a>'
        else:
            rest = "".join(_chip(chip) for chip in hidden)
            more = f"<details class=more><summary>{escape(words)}</summary><ul class=chips>{rest}</ul></details>"
    return mark_safe(  # noqa: S308 (every value was escaped)
        f'<li class="hit {ordered[0].state}"{find}>'
        f"<span class=who>{escape(name)}</span> <b class=state>{escape(summary)}</b>{_since(ordered, now)}"
        f"<ul class=chips>{shown}</ul>{more}{may}\n"
    )


def absent_item(name: str, absent: str) -> SafeString:
    """The line of what is not offered where it was asked for, as the sentence `absent` says."""
    return format_html(
        '<li class="maybe"><span class="who">{}</span> <span class="small">{}</span>\n',
        name,
        absent,
    )


def _since(chips: Iterable[Chip], now: datetime) -> str:
    first = min(chip.since for chip in chips)
    before, _, after = gettext("since %(time)s").partition("%(time)s")
    shown = times.element(first, times.near(first, now))
    return f" <small>{escape(before)}{shown}{escape(after)}</small>"


def _chip(chip: Chip) -> str:
    word = f"<span class=vh>{escape(labels.STATES[chip.state])}: </span>"
    return (
        f'<li><a class="chip {chip.state}" href="{escape(chip.href)}" data-at={seconds(chip.since)}>'
        f"{word}{escape(chip.name)}</a>"
    )


def service_chips(snapshot: Snapshot) -> Mapping[str, list[Chip]]:
    """Service slug -> its cells that are not good, in the order of the regions."""
    names = _region_names(snapshot)
    return _collect(snapshot, lambda service, region: (service, names.get(region, region)), names)


def region_chips(snapshot: Snapshot) -> Mapping[str, list[Chip]]:
    """Region slug -> what is not good there."""
    names = {s.slug: s.name for category in snapshot.categories for s in category.services}
    return _collect(snapshot, lambda service, region: (region, names.get(service, service)), names)


def _region_names(snapshot: Snapshot) -> dict[str, str]:
    names = {r.slug: r.name for geography in snapshot.geographies for r in geography.regions}
    if snapshot.non_regional:
        names[snapshot.non_regional.slug] = gettext("Non-regional")
    return names


def _collect(
    snapshot: Snapshot, side: Callable[[str, str], tuple[str, str]], order: Mapping[str, str]
) -> Mapping[str, list[Chip]]:
    found: dict[str, list[Chip]] = {}
    for (service, region), cell in snapshot.cells.items():
        owner, name = side(service, region)
        href = cell_url(service, region, cell.incidents)
        found.setdefault(owner, []).append(Chip(name, cell.state, href, cell.since))
    rank = {name: position for position, name in enumerate(order.values())}
    for chips in found.values():
        chips.sort(key=lambda chip: rank.get(chip.name, len(rank)))
    return found
