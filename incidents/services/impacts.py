"""Windows of impact: opened, ended, and what that means for the incident. Callers hold its lock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Value
from django.db.models.functions import Greatest

from incidents import wording
from incidents.derived_facts import extent_of
from incidents.models import Impact, Incident, Occurrence
from incidents.models.incident import ImpactQuerySet
from incidents.services.errors import EntryError
from incidents.services.inputs import Hit
from incidents.vocabulary import Kind


def open_impacts(incident: Incident, hits: Sequence[Hit], at: datetime) -> None:
    """Open a window per cell, in the open occurrence or (after a recovery) in a new one."""
    if at < incident.started_at:
        raise EntryError(
            "at", f"{wording.clock(at)} is before the incident's start; correct the start first."
        )
    occurrence = incident.occurrences.filter(ended_at__isnull=True).order_by("id").last()
    if occurrence is None:
        count = incident.occurrences.count()
        occurrence = Occurrence.objects.create(
            incident=incident, label=f"occurrence {count + 1}" if count else "", started_at=at
        )
    known = {(each.service_id, each.region_id): each for each in occurrence.impacts.open()}
    new: dict[tuple[int, int], Impact] = {}
    for hit in hits:
        cell = (hit.service.pk, hit.region.pk)
        impact = known.get(cell) or new.setdefault(
            cell,
            Impact(occurrence=occurrence, service=hit.service, region=hit.region, started_at=at),
        )
        impact.extent = hit.extent or extent_of(hit.zones, hit.region.zones)
        impact.level = hit.level or incident.level
        impact.zones = list(hit.zones)
    # A whole region is hundreds of cells: two statements, not two per cell.
    Impact.objects.bulk_create(new.values())
    Impact.objects.bulk_update(known.values(), ["extent", "level", "zones"])


def move_beginning(incident: Incident, at: datetime) -> None:
    """Everything of a maintenance that was planned for another time begins at `at`; the caller saves."""
    Impact.objects.filter(occurrence__incident=incident).update(started_at=at)
    incident.occurrences.update(started_at=at)
    incident.started_at = at


def end_impacts(incident: Incident, impacts: ImpactQuerySet, at: datetime) -> None:
    """End these windows at `at`. A maintenance may end before it began: it then has no length."""
    if incident.kind == Kind.PLANNED_MAINTENANCE:
        impacts.update(ended_at=Greatest(F("started_at"), Value(at)))
        return
    for impact in impacts:
        if at < impact.started_at:
            raise EntryError(
                "at",
                f"{wording.clock(at)} is before impact began there"
                f" ({wording.clock(impact.started_at)}); give a later time.",
            )
    impacts.update(ended_at=at)


def update_mitigation(incident: Incident) -> None:
    """Mitigated at the end of the last open window; occurrences end with their last impact."""
    for occurrence in incident.occurrences.filter(ended_at__isnull=True):
        ends = list(occurrence.impacts.values_list("ended_at", flat=True))
        known = [end for end in ends if end is not None]
        if ends and len(known) == len(ends):
            occurrence.ended_at = max(known)
            occurrence.save(update_fields=["ended_at"])
    if not incident.occurrences.filter(ended_at__isnull=True).exists():
        incident.mitigated_at = max(
            end for end in incident.occurrences.values_list("ended_at", flat=True) if end
        )
