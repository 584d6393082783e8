"""The one true sentence on top of the status page. Pure: the snapshot in, words out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from unicodedata import category, east_asian_width

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext, npgettext, pgettext

from incidents.cells import Cell
from incidents.vocabulary import Stage
from incidents.wording import isolated, joined, listed
from statuspage.public.render import times
from statuspage.public.render.maintenance_plan import PlanPhase, phase
from statuspage.public.render.table import labels
from statuspage.public.snapshot.values import CellView, IncidentView, Snapshot

Cells = Mapping[Cell, CellView]
NAMED = 4  # more services than these are counted
# Columns: of two lines on a phone of 360 pixels, and from where the type is smaller.
ROOM, LONG = 55, 40


@dataclass(frozen=True, slots=True)
class Headline:
    """`state`: the worst state spoken of, or good. `claim` is `text` without its time, in at most two lines: where
    names are too long for that it counts, and `rest` begins with all of `text`. `rest` speaks of the services in
    other states, and is empty where there are none. `html`, `rest_html`: with times marked up."""

    state: str
    text: str
    html: SafeString
    claim: str
    rest: str = ""
    rest_html: SafeString = field(default_factory=SafeString)

    @property
    def long(self) -> bool:
        """Whether the claim needs smaller type."""
        return _columns(self.claim) > LONG


def headline(snapshot: Snapshot) -> Headline:
    """What is true now: the worst state first, the others counted after it."""
    by_state = {
        state: {key: cell for key, cell in snapshot.cells.items() if cell.state == state}
        for state in labels.TROUBLE
    }
    told = [(state, cells) for state, cells in by_state.items() if cells]
    if not told:
        return _without_cells(snapshot)
    state, cells = told[0]
    claims = _claims(snapshot, state, cells)
    claim = whole = next(claims)
    text, html = _since(snapshot, whole, cells)
    while _columns(claim) > ROOM and (shorter := next(claims, "")):
        claim = shorter
    rest = _rest(snapshot, told)
    if claim != whole:
        rest.insert(0, (text, html))
    return Headline(
        state,
        text,
        html,
        claim,
        joined(*(plain for plain, _ in rest)),
        mark_safe(joined(*(marked for _, marked in rest))),  # noqa: S308 - each is safe
    )


def _since(snapshot: Snapshot, claim: str, cells: Cells) -> tuple[str, SafeString]:
    """The claim with when it began, for the first of the cells if not for all: plain, and with the time marked up."""
    began = {cell.since for cell in cells.values()}
    since = min(began)
    shown = times.near(since, snapshot.as_of)
    template = gettext("%(claim)s since %(time)s.")
    if len(began) > 1:
        template = gettext("%(claim)s, the first since %(time)s.")
    before, _, after = template.partition("%(time)s")
    html = format_html(
        "{}{}{}",
        before % {"claim": claim},
        times.element(since, shown),
        after % {"claim": claim},
    )
    return template % {"claim": claim, "time": shown}, html


def _claims(snapshot: Snapshot, state: str, cells: Cells) -> Iterator[str]:
    """The same, each one shorter than the one before: names give way to numbers, the place is left out last."""
    services = list(dict.fromkeys(service for service, _ in cells))
    named, place = _subject(snapshot, services), _place(snapshot, cells)
    counted = _counted(len(services))
    yield _clause(named, state, len(services), place)
    numbers = _place(snapshot, cells, counted=True)
    for subject, where in ((named, numbers), (counted, place), (counted, numbers), (counted, "")):
        yield _clause(subject, state, len(services), where)


def _clause(subject: str, state: str, count: int, place: str) -> str:
    """Not every language has blanks between these."""
    parts = {"subject": subject, "verb": _verb(state, count), "place": place}
    return (pgettext("headline", "%(subject)s %(verb)s %(place)s") % parts).strip()


def _columns(text: str) -> int:
    """Of a fixed-width type: what is written wide takes two, marks and isolates none (UAX 11)."""
    return sum(
        1 + (east_asian_width(each) in "WF") for each in text if category(each) not in ("Mn", "Cf")
    )


def _rest(
    snapshot: Snapshot, told: list[tuple[str, dict[Cell, CellView]]]
) -> list[tuple[str, SafeString]]:
    """The other states: only services that no worse state has spoken of already."""
    spoken = {service for service, _ in told[0][1]}
    sentences = []
    for state, cells in told[1:]:
        fresh = {key: cell for key, cell in cells.items() if key[0] not in spoken}
        count = len({service for service, _ in fresh})
        if count:
            hit = {service for service, _ in fresh}
            names = [isolated(n) for slug, n in snapshot.service_names.items() if slug in hit]
            if len(names) == count <= NAMED:
                subject = listed(names)
            else:
                subject = ngettext(
                    "%(n)d more service", "%(n)d more services", count
                ) % {"n": count}  # fmt: skip
            clause = _clause(subject, state, count, _place(snapshot, fresh))
            sentences.append(_since(snapshot, clause, fresh))
            spoken |= {service for service, _ in fresh}
    return sentences


def _subject(snapshot: Snapshot, services: list[str]) -> str:
    if len(services) == 1:
        return isolated(snapshot.service_names.get(services[0], services[0]))
    return _counted(len(services))


def _counted(services: int) -> str:
    return ngettext("%(n)d service", "%(n)d services", services) % {"n": services}


def _verb(state: str, count: int) -> str:
    if state == "critical":
        return ngettext("is disrupted", "are disrupted", count)
    if state == "warning":
        return npgettext("headline", "is degraded", "are degraded", count)
    if state == "maintenance":
        return ngettext("is under maintenance", "are under maintenance", count)
    return ngettext("has a notice", "have notices", count)


def _place(snapshot: Snapshot, cells: Cells, *, counted: bool = False) -> str:
    """Names where they are few and true of every service spoken of; else, or where asked for, counts."""
    everywhere = snapshot.non_regional.slug if snapshot.non_regional else None
    regions = {region for _, region in cells}
    if everywhere in regions:
        regions.discard(everywhere)
        if not regions:
            return gettext("worldwide")
        place = _number(regions) if counted else _regions(snapshot, regions, cells)
        return gettext("worldwide and %(place)s") % {"place": place}
    return _number(regions) if counted else _regions(snapshot, regions, cells)


def _number(regions: Collection[str]) -> str:
    return ngettext("in %(n)d region", "in %(n)d regions", len(regions)) % {"n": len(regions)}


def _regions(snapshot: Snapshot, regions: Collection[str], cells: Cells) -> str:
    for geography in snapshot.geographies:
        members = {region.slug for region in geography.regions}
        if len(members) > 1 and members == set(regions):
            return gettext("across %(name)s") % {"name": isolated(geography.name)}
    if len(regions) > 2:
        return _number(regions)
    named = [
        isolated(region.name)
        for geography in snapshot.geographies
        for region in geography.regions
        if region.slug in regions
    ]
    services = {service for service, _ in cells}
    complete = all((service, region) in cells for service in services for region in regions)
    if len(named) == 1 == len(regions):
        return gettext("in %(name)s") % {"name": named[0]}
    if len(named) == 2 == len(regions) and complete:
        both = {"one": named[0], "other": named[1]}
        if len(services) > 1:  # or it might be one here and the other there
            return gettext("in both %(one)s and %(other)s") % both
        return gettext("in %(one)s and %(other)s") % both
    return _number(regions)


def open_incidents(snapshot: Snapshot) -> list[IncidentView]:
    """Public incidents that are going on; maintenance only once it has begun."""
    return [
        incident
        for incident in snapshot.incidents
        if incident.active and not is_upcoming(incident, snapshot.as_of)
    ]


def is_upcoming(incident: IncidentView, now: datetime) -> bool:
    """Maintenance whose time is still to come."""
    return phase(incident, now) is PlanPhase.AHEAD


def _without_cells(snapshot: Snapshot) -> Headline:
    current = open_incidents(snapshot)
    if not current:
        text = gettext("No public incidents right now.")
        return Headline("good", text, format_html("{}", text), text)
    worst = min(current, key=lambda one: labels.TROUBLE.index(labels.state_of(one.kind, one.level)))
    state = labels.state_of(worst.kind, worst.level)
    if all(one.stage in (Stage.MITIGATED, Stage.RESOLVED) for one in current):
        state = "information"  # red and yellow are for what is out now
    text = short = ngettext(
        "%(n)d public incident is open.", "%(n)d public incidents are open.", len(current)
    ) % {"n": len(current)}  # fmt: skip
    if len(current) == 1:
        template = gettext("One public incident is open: %(title)s")
        if worst.stage in (Stage.MITIGATED, Stage.RESOLVED):
            template = gettext("Mitigated, still being watched: %(title)s")
            short = gettext("Mitigated, still being watched.")
        text = template % {"title": isolated(worst.title)}
    if _columns(text) <= ROOM:
        return Headline(state, text, format_html("{}", text), text)
    rest = isolated(worst.title)
    return Headline(state, text, format_html("{}", text), short, rest, format_html("{}", rest))
