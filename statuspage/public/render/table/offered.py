"""In which regions a service is offered, as one short word: pages, their scripts and queries read the same. Pure."""

from __future__ import annotations

from collections.abc import Set
from functools import lru_cache

from incidents.cells import Cell
from statuspage.public.snapshot.values import Snapshot


def marks(snapshot: Snapshot) -> dict[str, str]:
    """Service slug -> hexadecimal digits, four regions each, in the order of `region_names`, the first in the lowest
    bit of the first digit. Without those that are offered in every region, in none that lies somewhere, or
    everywhere as what has no region is."""
    everywhere = snapshot.non_regional.slug if snapshot.non_regional else ""
    services, regions = tuple(snapshot.service_names), tuple(snapshot.region_names)
    return _marks(services, regions, everywhere, snapshot.offered)


# An update leaves it as it is.
@lru_cache(maxsize=1)
def _marks(
    services: tuple[str, ...], regions: tuple[str, ...], everywhere: str, offered: Set[Cell]
) -> dict[str, str]:
    found = {}
    for service in services:
        here = [(service, region) in offered for region in regions]
        if any(here) and not all(here) and (service, everywhere) not in offered:
            fours = (here[at : at + 4] for at in range(0, len(here), 4))
            found[service] = "".join(
                f"{sum(on << bit for bit, on in enumerate(four)):x}" for four in fours
            )
    return found


def is_in(mark: str, position: int) -> bool:
    """Whether `mark` (of a service; "" without one) says that it is offered in the region at this position."""
    return not mark or bool(int(mark[position // 4], 16) >> position % 4 & 1)
