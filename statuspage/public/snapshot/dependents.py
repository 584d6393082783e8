"""What may be affected, as it depends on what has a public incident. Pure.

Confirmed by nobody: it is shown apart and never counted among what is. Only dependencies that the
catalogue names are followed, never a chain of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from datetime import datetime

from incidents.cells import Cell
from statuspage.public.snapshot.values import Cause, CellView, DependencyView, DependentView

FAILING = frozenset({"critical", "warning"})  # planned work and mere notices take nothing along


def may_be_affected(
    cells: Mapping[Cell, CellView],
    offered: Set[Cell],
    dependencies: Iterable[DependencyView],
    everywhere: str,
) -> dict[Cell, DependentView]:
    """The offered cells that are not in `cells` and depend on one that fails, in the order of `dependencies`.

    A dependent is concerned where it runs: in the region that is hit, or in all of its regions when what it
    depends on fails worldwide (`everywhere` is that region's slug, or empty). What has no region itself
    is concerned by any place of a service that is one worldwide, too.
    """
    failing: dict[str, dict[str, CellView]] = {}
    for (service, region), cell in cells.items():
        if cell.state in FAILING:
            failing.setdefault(service, {})[region] = cell
    needs = [need for need in dependencies if need.depends_on in failing]
    regions: dict[str, list[str]] = {need.service: [] for need in needs}
    for service, region in offered if needs else ():
        if service in regions:
            regions[service].append(region)
    found: dict[Cell, DependentView] = {}
    for need in needs:
        is_worldwide = (need.depends_on, everywhere) in offered
        for region, cell in failing[need.depends_on].items():
            for place in regions[need.service]:
                here = place == region or region == everywhere
                if here or (place == everywhere and is_worldwide):
                    key = (need.service, place)
                    if key not in cells:
                        cause = Cause(need.depends_on, region, need.managing)
                        found[key] = _with(found.get(key), cause, cell.incidents, cell.since)
    return found


def _with(
    known: DependentView | None, cause: Cause, incidents: tuple[str, ...], since: datetime
) -> DependentView:
    if known is None:
        return DependentView((cause,), incidents, since)
    return DependentView(
        (*known.causes, cause),
        tuple(dict.fromkeys((*known.incidents, *incidents))),
        min(known.since, since),
    )
