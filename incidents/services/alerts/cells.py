"""The cell that a monitor's words name: by slug, name or alias of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

from django.db.models import QuerySet

from incidents.alerts.mapping import NamedPlaces, Unmapped
from incidents.importers.catalogue_file import fold_name
from incidents.models import Alias, Dependency, Offering, Region, Revision, Service
from incidents.services.inputs import Hit
from incidents.services.revision import changed_since

Row = TypeVar("Row", Service, Region)
REVISION = "SELECT * FROM incidents_revision WHERE id = 1"
_folded = lru_cache(maxsize=10_000)(fold_name)


class CatalogueIndex:
    """The current catalogue by the names that it may be called by. `needs`: which services each one needs, by id."""

    def __init__(self) -> None:
        self._services = _by_name(Service.objects.current(), "service")
        self._regions = _by_name(Region.objects.current(), "region")
        offered = Offering.objects.current().values_list("service_id", "region_id")
        self._offered = set(offered)
        self.needs = dependencies()

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


_kept: tuple[Revision, CatalogueIndex] | None = None


def catalogue_index() -> CatalogueIndex:
    """The catalogue as it is now; read again only after it has changed: in a storm it is asked for by every alert."""
    global _kept
    now = next(iter(Revision.objects.raw(REVISION)), None)
    if now is None:
        return CatalogueIndex()
    kept = _kept
    if kept is None or not _is_same(kept[0], now):
        _kept = kept = now, CatalogueIndex()
    elif kept[0].number != now.number:
        _kept = now, kept[1]
    return kept[1]


def dependencies() -> dict[int, frozenset[int]]:
    """Which services each one needs, by id."""
    needs: dict[int, set[int]] = {}
    for service, needed in Dependency.objects.values_list("service_id", "depends_on_id"):
        needs.setdefault(service, set()).add(needed)
    return {service: frozenset(needed) for service, needed in needs.items()}


def _is_same(former: Revision, now: Revision) -> bool:
    """Whether all that has changed since is said of incidents."""
    return former.site == now.site and (
        former.number == now.number
        or (former.number < now.number and changed_since(former.number, now.number) is not None)
    )


def _by_name(rows: QuerySet[Row], noun: str) -> Mapping[str, Row]:
    """Rows by folded name: slugs before names before aliases."""
    by_id = {row.pk: row for row in rows}
    aliases = Alias.objects.filter(**{f"{noun}_id__in": list(by_id)})
    found = {folded: by_id[pk] for folded, pk in aliases.values_list("folded", f"{noun}_id")}
    found |= {_folded(row.name): row for row in by_id.values()}
    found |= {_folded(row.slug): row for row in by_id.values()}
    return found
