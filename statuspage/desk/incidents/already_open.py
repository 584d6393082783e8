"""Open incidents on the same cells: post it there, instead of opening a second one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from incidents.models import Impact, Incident
from incidents.services.inputs import Hit
from incidents.vocabulary import Kind
from incidents.wording import listed

MOST = 3


@dataclass(frozen=True, slots=True)
class AlreadyOpen:
    """An open incident, and which of the cells it has already, in words."""

    incident: Incident
    cells: str


def already_open(
    incidents: QuerySet[Incident], hits: Sequence[Hit], *, kind: str
) -> list[AlreadyOpen]:
    """Those among `incidents` of the same kind with open impact on a cell of `hits`; the newest first."""
    return _on(hits, incidents.filter(kind=kind))


def overlapping(
    incidents: QuerySet[Incident],
    hits: Sequence[Hit],
    *,
    windows: Sequence[tuple[datetime, datetime | None]],
    planned: bool,
) -> list[AlreadyOpen]:
    """What else is, or is planned, on the same cells in these windows (UTC; without an end: open).

    For a maintenance that is `planned` issues that are open and other maintenance; for an issue the maintenance.
    """
    maintenance = Q(kind=Kind.PLANNED_MAINTENANCE)
    at_that_time = Q(pk__in=[])
    for start, end in windows:
        ends_later = Q(scheduled_until__gt=start) | Q(scheduled_until__isnull=True)
        at_that_time |= ends_later & (Q(scheduled_for__lt=end) if end else Q())
    others = maintenance & at_that_time
    if planned:
        others |= ~maintenance & Q(mitigated_at__isnull=True)
    return _on(hits, incidents.filter(others)) if windows else []


def _on(hits: Sequence[Hit], incidents: QuerySet[Incident]) -> list[AlreadyOpen]:
    wanted = {(hit.service.pk, hit.region.pk) for hit in hits}
    rows = (
        Impact.objects.filter(
            ended_at__isnull=True,
            service__in={service for service, _ in wanted},
            region__in={region for _, region in wanted},
            occurrence__incident__in=incidents.filter(
                closed_at__isnull=True, merged_into__isnull=True, backfilled=False
            ),
        )
        .select_related("occurrence__incident", "service", "region")
        .order_by("-occurrence__incident__id", "service__position", "region__position")
    )
    cells: dict[Incident, dict[str, None]] = {}
    for each in rows:
        if (each.service_id, each.region_id) in wanted:
            names = cells.setdefault(each.occurrence.incident, {})
            names[f"{each.service.name} in {each.region.name}"] = None
    return [AlreadyOpen(one, listed(list(names), 3)) for one, names in list(cells.items())[:MOST]]
