"""The catalogue as formats need it: names that stand alone, and what is offered where. Pure, and JSON-able.

Programs key what they read by name. So no two names of one kind are alike, and a category that is called
like a service says that it is one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from incidents.cells import Cell
from incidents.texts.timestamps import millis
from statuspage.public.formats.plain import line
from statuspage.public.snapshot.values import (
    CategoryView,
    GeographyView,
    RegionView,
    Snapshot,
)

Category = tuple[str, str, tuple[str, ...]]  # slug, name, slugs of its services


@dataclass(frozen=True, eq=False)
class FormatCatalogue:
    """In the order of the catalogue. `regions`: slug -> (name, geography's slug, "" for the non-regional one);
    `offered`: service -> regions; `since`: when a service or region was first loaded (ISO 8601 UTC)."""

    services: Mapping[str, str]
    categories: Sequence[Category]
    regions: Mapping[str, Sequence[str]]
    geographies: Mapping[str, str]
    offered: Mapping[str, Sequence[str]]
    since: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, snapshot: Snapshot) -> FormatCatalogue:
        return _catalogue(
            snapshot.categories, snapshot.geographies, snapshot.non_regional, snapshot.offered
        )

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> FormatCatalogue:
        """The inverse of `written`, from JSON."""
        places = list(data["regions"])
        offered = {
            service: [places[number] for number in numbers]
            for service, numbers in data["offered"].items()
        }
        return cls(**{**data, "offered": offered})

    def written(self) -> dict[str, Any]:
        """With positions in `regions` for what is offered: there are thousands of cells."""
        number = {region: position for position, region in enumerate(self.regions)}
        offered = {
            service: [number[region] for region in regions]
            for service, regions in self.offered.items()
        }
        return {
            "services": dict(self.services),
            "categories": [[slug, name, list(of)] for slug, name, of in self.categories],
            "regions": {slug: list(place) for slug, place in self.regions.items()},
            "geographies": dict(self.geographies),
            "offered": offered,
            "since": {kind: dict(known) for kind, known in self.since.items()},
        }

    @cached_property
    def cells(self) -> frozenset[Cell]:
        return frozenset(
            (service, region) for service, regions in self.offered.items() for region in regions
        )

    def region_name(self, slug: str) -> str:
        return self.regions[slug][0]

    def cell_name(self, cell: Cell) -> str:
        """`Storage – East US`: unique in the whole catalogue, whatever list it is read from."""
        service, region = self.services[cell[0]], self.region_name(cell[1])
        name = f"{service} – {region}"
        return f"{name} ({cell[0]}, {cell[1]})" if name.count(" – ") > 1 else name

    def cell_since(self, cell: Cell) -> str | None:
        """When both were there; None where nobody knows."""
        both = (self.since["services"].get(cell[0]), self.since["regions"].get(cell[1]))
        return max((one for one in both if one), default=None)


# An update leaves it as it is.
@lru_cache(maxsize=1)
def _catalogue(
    categories: tuple[CategoryView, ...],
    geographies: tuple[GeographyView, ...],
    non_regional: RegionView | None,
    offered: frozenset[Cell],
) -> FormatCatalogue:
    regions = [(one, home.slug) for home in geographies for one in home.regions]
    if non_regional is not None:
        regions.append((non_regional, ""))
    services = [one for category in categories for one in category.services]
    names = _distinct((one.slug, one.name) for one in services)
    places = _distinct((one.slug, one.name) for one, _home in regions)
    headings = _distinct(((one.slug, one.name) for one in categories), taken=names.values())
    return FormatCatalogue(
        services=names,
        categories=[
            (one.slug, headings[one.slug], tuple(s.slug for s in one.services))
            for one in categories
        ],
        regions={one.slug: (places[one.slug], home) for one, home in regions},
        geographies={one.slug: line(one.name) for one in geographies},
        offered={
            service: [region for region in places if (service, region) in offered]
            for service in names
        },
        since={
            "services": {one.slug: millis(one.since) for one in services if one.since},
            "regions": {one.slug: millis(one.since) for one, _home in regions if one.since},
        },
    )


def _distinct(named: Iterable[tuple[str, str]], taken: Iterable[str] = ()) -> dict[str, str]:
    """Slug -> name on one line; what is called like another, or not at all, carries its slug."""
    names = {slug: line(name) for slug, name in named}
    taken = frozenset(taken)
    names = {slug: f"{name} (category)" if name in taken else name for slug, name in names.items()}
    count = Counter(names.values())
    return {
        slug: name
        if name and count[name] == 1 and name not in taken
        else f"{name} ({slug})".strip()
        for slug, name in names.items()
    }
