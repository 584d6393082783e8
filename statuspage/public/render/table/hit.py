"""What an incident hits, now and ever, in words that name no pair of service and region that is not hit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from django.utils.translation import gettext, ngettext

from incidents.cells import CellGroup, PlacedCell, grouped
from incidents.vocabulary import Kind, Role, Stage
from incidents.wording import WordingFacts, clock, isolated, joined, listed, named, sentence, span
from statuspage.public.render.table import labels
from statuspage.public.snapshot.values import ImpactView, IncidentView

SHOWN = 6


def groups(impacts: Iterable[ImpactView]) -> tuple[CellGroup, ...]:
    return _groups(tuple(impacts))


# The same in all languages, and on each page that names them.
@lru_cache(maxsize=64)
def _groups(impacts: tuple[ImpactView, ...]) -> tuple[CellGroup, ...]:
    return grouped(
        PlacedCell(
            service=impact.service.name,
            region=impact.region.name,
            geography=impact.geography,
            offered=impact.offered,
            worldwide=impact.worldwide,
        )
        for impact in impacts
    )


def open_impacts(incident: IncidentView, now: datetime) -> list[ImpactView]:
    return [one for one in incident.impacts if one.end is None or one.end > now]


def lines(groups: tuple[CellGroup, ...], most: int = SHOWN) -> list[str]:
    """A line a group; what is more is counted."""
    shown = [named(group) for group in groups[:most]]
    if more := sum(group.cells for group in groups[most:]):
        shown.append(
            ngettext(
                "%(n)d more combination of service and region",
                "%(n)d more combinations of service and region",
                more,
            )
            % {"n": more}
        )
    return shown


def recovered(incident: IncidentView, now: datetime) -> str:
    """`3 of 4 regions recovered`; empty while everything that was hit still is."""
    still = open_impacts(incident, now)
    regions = {one.region.slug for one in incident.impacts}
    if well := regions - {one.region.slug for one in still}:
        return ngettext(
            "%(n)d of %(all)d region recovered", "%(n)d of %(all)d regions recovered", len(regions)
        ) % {"n": len(well), "all": len(regions)}  # fmt: skip
    cells = {(one.service.slug, one.region.slug) for one in incident.impacts}
    if well_cells := cells - {(one.service.slug, one.region.slug) for one in still}:
        return gettext("%(n)d of %(all)d combinations of service and region recovered") % {
            "n": len(well_cells),
            "all": len(cells),
        }
    return ""


def summary(incident: IncidentView) -> str:
    """What the facts say of it as it stands, in the current language: what is hit, or what was and when."""
    if not incident.impacts:
        return _of_no_cell(incident)
    over = incident.ended_at
    still = [one for one in incident.impacts if one.end is None]
    times = {
        "since": incident.started_at,
        "until": over,
        "at": incident.updated_at,
        "start": incident.scheduled_for,
        "end": incident.scheduled_until,
    }
    said = sentence(
        WordingFacts(
            about="opening",
            kind=incident.kind,
            level=incident.level,
            stage=incident.stage,
            hit=groups(still or incident.impacts),
            times={name: at for name, at in times.items() if at is not None},
            begun=any(one.stage == Stage.IN_PROGRESS for one in incident.communications),
        )
    )
    if spans := _several_spans(incident):
        return joined(said, gettext("Not all of the time: %(spans)s.") % {"spans": spans})
    return said


def _several_spans(incident: IncidentView) -> str:
    """From when to when each time, where it came back; else empty."""
    if incident.kind == Kind.PLANNED_MAINTENANCE or len(incident.windows) < 2:
        return ""
    return listed([span(one.start, one.end) for one in incident.windows])


def _of_no_cell(incident: IncidentView) -> str:
    """Where nobody stated what is hit: kind, stage and times, and the names that stand beside it."""
    begin = incident.scheduled_for or incident.started_at
    end = incident.scheduled_until if incident.scheduled_for else incident.ended_at
    facts = {
        "kind": labels.KINDS.get(incident.kind, incident.kind),
        "stage": labels.STAGES.get(incident.stage, incident.stage),
        "since": clock(begin),
        "span": _several_spans(incident) or span(begin, end),
    }
    if end or incident.scheduled_for or len(incident.windows) > 1:
        what = gettext("%(kind)s %(span)s (%(stage)s).") % facts
    elif not incident.active:
        template = gettext("%(kind)s, begun at %(since)s (%(stage)s); its end was not stated.")
        what = template % facts
    else:
        what = gettext("%(kind)s since %(since)s (%(stage)s).") % facts
    return joined(what, unstated(incident))


def unstated(incident: IncidentView) -> str:
    """What is not known of where it hits; empty where its cells are."""
    if incident.impacts:
        return ""
    services, places = (
        [isolated(one.name) for one in views if one.role == Role.IMPACTED]
        for views in (incident.services, (*incident.regions, *incident.geographies))
    )
    if not services and not places:
        return gettext("What it affects was not stated.")
    named_with = gettext("Named with it: %(names)s.") % {"names": listed([*services, *places])}
    if len(services) == len(places) == 1:
        return named_with
    return joined(named_with, gettext("Which service in which region was not stated."))
