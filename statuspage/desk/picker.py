"""What is hit: services x regions, as options to tick and as the cells that were ticked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeVar

from django.http import QueryDict

from incidents.models import Dependency, Offering, Region, Service
from incidents.models.choices import Extent
from incidents.services.errors import EntryError
from incidents.services.inputs import Hit
from incidents.wording import listed

Place = TypeVar("Place", Service, Region)
NAMED = 6  # names listed before the rest is counted


@dataclass(frozen=True, slots=True)
class Option:
    """One box to tick. `names`, in small letters: its name first; `words`: its group's, too."""

    slug: str
    name: str
    names: str
    words: str
    checked: bool
    extent: str = ""
    zones: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    options: list[Option]


@dataclass(frozen=True, slots=True)
class Cells:
    """The offered ones among the ticked. `left_out`: cells that are not offered, in words."""

    hits: list[Hit]
    left_out: str


@dataclass(frozen=True, slots=True)
class Picker:
    """What was ticked, by slug; unknown slugs are refused when the cells are asked for."""

    services: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    extent: str = ""  # as the zones say
    extents: Mapping[str, str] = field(default_factory=dict)
    zones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, data: QueryDict) -> Picker:
        regions = tuple(dict.fromkeys(data.getlist("regions")))
        return cls(
            services=tuple(dict.fromkeys(data.getlist("services"))),
            regions=regions,
            extent=data.get("extent", ""),
            extents={region: data.get(f"extent-{region}", "") for region in regions},
            zones={region: tuple(data.getlist(f"zones-{region}")) for region in regions},
        )

    def __bool__(self) -> bool:
        return bool(self.services or self.regions)

    def service_groups(self) -> list[Group]:
        services = (
            Service.objects.current()
            .select_related("category")
            .prefetch_related("aliases")
            .order_by("category__position", "position")
        )
        return [
            Group(
                name,
                [
                    Option(
                        slug=each.slug,
                        name=each.name,
                        names=(names := _names(each)),
                        words=f"{names} {name.lower()}",
                        checked=each.slug in self.services,
                    )
                    for each in members
                ],
            )
            for name, members in groupby(services, key=lambda each: each.category.name)
        ]

    def region_groups(self) -> list[Group]:
        regions = (
            Region.objects.current()
            .select_related("geography")
            .prefetch_related("aliases")
            .order_by("geography__position", "position")
        )
        return [
            Group(
                name,
                [
                    Option(
                        slug=each.slug,
                        name=each.name,
                        names=(names := _names(each)),
                        words=f"{names} {name.lower()}",
                        checked=each.slug in self.regions,
                        extent=self.extents.get(each.slug, ""),
                        zones=tuple(
                            (zone, zone in self.zones.get(each.slug, ())) for zone in each.zones
                        ),
                    )
                    for each in members
                ],
            )
            for name, members in groupby(regions, key=lambda each: each.geography.name)
        ]

    def cells(self) -> Cells:
        """Every ticked service in every ticked region where it is offered.

        Raises EntryError for a name the catalogue does not have, and for a service or region that
        is left without any cell: that is a slip, not a wish.
        """
        services = _found("services", "service", self.services, Service.objects.current())
        regions = _found("regions", "region", self.regions, Region.objects.current())
        offered = set(
            Offering.objects.current()
            .filter(service__in=services, region__in=regions)
            .values_list("service_id", "region_id")
        )
        hits, left_out = [], []
        for service in services:
            for region in regions:
                if (service.pk, region.pk) in offered:
                    hits.append(self._hit(service, region))
                else:
                    left_out.append(f"{service.name} in {region.name}")
        _require_use(services, regions, hits)
        return Cells(hits, listed(left_out, NAMED))

    def suggested_dependents(self) -> list[str]:
        """Names of services that fail with a ticked one and are offered in a ticked region."""
        names = (
            Dependency.objects.hard()
            .filter(
                depends_on__slug__in=_clean(self.services),
                service__retired_at__isnull=True,
                service__offerings__region__slug__in=_clean(self.regions),
                service__offerings__retired_at__isnull=True,
            )
            .exclude(service__slug__in=_clean(self.services))
            .order_by("service__name")
            .values_list("service__name", flat=True)
        )
        return list(names.distinct())

    def _hit(self, service: Service, region: Region) -> Hit:
        extent = self.extents.get(region.slug) or self.extent
        if extent not in ("", *Extent.values):
            raise EntryError("extent", f"{extent!r} is none of {', '.join(Extent.values)}.")
        return Hit(service, region, extent=extent or None, zones=self.zones.get(region.slug, ()))


def _clean(slugs: Iterable[str]) -> list[str]:
    """PostgreSQL refuses a NUL in a text before it looks for it."""
    return [slug for slug in slugs if "\x00" not in slug]


def _names(place: Service | Region) -> str:
    """`west europe | westeurope`"""
    names = [place.name, *(alias.name for alias in place.aliases.all())]
    return " | ".join(dict.fromkeys(each.lower() for each in names))


def _found(
    field_name: str, noun: str, slugs: tuple[str, ...], rows: Iterable[Place]
) -> list[Place]:
    if not slugs:
        raise EntryError(field_name, f"tick at least one {noun}.")
    known = {row.slug: row for row in rows}
    for slug in slugs:
        if slug not in known:
            raise EntryError(
                field_name, f"{slug[:60]!r} is no {noun} of the catalogue (any more); untick it."
            )
    return [known[slug] for slug in slugs]


def _require_use(services: list[Service], regions: list[Region], hits: list[Hit]) -> None:
    used_services = {hit.service.pk for hit in hits}
    used_regions = {hit.region.pk for hit in hits}
    for service in services:
        if service.pk not in used_services:
            remedy = "tick Global" if service.non_regional else "tick another region"
            raise EntryError(
                "services",
                f"{service.name} is not offered in {listed([r.name for r in regions], NAMED)};"
                f" {remedy} or untick it.",
            )
    for region in regions:
        if region.pk not in used_regions:
            raise EntryError(
                "regions", f"none of the ticked services is offered in {region.name}; untick it."
            )
