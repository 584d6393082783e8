"""Which alerts are one incident: the same cells, a service and what depends on it, or a storm. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from incidents.cells import CellIds


@dataclass(frozen=True, slots=True)
class Open:
    """An open incident. `fresh`: an alert of it fired within the window; `by_monitor`: it has alerts."""

    incident: int
    cells: frozenset[CellIds]
    fresh: bool
    by_monitor: bool


def storms(
    cells: Iterable[CellIds], needs: Mapping[int, frozenset[int]]
) -> list[frozenset[CellIds]]:
    """Cells that fire at the same time, in groups: one that shares a service or region with another, or whose
    service needs the other's, belongs to it. The order of the first cells is kept.
    """
    leader: dict[object, object] = {}

    def find(node: object) -> object:
        while (above := leader.setdefault(node, node)) != node:
            leader[node] = node = leader.setdefault(above, above)
        return node

    every = list(dict.fromkeys(cells))
    firing = {service for service, _ in every}
    for service, region in every:
        for other in (("service", service), ("region", region)):
            leader[find(other)] = find((service, region))
        # What both need and is well joins nobody.
        for needed in firing.intersection(needs.get(service, ())):
            leader[find(("service", needed))] = find((service, region))
    groups: dict[object, list[CellIds]] = {}
    for cell in every:
        groups.setdefault(find(cell), []).append(cell)
    return [frozenset(group) for group in groups.values()]


def homes(
    groups: Iterable[frozenset[CellIds]],
    incidents: Sequence[Open],
    needs: Mapping[int, frozenset[int]],
) -> list[tuple[int | None, frozenset[CellIds]]]:
    """Each group with the open incident that it belongs to, those of one incident as one group; None: a new one."""
    found: list[tuple[int | None, frozenset[CellIds]]] = []
    joined: dict[int, frozenset[CellIds]] = {}
    for group in groups:
        home = belongs_to(group, incidents, needs)
        if home is None:
            found.append((None, group))
        else:
            joined[home] = joined.get(home, frozenset()) | group
    return [*found, *joined.items()]


def belongs_to(
    group: frozenset[CellIds], incidents: Sequence[Open], needs: Mapping[int, frozenset[int]]
) -> int | None:
    """The open incident that these cells belong to, the oldest first (as given); None: a new one."""
    for each in incidents:
        if group & each.cells:
            return each.incident
    for each in incidents:
        if each.by_monitor and (
            _depend(group, each.cells, needs) or (each.fresh and _near(group, each.cells))
        ):
            return each.incident
    return None


def _near(group: frozenset[CellIds], cells: frozenset[CellIds]) -> bool:
    services, regions = {service for service, _ in cells}, {region for _, region in cells}
    return any(service in services or region in regions for service, region in group)


def _depend(
    group: frozenset[CellIds], cells: frozenset[CellIds], needs: Mapping[int, frozenset[int]]
) -> bool:
    """Whether a service here needs one there, or the other way round, in the same region."""
    return any(
        region == there and (other in needs.get(service, ()) or service in needs.get(other, ()))
        for service, region in group
        for other, there in cells
    )
