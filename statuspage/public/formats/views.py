"""What one document of Statuspage shows as components: services, or single cells. Pure.

The default documents have one component per service, as bad as the worst of its regions: a few hundred rows
that no program takes for one region. Every other view has the cells themselves. An id belongs to what it
names and is the same in every view.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from incidents.cells import Cell
from incidents.identity import opaque
from statuspage.public.formats.catalogue import FormatCatalogue


@dataclass(frozen=True, slots=True)
class Component:
    """`cells`: what it stands for. `since`: ISO 8601 UTC."""

    id: str
    name: str
    cells: tuple[Cell, ...]
    since: str | None


@dataclass(frozen=True, slots=True)
class ComponentGroup:
    """All that belongs to `name`; without an id the components stand for themselves."""

    id: str
    name: str
    components: tuple[Component, ...]


@dataclass(frozen=True)
class View:
    """`narrow`: only these cells count; else everything does, also what has left the catalogue."""

    groups: tuple[ComponentGroup, ...]
    narrow: bool

    @cached_property
    def by_cell(self) -> Mapping[Cell, Component]:
        return {
            cell: one for group in self.groups for one in group.components for cell in one.cells
        }

    @cached_property
    def services(self) -> frozenset[str]:
        return frozenset(service for service, _region in self.by_cell)

    @cached_property
    def regions(self) -> frozenset[str]:
        return frozenset(region for _service, region in self.by_cell)


@lru_cache(maxsize=1)  # of the catalogue that is on the pages, which an update leaves as it is
def by_service(catalogue: FormatCatalogue) -> View:
    """The default: one component per service that is offered somewhere, in groups by category."""
    groups = []
    for slug, name, services in catalogue.categories:
        components = tuple(
            Component(
                opaque("service", service),
                catalogue.services[service],
                tuple((service, region) for region in catalogue.offered[service]),
                catalogue.since["services"].get(service),
            )
            for service in services
            if catalogue.offered[service]
        )
        if components:
            groups.append(ComponentGroup(opaque("category", slug), name, components))
    return View(tuple(groups), narrow=False)


def of_regions(catalogue: FormatCatalogue, regions: Collection[str]) -> View:
    """Every cell of these regions, in groups by region."""
    groups = []
    for region in catalogue.regions:
        cells = [(service, region) for service in catalogue.services]
        cells = [cell for cell in cells if cell in catalogue.cells] if region in regions else []
        if cells:
            name = catalogue.region_name(region)
            groups.append(ComponentGroup(opaque("group", region), name, _cells(catalogue, cells)))
    return View(tuple(groups), narrow=True)


def of_service(catalogue: FormatCatalogue, service: str) -> View:
    """Every cell of one service, in a group that is the service's component of the default documents."""
    cells = [(service, region) for region in catalogue.offered[service]]
    group = ComponentGroup(
        opaque("service", service), catalogue.services[service], _cells(catalogue, cells)
    )
    return View((group,), narrow=True)


def of_cells(catalogue: FormatCatalogue, wanted: Collection[Cell]) -> View:
    """These cells and no groups: part of a region must not be taken for all of it."""
    cells = [
        (service, region)
        for region in catalogue.regions
        for service in catalogue.services
        if (service, region) in wanted
    ]
    return View((ComponentGroup("", "", _cells(catalogue, cells)),), narrow=True)


def _cells(catalogue: FormatCatalogue, cells: Iterable[Cell]) -> tuple[Component, ...]:
    return tuple(
        Component(
            opaque("component", *cell),
            catalogue.cell_name(cell),
            (cell,),
            catalogue.cell_since(cell),
        )
        for cell in cells
    )
