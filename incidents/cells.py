"""Cells (service x region) grouped for sentences, so that what is named together was hit together. Pure.

Key Vault in West Europe and Storage in North Europe are two groups: one list of services beside one list of
regions would name four cells, two of which are well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# A service in a region: by slugs, and by the ids of the rows.
Cell = tuple[str, str]
CellIds = tuple[int, int]

# From so many regions on, all of a geography is named as such.
WHOLE = 3


@dataclass(frozen=True, slots=True)
class PlacedCell:
    """A service in a region, by name. `offered`: in how many regions of `geography` the service exists."""

    service: str
    region: str
    geography: str = ""
    offered: int = 0
    worldwide: bool = False  # the cell of a non-regional service


@dataclass(frozen=True, slots=True)
class CellGroup:
    """Each of `services` is hit in each of the places. `whole`: geographies with their number of regions."""

    services: tuple[str, ...]
    regions: tuple[str, ...] = ()
    whole: tuple[tuple[str, int], ...] = ()
    worldwide: bool = False

    @property
    def cells(self) -> int:
        """How many cells these words stand for."""
        places = len(self.regions) + sum(count for _, count in self.whole) + self.worldwide
        return len(self.services) * places

    def as_json(self) -> list[Any]:
        """Written short: statements keep it."""
        return [
            list(self.services),
            list(self.regions),
            list(map(list, self.whole)),
            self.worldwide,
        ]

    @classmethod
    def of_json(cls, value: Sequence[Any]) -> CellGroup:
        services, regions, whole, worldwide = value
        named = tuple((str(name), int(count)) for name, count in whole)
        return cls(tuple(services), tuple(regions), named, bool(worldwide))


def grouped(cells: Iterable[PlacedCell]) -> tuple[CellGroup, ...]:
    """The cells in groups that name no other cell, the widest first; services and regions keep their order.

    By service or by region, whichever takes fewer groups: the least number there is would be a hard problem,
    and sentences do not gain by it.
    """
    found = {(cell.service, cell.region): cell for cell in cells}
    by_services = _joined(found.values(), by_service=True)
    by_regions = _joined(found.values(), by_service=False)
    fewest = by_services if len(by_services) <= len(by_regions) else by_regions
    groups = [_group(services, regions, found) for services, regions in fewest]
    return tuple(sorted(groups, key=lambda group: -group.cells))


def _joined(
    cells: Iterable[PlacedCell], *, by_service: bool
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """(services, regions) of groups: services with equal regions together, or regions with equal services."""
    others: dict[str, dict[str, None]] = {}
    for cell in cells:
        one, other = cell.service, cell.region
        if not by_service:
            one, other = other, one
        others.setdefault(one, {})[other] = None
    alike: dict[frozenset[str], list[str]] = {}
    for one, found in others.items():
        alike.setdefault(frozenset(found), []).append(one)
    groups = [(tuple(ones), tuple(others[ones[0]])) for ones in alike.values()]
    return groups if by_service else [(services, regions) for regions, services in groups]


def _group(
    services: tuple[str, ...], regions: tuple[str, ...], cells: Mapping[Cell, PlacedCell]
) -> CellGroup:
    within: dict[str, list[str]] = {}
    for region in regions:
        cell = cells[services[0], region]
        if cell.geography and not cell.worldwide:
            within.setdefault(cell.geography, []).append(region)
    whole = {
        name: len(inside)
        for name, inside in within.items()
        if len(inside) >= WHOLE
        and all(cells[service, inside[0]].offered == len(inside) for service in services)
    }
    named = tuple(
        region
        for region in regions
        if not (cell := cells[services[0], region]).worldwide and cell.geography not in whole
    )
    worldwide = any(cells[services[0], region].worldwide for region in regions)
    return CellGroup(services, named, tuple(whole.items()), worldwide)
