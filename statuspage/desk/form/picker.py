"""What is hit: services x regions, as options to tick and as the cells that were ticked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeVar

from django.db.models import QuerySet
from django.http import QueryDict

from incidents.models import Offering, Region, Service
from incidents.services.errors import EntryError
from incidents.services.inputs import Hit, RegionWindow
from incidents.vocabulary import Extent, Level
from incidents.wording import listed
from statuspage.desk.form.typed_times import MomentError, coming_moment, typed

Place = TypeVar("Place", Service, Region)
NAMED = 6  # names listed before the rest is counted


@dataclass(frozen=True, slots=True)
class Option:
    """One box to tick. `names`, in small letters: what is looked at while nobody can be asked for more."""

    slug: str
    name: str
    names: str
    checked: bool
    extent: str = ""
    zones: tuple[tuple[str, bool], ...] = ()
    window: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Group:
    """The options of a category or geography, which can be ticked together."""

    slug: str
    name: str
    options: list[Option]

    @property
    def all_checked(self) -> bool:
        return all(option.checked for option in self.options)


@dataclass(frozen=True, slots=True)
class Cells:
    """The offered ones among the ticked. `left_out`: cells that are not offered, in words."""

    hits: list[Hit]
    left_out: str


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """A cell of the small matrix: what its fields are called is its `key`."""

    key: str
    region: str
    offered: bool
    ticked: bool
    extent: str
    level: str


@dataclass(frozen=True, slots=True)
class MatrixRow:
    service: str
    cells: list[MatrixCell]


@dataclass(frozen=True, slots=True)
class Picker:
    """What was ticked, by slug; unknown slugs are refused when the cells are asked for.

    What is hit is every service in every region, less the cells that were shown one by one and left out
    (`without`). `own`: extent and level of single cells, by key (`service:region`). `windows`: when a maintenance is
    planned in single regions, as it was typed.
    """

    services: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    extent: str = ""  # as the zones say
    extents: Mapping[str, str] = field(default_factory=dict)
    zones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    one_by_one: bool = False
    without: frozenset[str] = frozenset()
    own: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    windows: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, data: QueryDict) -> Picker:
        regions = tuple(dict.fromkeys(data.getlist("regions")))
        shown = data.getlist("shown-cells")
        return cls(
            services=tuple(dict.fromkeys(data.getlist("services"))),
            regions=regions,
            extent=data.get("extent", ""),
            extents={region: data.get(f"extent-{region}", "") for region in regions},
            zones={region: tuple(data.getlist(f"zones-{region}")) for region in regions},
            one_by_one="one_by_one" in data,
            without=frozenset(shown) - frozenset(data.getlist("cells")),
            own={
                key: (data.get(f"extent:{key}", ""), data.get(f"level:{key}", "")) for key in shown
            },
            windows={
                region: (data.get(f"from-{region}", ""), data.get(f"until-{region}", ""))
                for region in regions
            },
        )

    def having(self, what: str, slugs: Iterable[str]) -> Picker:
        """With exactly these of `what`: services or regions."""
        ticked = tuple(dict.fromkeys(slugs))
        if what == "services":
            return replace(self, services=ticked)
        return replace(self, regions=ticked)

    def ticked(self, what: str) -> tuple[str, ...]:
        return self.services if what == "services" else self.regions

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
                category.slug,
                category.name,
                [
                    Option(
                        slug=each.slug,
                        name=each.name,
                        names=_names(each),
                        checked=each.slug in self.services,
                    )
                    for each in members
                ],
            )
            for category, members in groupby(services, key=lambda each: each.category)
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
                geography.slug,
                geography.name,
                [
                    Option(
                        slug=each.slug,
                        name=each.name,
                        names=_names(each),
                        checked=each.slug in self.regions,
                        extent=self.extents.get(each.slug, ""),
                        zones=tuple(
                            (zone, zone in self.zones.get(each.slug, ())) for zone in each.zones
                        ),
                        window=self.windows.get(each.slug, ("", "")),
                    )
                    for each in members
                ],
            )
            for geography, members in groupby(regions, key=lambda each: each.geography)
        ]

    def region_names(self) -> list[str]:
        """Of the ticked regions, as the columns of the matrix."""
        return [each.name for each in self._ticked(Region.objects.current(), self.regions)]

    def matrix(self) -> list[MatrixRow]:
        """The ticked services and regions cell by cell, as far as the catalogue has them."""
        services = self._ticked(Service.objects.current(), self.services)
        regions = self._ticked(Region.objects.current(), self.regions)
        offered = _offered(services, regions)
        return [
            MatrixRow(
                service.name,
                [
                    MatrixCell(
                        key=(key := f"{service.slug}:{region.slug}"),
                        region=region.name,
                        offered=(service.pk, region.pk) in offered,
                        ticked=key not in self.without,
                        extent=self.own.get(key, ("", ""))[0],
                        level=self.own.get(key, ("", ""))[1],
                    )
                    for region in regions
                ],
            )
            for service in services
        ]

    @staticmethod
    def _ticked(rows: QuerySet[Place], slugs: tuple[str, ...]) -> list[Place]:
        known = {row.slug: row for row in rows}
        return [known[slug] for slug in slugs if slug in known]

    def cells(self) -> Cells:
        """Every ticked service in every ticked region where it is offered, without those left out by hand.

        Raises EntryError for a name the catalogue does not have, and for a service or region that
        is left without any cell: that is a slip, not a wish.
        """
        services = _found("services", "service", self.services, Service.objects.current())
        regions = _found("regions", "region", self.regions, Region.objects.current())
        offered = _offered(services, regions)
        hits, left_out = [], []
        for service in services:
            for region in regions:
                if f"{service.slug}:{region.slug}" in self.without:
                    continue
                if (service.pk, region.pk) in offered:
                    hits.append(self._hit(service, region))
                else:
                    left_out.append(f"{service.name} in {region.name}")
        self._require_left(services, regions)
        _require_use(services, regions, hits)
        return Cells(hits, listed(left_out, NAMED))

    def own_windows(self, length: timedelta | None, now: datetime) -> list[RegionWindow]:
        """The windows of regions that have one of their own (UTC); one without an end is as long as the others.

        Raises EntryError for what is no time.
        """
        regions = {each.slug: each for each in self._ticked(Region.objects.current(), self.regions)}
        found = []
        for slug, (begins, ends) in self.windows.items():
            if slug not in regions or not (begins.strip() or ends.strip()):
                continue
            name = regions[slug].name
            if not begins.strip():
                raise EntryError("regions", f"{name} has an end of its own only; give its start.")
            try:
                start = coming_moment(begins, now)
                end = start + length if length else None
                end = coming_moment(ends, start) if ends.strip() else end
            except MomentError as error:
                raise EntryError("regions", f"{name}: {error}") from error
            if end is not None and end <= start:
                raise EntryError("regions", f"{name} ends before it starts; give a later end.")
            if end is not None and end <= now:
                raise EntryError(
                    "regions", f"{name}: {typed(end)} UTC is over; give a window to come."
                )
            found.append(RegionWindow(regions[slug], start, end))
        return found

    def _require_left(self, services: list[Service], regions: list[Region]) -> None:
        """A service or region of which every cell was left out by hand is ticked for nothing."""
        for name, rows, others in (("services", services, regions), ("regions", regions, services)):
            for row in rows:
                keys = {
                    f"{row.slug}:{other.slug}" if name == "services" else f"{other.slug}:{row.slug}"
                    for other in others
                }
                if keys <= self.without:
                    raise EntryError(
                        name,
                        f"every cell of {row.name} is left out; tick one of them, or untick it.",
                    )

    def _hit(self, service: Service, region: Region) -> Hit:
        own, level = self.own.get(f"{service.slug}:{region.slug}", ("", ""))
        extent = own or self.extents.get(region.slug) or self.extent
        if extent not in ("", *tuple(Extent)):
            raise EntryError("extent", f"{extent!r} is none of {', '.join(tuple(Extent))}.")
        if level not in ("", *tuple(Level)):
            raise EntryError("level", f"{level!r} is none of {', '.join(tuple(Level))}.")
        zones = () if own in (Extent.SUBSET, Extent.REGION) else self.zones.get(region.slug, ())
        return Hit(service, region, extent=extent or None, level=level or None, zones=zones)


def _offered(services: list[Service], regions: list[Region]) -> set[tuple[int, int]]:
    return set(
        Offering.objects.current()
        .filter(service__in=services, region__in=regions)
        .values_list("service_id", "region_id")
    )


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
