"""Facts that nobody has to type: who fails with what is hit, and how far it reaches. Pure.

What a person stated wins over all of it; callers ask here only where nothing was stated.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from incidents.vocabulary import Extent

# Services hit, by slug, and the regions they are hit in.
Places = Mapping[str, Collection[str]]


@dataclass(frozen=True, slots=True)
class Dependent:
    """A service that needs another one. `hard`: it fails with it; else it may be affected.

    `regions`: where it is offered; only those that matter to an incident have to be in it.
    """

    slug: str
    name: str
    hard: bool
    regions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Dependents:
    """Names, each once, in alphabetical order; who needs one hard and another soft is hard."""

    hard: tuple[str, ...] = ()
    soft: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Graph:
    """Who needs a service directly, by its slug. Nothing is inferred along a chain."""

    needed: Mapping[str, tuple[Dependent, ...]]

    def dependents(self, failing: Places, degraded: Places | None = None) -> Dependents:
        """Who needs a service that is hit, and is offered where it is hit; not those hit themselves.

        What is only degraded fails nobody: whoever needs it may be affected.
        """
        degraded = degraded or {}
        hard: set[str] = set()
        soft: set[str] = set()
        for places, fails in ((failing, True), (degraded, False)):
            for service, regions in places.items():
                for each in self.needed.get(service, ()):
                    if each.slug in failing or each.slug in degraded:
                        continue
                    if not each.regions.isdisjoint(regions):
                        (hard if fails and each.hard else soft).add(each.name)
        return Dependents(tuple(sorted(hard)), tuple(sorted(soft - hard)))


def extent_of(zones: Collection[str], zones_of_region: Collection[str]) -> Extent:
    """From the zones hit: all of a region's are the region, some are a zone, none named is a part.

    The only zone of a region is a zone.
    """
    if not zones:
        return Extent.SUBSET
    whole = len(zones_of_region) > 1 and set(zones) >= set(zones_of_region)
    return Extent.REGION if whole else Extent.ZONE
