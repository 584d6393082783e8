"""Reads the public snapshot from the database, in one snapshot, through `.public()` alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from incidents import status_mapping
from incidents.cells import Cell
from incidents.models import (
    ImportedIncident,
    Incident,
    Revision,
)
from incidents.models.incident import public_through
from incidents.services.revision import changed_since
from incidents.vocabulary import Kind, Stage
from statuspage.public.snapshot.catalogue import Places, read_places
from statuspage.public.snapshot.dependents import may_be_affected
from statuspage.public.snapshot.incidents import read_incidents
from statuspage.public.snapshot.values import (
    CellView,
    GoneView,
    IncidentView,
    Snapshot,
)

WITHDRAWN = "This entry was withdrawn."


def read_snapshot(*, now: datetime) -> Snapshot:
    """The public snapshot as of `now` (UTC), read as a whole: a constant number of queries."""
    return Reader().read(now=now)


@dataclass(slots=True)
class Reader:
    """Reads the snapshot again and again; after the first time only what the revision's changes name.

    Views of incidents that did not change are the same objects in every snapshot.
    """

    revision: int = -1
    places: Places | None = None
    views: dict[int, IncidentView] = field(default_factory=dict)  # by incident id
    open: set[int] = field(default_factory=set)  # ids with an impact that may be going on

    def read(self, *, now: datetime) -> Snapshot:
        """The snapshot as of `now` (UTC), from one REPEATABLE READ snapshot."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            return self._read(now)

    def changed(self, since: int) -> list[str]:
        """Tracking IDs in the snapshot read last that changed after this revision; none where nobody knows."""
        changed = changed_since(since, self.revision) or ()
        return [self.views[pk].tracking_id for pk in changed if pk in self.views]

    def _read(self, now: datetime) -> Snapshot:
        row = Revision.objects.filter(id=1).values_list("number", "site").first()
        number, site = row or (0, UUID(int=0))
        changed = changed_since(self.revision, number) if self.places is not None else None
        if self.places is None or changed is None:
            self.places = read_places()
        if changed is None or changed:
            self._renew(changed, now)
        self.revision = number
        shown = sorted(self.views.items(), key=lambda one: (one[1].listed_at, one[0]), reverse=True)
        cells = _cells([view for pk, view in shown if pk in self.open], now)
        everywhere = self.places.non_regional.slug if self.places.non_regional else ""
        return Snapshot(
            revision=number,
            as_of=now,
            geographies=self.places.geographies,
            non_regional=self.places.non_regional,
            categories=self.places.categories,
            offered=self.places.offered,
            cells=cells,
            dependencies=self.places.dependencies,
            dependents=may_be_affected(
                cells, self.places.offered, self.places.dependencies, everywhere
            ),
            incidents=tuple(view for _, view in shown),
            gone=tuple(
                GoneView(tracking_id, withdrawn, reason or WITHDRAWN)
                for tracking_id, withdrawn, reason in Incident.objects.gone()
                .order_by("id")
                .values_list("tracking_id", "withdrawn_at", "withdrawal_reason")
                if withdrawn
            ),
            site=str(site),
            redirects=dict(
                Incident.objects.redirecting().values_list(
                    "tracking_id", "merged_into__tracking_id"
                )
            ),
            figures=self.places.figures,
            old_paths=dict(
                ImportedIncident.objects.filter(public_through("incident"))
                .exclude(path="")
                .values_list("path", "incident__tracking_id")
            ),
        )

    def _renew(self, changed: set[int] | None, now: datetime) -> None:
        """Read these incidents again (None: all); what is no longer public leaves."""
        former = {pk: self.views.pop(pk, None) for pk in (changed or list(self.views))}
        self.open.difference_update(former)
        for pk, view in read_incidents(changed):
            # What reads the same stays the same object, and nothing is rendered for it.
            known = former.get(pk)
            self.views[pk] = known if known == view else view
            if any(impact.end is None or impact.end > now for impact in view.impacts):
                self.open.add(pk)


def _cells(views: Iterable[IncidentView], now: datetime) -> dict[Cell, CellView]:
    """Cells with an open impact; several incidents in one cell: the worst state, all of them linked."""
    cells: dict[Cell, CellView] = {}
    for view in views:
        if view.kind == Kind.PLANNED_MAINTENANCE and view.stage != Stage.IN_PROGRESS:
            continue
        for impact in view.impacts:
            if impact.end is not None and impact.end <= now:
                continue
            key = (impact.service.slug, impact.region.slug)
            state = status_mapping.cell_state(view.kind, impact.level, impact.extent)
            cells[key] = _worse(cells.get(key), state, view.tracking_id, impact.start)
    return cells


def _worse(cell: CellView | None, state: str, tracking_id: str, since: datetime) -> CellView:
    if cell is None:
        return CellView(state, (tracking_id,), since)
    return CellView(
        max(cell.state, state, key=status_mapping.GRAVITY.index),
        tuple(dict.fromkeys((*cell.incidents, tracking_id))),
        min(cell.since, since),
    )
