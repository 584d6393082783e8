"""The components of Statuspage: regions as groups, their cells as children. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from statuspage.public.formats.identity import opaque
from statuspage.public.formats.incident_timeline import GRAVITY, Cell, open_states, worse
from statuspage.public.formats.plain import line, millis
from statuspage.public.snapshot.status_mapping import GOOD, Shown
from statuspage.public.snapshot.values import IncidentView, RegionView, Snapshot

Row = dict[str, Any]
# A page of the format has a date of birth for every component; the catalogue keeps none.
UNKNOWN = millis(datetime(1970, 1, 1, tzinfo=UTC))


class Components:
    """Rows are made once, for there are thousands of them, and shared by all files of one snapshot.

    `all`: groups, each followed by its children, in the order of the catalogue; only offered cells.
    `by_cell`: the children.
    """

    def __init__(self, snapshot: Snapshot, page_id: str) -> None:
        self.now = snapshot.as_of
        self.page_id = page_id
        self.states: dict[Cell, Shown] = {}
        self.touched: dict[Cell, datetime] = {}
        for incident in snapshot.incidents:
            self._note(incident)
        self.by_cell: dict[Cell, Row] = {}
        self.all = self._rows(snapshot)

    def _note(self, incident: IncidentView) -> None:
        """What an incident means for its cells: their state now, and when it last changed."""
        for impact in incident.impacts:
            cell = (impact.service.slug, impact.region.slug)
            past = [at for at in (impact.start, impact.end) if at is not None and at <= self.now]
            if past and (cell not in self.touched or self.touched[cell] < past[-1]):
                self.touched[cell] = past[-1]
        for cell, state in open_states(incident, self.now).items():
            self.states[cell] = worse(self.states.get(cell), state)

    def _rows(self, snapshot: Snapshot) -> list[Row]:
        regions = [region for geography in snapshot.geographies for region in geography.regions]
        if snapshot.non_regional is not None:
            regions.append(snapshot.non_regional)
        services = [
            (service.slug, line(service.name))
            for category in snapshot.categories
            for service in category.services
        ]
        found: list[Row] = []
        for position, region in enumerate(regions, start=1):
            children = [
                self._component(service, name, region, place)
                for place, (service, name) in enumerate(
                    ((s, n) for s, n in services if (s, region.slug) in snapshot.offered), start=1
                )
            ]
            if children:
                found.append(self._group(region, position, children))
                found.extend(children)
        return found

    def _component(self, service: str, name: str, region: RegionView, position: int) -> Row:
        cell = (service, region.slug)
        touched = self.touched.get(cell)
        row = {
            "id": opaque("component", *cell),
            "name": name,
            "status": self.states.get(cell, GOOD).component,
            "created_at": UNKNOWN,
            "updated_at": millis(touched) if touched else UNKNOWN,
            "position": position,
            "description": None,
            "showcase": True,
            "start_date": None,
            "group_id": opaque("group", region.slug),
            "page_id": self.page_id,
            "group": False,
            "only_show_if_degraded": False,
        }
        self.by_cell[cell] = row
        return row

    def _group(self, region: RegionView, position: int, children: list[Row]) -> Row:
        return {
            "id": opaque("group", region.slug),
            "name": line(region.name),
            "status": max((row["status"] for row in children), key=GRAVITY.index),
            "created_at": UNKNOWN,
            "updated_at": max(row["updated_at"] for row in children),
            "position": position,
            "description": None,
            "showcase": False,
            "start_date": None,
            "group_id": None,
            "page_id": self.page_id,
            "group": True,
            "only_show_if_degraded": False,
            "components": [row["id"] for row in children],
        }
