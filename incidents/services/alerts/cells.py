"""The cell that a monitor's words name: by slug, name or alias of the catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TypeVar

from django.db.models import QuerySet

from incidents.alerts.mapping import NamedPlaces, Unmapped
from incidents.importers.catalogue_file import fold_name
from incidents.models import Alias, Offering, Region, Service
from incidents.services.inputs import Hit

Row = TypeVar("Row", Service, Region)
_folded = lru_cache(maxsize=10_000)(fold_name)


class CatalogueIndex:
    """What the current catalogue has of these names: six questions, however many alerts."""

    def __init__(self, named: Iterable[NamedPlaces]) -> None:
        places = list(named)
        self._services = _found(
            Service.objects.current(), "service", {_folded(each.service) for each in places}
        )
        self._regions = _found(
            Region.objects.current(), "region", {_folded(each.region) for each in places}
        )
        offered = Offering.objects.current().filter(
            service__in=set(self._services.values()), region__in=set(self._regions.values())
        )
        self._offered = set(offered.values_list("service_id", "region_id"))

    def hit(self, named: NamedPlaces) -> Hit | Unmapped:
        service = self._services.get(_folded(named.service))
        region = self._regions.get(_folded(named.region))
        if service is None:
            return Unmapped(f"no service is called {named.service[:60]!r}; add a row or an alias")
        if region is None:
            return Unmapped(f"no region is called {named.region[:60]!r}; add a row or an alias")
        if (service.pk, region.pk) not in self._offered:
            return Unmapped(f"{service.name} is not offered in {region.name}")
        zones = tuple(zone for zone in named.zones if zone in region.zones)
        return Hit(service, region, extent=named.extent, level=named.level, zones=zones)


def _found(rows: QuerySet[Row], noun: str, wanted: set[str]) -> dict[str, Row]:
    """The rows that these folded names mean: slugs before names before aliases."""
    ids: dict[str, int] = {}
    aliases = Alias.objects.filter(folded__in=wanted, **{f"{noun}__isnull": False})
    ids |= dict(aliases.values_list("folded", f"{noun}_id"))
    known = rows.values_list("pk", "name", "slug")
    ids |= {_folded(name): pk for pk, name, _ in known}
    ids |= {_folded(slug): pk for pk, _, slug in known}
    ids = {name: pk for name, pk in ids.items() if name in wanted}
    found = rows.in_bulk(set(ids.values()))
    return {name: found[pk] for name, pk in ids.items() if pk in found}
