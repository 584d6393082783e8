"""What of the public snapshot changes seldom: the catalogue (what is offered where), and published figures."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from incidents.cells import Cell
from incidents.models import Dependency, Geography, Offering, Region, Service, ServiceCategory
from incidents.services.published_figures import published_figures
from incidents.texts.name_search import telling
from statuspage.public.snapshot.values import (
    CategoryView,
    DependencyView,
    FiguresView,
    GeographyView,
    RegionView,
    ServiceView,
)


@dataclass(frozen=True, slots=True)
class Places:
    """What a snapshot has beside its incidents."""

    geographies: tuple[GeographyView, ...]
    non_regional: RegionView | None
    categories: tuple[CategoryView, ...]
    offered: frozenset[Cell]
    dependencies: tuple[DependencyView, ...]
    figures: FiguresView | None


def read_places() -> Places:
    found = Region.objects.select_related("geography").prefetch_related("aliases")
    regions = list(found.order_by("position", "id"))
    current = [region for region in regions if region.retired_at is None]
    return Places(
        geographies=_geographies(current),
        non_regional=next((_region(region) for region in current if region.is_global), None),
        categories=_categories(),
        offered=frozenset(
            Offering.objects.filter(
                retired_at=None, service__retired_at=None, region__retired_at=None
            ).values_list("service__slug", "region__slug")
        ),
        # A soft need of the control plane leaves alone what runs; a hard one is of use while it runs.
        dependencies=tuple(
            DependencyView(service, needed, (strength, plane) == ("soft", "control"))
            for service, needed, strength, plane in Dependency.objects.filter(
                service__retired_at=None, depends_on__retired_at=None
            )
            .order_by("service__position", "depends_on__position", "id")
            .values_list("service__slug", "depends_on__slug", "strength", "plane")
        ),
        figures=_figures(),
    )


def _figures() -> FiguresView | None:
    published = published_figures()
    return FiguresView(published.published_at, published.figures) if published else None


def _region(region: Region) -> RegionView:
    aliases = telling(region.name, [alias.name for alias in region.aliases.all()])
    return RegionView(region.slug, region.name, tuple(region.zones), region.created_at, aliases)


def _geographies(regions: list[Region]) -> tuple[GeographyView, ...]:
    members: dict[int, list[RegionView]] = defaultdict(list)
    for region in regions:
        if not region.is_global:
            members[region.geography_id].append(_region(region))
    return tuple(
        GeographyView(geography.slug, geography.name, tuple(members[geography.pk]))
        for geography in Geography.objects.order_by("position", "id")
        if members[geography.pk]
    )


def _categories() -> tuple[CategoryView, ...]:
    members: dict[int, list[ServiceView]] = defaultdict(list)
    services = Service.objects.filter(retired_at=None).prefetch_related("aliases")
    for service in services.order_by("position", "id"):
        aliases = telling(service.name, [alias.name for alias in service.aliases.all()])
        view = ServiceView(service.slug, service.name, aliases, service.created_at)
        members[service.category_id].append(view)
    return tuple(
        CategoryView(category.slug, category.name, tuple(members[category.pk]))
        for category in ServiceCategory.objects.order_by("position", "id")
        if members[category.pk]
    )
