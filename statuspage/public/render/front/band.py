"""The band on top of the status page: beside the sentence a few figures. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.utils.translation import gettext, ngettext

from incidents.vocabulary import Kind
from incidents.wording import isolated
from statuspage.public.render import incident, times
from statuspage.public.render.headline import is_upcoming, open_incidents
from statuspage.public.render.table.labels import TROUBLE
from statuspage.public.snapshot.values import IncidentView, Snapshot

LOOKED_BACK = timedelta(days=365)
FEWEST = 3  # a median of fewer incidents says nothing


@dataclass(frozen=True, slots=True)
class Figure:
    """`at` (UTC): the value is this moment. `aged`: how long ago it is, or in how long, is worth telling.
    `note`: what stands below it."""

    label: str
    value: str
    at: datetime | None = None
    aged: bool = False
    note: str = ""
    overdue: bool = False


def figures(snapshot: Snapshot) -> list[Figure]:
    """What is hit, since when, when more was and will be said; on a calm day what is watched, and how well."""
    current = open_incidents(snapshot)
    return _bad(snapshot, current) if current or snapshot.cells else _calm(snapshot)


def _bad(snapshot: Snapshot, current: list[IncidentView]) -> list[Figure]:
    now = snapshot.as_of
    began = {cell.since for cell in snapshot.cells.values()} or {one.started_at for one in current}
    # What a phone shows first: since when, and what comes next.
    found = [_moment(gettext("since"), min(began), now)] if len(began) == 1 else []
    promises = [each for one in current if (each := incident.promise(one, now))]
    if promises:
        _, at, overdue = min(promises, key=lambda each: each[1])
        found.append(_moment(gettext("next update by"), at, now, overdue=overdue))
    if said := [one.communications[0].at for one in current if one.communications]:
        found.append(_moment(gettext("last update"), max(said), now))
    if services := {service for service, _ in snapshot.cells}:
        label = ngettext("service affected", "services affected", len(services))
        found.append(Figure(label, str(len(services))))
    if regions := {region for _, region in snapshot.cells} & snapshot.region_names.keys():
        found.append(_regions(snapshot, current, regions))
    if len(began) > 1:  # not in front: readers take the first time for that of their own service
        found.append(_first(snapshot, min(began)))
    return found


def _first(snapshot: Snapshot, began: datetime) -> Figure:
    """Of what the headline speaks of, by its name if it is one service; else of all."""
    worst = min((cell.state for cell in snapshot.cells.values()), key=TROUBLE.index, default="")
    hit = {key: cell.since for key, cell in snapshot.cells.items() if cell.state == worst}
    services = {service for service, _ in hit}
    if len(services) != 1:
        return _moment(gettext("first began"), began, snapshot.as_of)
    name = isolated(snapshot.service_names.get(slug := services.pop(), slug))
    label = gettext("%(name)s since") % {"name": name}
    return _moment(label, min(hit.values()), snapshot.as_of)


def _regions(snapshot: Snapshot, current: list[IncidentView], still: set[str]) -> Figure:
    """Those still hit; how many have recovered besides."""
    hit = {impact.region.slug for one in current for impact in one.impacts}
    hit &= snapshot.region_names.keys()
    over = len(hit - still)
    note = ngettext("%(n)d recovered", "%(n)d recovered", over) % {"n": over} if over else ""
    label = ngettext("region affected", "regions affected", len(still))
    return Figure(label, str(len(still)), note=note)


def _calm(snapshot: Snapshot) -> list[Figure]:
    now = snapshot.as_of
    found = []
    if services := len(snapshot.service_names):
        places = len(snapshot.region_names)
        label = ngettext(
            "services watched in %(n)d region", "services watched in %(n)d regions", places
        ) % {"n": places}  # fmt: skip
        found.append(Figure(label, str(services)))
    if last := last_closed(snapshot):
        label = gettext("the last public incident ended")
        found.append(_moment(label, last.ended_at or last.listed_at, now, day=True))
    if told := _told_after(snapshot):
        label = gettext("from first impact to first word, median of 12 months")
        found.append(Figure(label, times.length(told)))
    plans = [one.scheduled_for for one in snapshot.incidents if is_upcoming(one, now)]
    if ahead := [each for each in plans if each]:
        found.append(_moment(gettext("next planned maintenance"), min(ahead), now))
    return found


def _told_after(snapshot: Snapshot) -> timedelta | None:
    """How long after it began those whom it hit, or everybody, were told of an incident: the median."""
    spans: list[float] = []
    for one in snapshot.incidents:
        if one.kind == Kind.PLANNED_MAINTENANCE or one.started_at < snapshot.as_of - LOOKED_BACK:
            continue
        response = one.response
        moments = (response.targeted_at, response.public_at) if response else ()
        if (told := [at for at in moments if at]) and not one.active:
            spans.append(max((min(told) - one.started_at).total_seconds(), 0))
    return timedelta(seconds=median(spans)) if len(spans) >= FEWEST else None


def last_closed(snapshot: Snapshot) -> IncidentView | None:
    """The newest one that is over; planned work is none."""
    return next(
        (o for o in snapshot.incidents if not o.active and o.kind != Kind.PLANNED_MAINTENANCE), None
    )


def _moment(
    label: str, at: datetime, now: datetime, *, overdue: bool = False, day: bool = False
) -> Figure:
    shown = times.day(at) if day else times.brief(at, now)
    return Figure(label, shown, at, aged=True, overdue=overdue)
