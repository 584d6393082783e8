"""The cell that a monitor's words name: by slug, name or alias of the catalogue."""

from __future__ import annotations

from incidents.alerts.mapping import NamedPlaces, Unmapped
from incidents.importers.catalogue_file import fold_name
from incidents.models import Alias, Offering, Region, Service
from incidents.services.inputs import Hit


class CatalogueIndex:
    """The current catalogue, read once for a payload: four questions, however many alerts."""

    def __init__(self) -> None:
        aliases = list(Alias.objects.select_related("service", "region"))
        self._services: dict[str, Service] = {}
        self._regions: dict[str, Region] = {}
        for service in Service.objects.current():
            self._services |= {fold_name(service.name): service, fold_name(service.slug): service}
        for region in Region.objects.current():
            self._regions |= {fold_name(region.name): region, fold_name(region.slug): region}
        for alias in aliases:
            if alias.service and alias.service.retired_at is None:
                self._services.setdefault(alias.folded, alias.service)
            if alias.region and alias.region.retired_at is None:
                self._regions.setdefault(alias.folded, alias.region)
        self._offered = set(Offering.objects.current().values_list("service_id", "region_id"))

    def hit(self, named: NamedPlaces) -> Hit | Unmapped:
        service = self._services.get(fold_name(named.service))
        region = self._regions.get(fold_name(named.region))
        if service is None:
            return Unmapped(f"no service is called {named.service[:60]!r}; add a row or an alias")
        if region is None:
            return Unmapped(f"no region is called {named.region[:60]!r}; add a row or an alias")
        if (service.pk, region.pk) not in self._offered:
            return Unmapped(f"{service.name} is not offered in {region.name}")
        zones = tuple(zone for zone in named.zones if zone in region.zones)
        return Hit(service, region, extent=named.extent, level=named.level, zones=zones)
