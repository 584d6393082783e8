"""The components of one view as rows of Statuspage, with their state now. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from incidents.cells import Cell
from incidents.status_mapping import GOOD, Shown
from incidents.texts.timestamps import millis
from statuspage.public.formats.catalogue import FormatCatalogue
from statuspage.public.formats.statuspage.incident_timeline import GRAVITY, open_states, worse
from statuspage.public.formats.views import Component, ComponentGroup, View
from statuspage.public.render.table.dependents import DependentRow as Dependent
from statuspage.public.render.table.dependents import sentence
from statuspage.public.snapshot.values import IncidentView

JsonRow = dict[str, Any]
# The format knows no component without a date of birth.
UNKNOWN = millis(datetime(1970, 1, 1, tzinfo=UTC))
NAMES_SHOWN = 5


class Components:
    """Rows are made once and shared by all documents of one view.

    `all`: groups, each followed by its children, in the order of the catalogue; `by_id`: the children.
    """

    def __init__(
        self,
        view: View,
        catalogue: FormatCatalogue,
        incidents: Iterable[IncidentView],
        page_id: str,
        now: datetime,
        dependents: Iterable[Dependent] = (),
    ) -> None:
        self._catalogue = catalogue
        self._dependents = {(service, region): why for service, region, why in dependents}
        self._page_id = page_id
        self._now = now
        self._states: dict[Cell, Shown] = {}
        self._touched: dict[Cell, datetime] = {}
        for incident in incidents:
            self._note(incident)
        self._noted = self._states.keys() | self._touched.keys() | self._dependents.keys()
        self._places = {slug: name for slug, (name, home) in catalogue.regions.items() if home}
        self.by_id: dict[str, JsonRow] = {}
        self.all: list[JsonRow] = []
        for position, group in enumerate(view.groups, start=1):
            children = [
                self._component(one, group.id or None, place)
                for place, one in enumerate(group.components, start=1)
            ]
            if group.id:
                self.all.append(self._group(group, position, children))
            self.all += children

    def _note(self, incident: IncidentView) -> None:
        """What an incident means for its cells: their state now, and when it last changed."""
        for impact in incident.impacts:
            cell = (impact.service.slug, impact.region.slug)
            past = [at for at in (impact.start, impact.end) if at is not None and at <= self._now]
            if past and (cell not in self._touched or self._touched[cell] < past[-1]):
                self._touched[cell] = past[-1]
        for cell, state in open_states(incident, self._now).items():
            self._states[cell] = worse(self._states.get(cell), state)

    def _component(self, one: Component, group: str | None, position: int) -> JsonRow:
        noted = [
            cell for cell in one.cells if cell in self._noted
        ]  # nobody says anything of others
        status = worst_of_cells(noted, self._states).component
        touched = max((t for cell in noted if (t := self._touched.get(cell))), default=None)
        created = one.since or UNKNOWN
        row = self._row(one.id, one.name, status, created, position)
        row |= {
            "updated_at": max(millis(touched), created) if touched else created,
            "description": self._where(one, noted),
            "showcase": True,
            "start_date": one.since[:10] if one.since else None,
            "group_id": group,
            "group": False,
        }
        self.by_id[one.id] = row
        return row

    def _where(self, one: Component, noted: Sequence[Cell]) -> str | None:
        """Of several regions those that are not well; of what is well, that it may be affected."""
        well = GOOD.component
        hit = [cell for cell in noted if self._states.get(cell, GOOD).component != well]
        if not hit:
            causes = [why for cell in noted for why in self._dependents.get(cell, ())]
            return sentence(causes, self._catalogue.services, self._places) or None
        if len(one.cells) < 2:
            return None
        names = [self._catalogue.region_name(region) for _service, region in hit[:NAMES_SHOWN]]
        more = f" and {len(hit) - NAMES_SHOWN} more" if len(hit) > NAMES_SHOWN else ""
        return f"Not well in {len(hit)} of {len(one.cells)} regions: {', '.join(names)}{more}"

    def _group(self, group: ComponentGroup, position: int, children: list[JsonRow]) -> JsonRow:
        status = max((row["status"] for row in children), key=GRAVITY.index)
        created = min(row["created_at"] for row in children)
        row = self._row(group.id, group.name, status, created, position)
        return row | {
            "updated_at": max(row["updated_at"] for row in children),
            "components": [row["id"] for row in children],
        }

    def _row(self, name: str, title: str, status: str, created: str, position: int) -> JsonRow:
        return {
            "id": name,
            "name": title,
            "status": status,
            "created_at": created,
            "updated_at": created,
            "position": position,
            "description": None,
            "showcase": False,
            "start_date": None,
            "group_id": None,
            "page_id": self._page_id,
            "group": True,
            "only_show_if_degraded": False,
        }


def worst_of_cells(cells: Iterable[Cell], states: Mapping[Cell, Shown]) -> Shown:
    """The worst of these."""
    state = GOOD
    for cell in cells:
        if cell in states:
            state = worse(state, states[cell])
    return state
