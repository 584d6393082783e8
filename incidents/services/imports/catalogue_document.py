"""The catalogue as the document that would load it, and a document put into force with the differences in lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from incidents.importers.catalogue_file import Catalogue
from incidents.models import (
    Alias,
    Dependency,
    Geography,
    Offering,
    Region,
    Service,
    ServiceCategory,
)
from incidents.services.imports.catalogue import apply_catalogue
from incidents.vocabulary import GLOBAL_SLUG, Plane

Document = dict[str, Any]


def catalogue_document() -> Document:
    """The current catalogue with the keys of a catalogue file; slugs wherever something is referred to."""
    aliases: dict[tuple[str, int], list[str]] = {}
    for alias in Alias.objects.order_by("id"):
        for kind in ("service", "region", "geography"):
            if owner := getattr(alias, f"{kind}_id"):
                aliases.setdefault((kind, owner), []).append(alias.name)
    offered: dict[int, list[str]] = {}
    cells = Offering.objects.current().exclude(region__is_global=True)
    for service, region in cells.order_by("region__position").values_list(
        "service_id", "region__slug"
    ):
        offered.setdefault(service, []).append(region)
    needs: dict[int, Document] = {}
    for each in Dependency.objects.select_related("depends_on").order_by("id"):
        how = f"{each.strength} control" if each.plane == Plane.CONTROL else str(each.strength)
        needs.setdefault(each.service_id, {}).setdefault(how, []).append(each.depends_on.slug)
    return {
        "geographies": [
            _named(place, aliases.get(("geography", place.pk)))
            | {
                "regions": [
                    _named(region, aliases.get(("region", region.pk)))
                    | ({"zones": region.zones} if region.zones else {})
                    for region in place.regions.current().order_by("position")
                ]
            }
            for place in Geography.objects.current().exclude(slug=GLOBAL_SLUG).order_by("position")
        ],
        "categories": [
            {"name": category.name, "slug": category.slug}
            | {
                "services": [
                    _named(service, aliases.get(("service", service.pk)))
                    | ({"non_regional": True} if service.non_regional else {})
                    | (
                        {"offered": offered.get(service.pk, [])}
                        if offered.get(service.pk) or not service.non_regional
                        else {}
                    )
                    | ({"depends_on": needs[service.pk]} if service.pk in needs else {})
                    for service in category.services.current().order_by("position")
                ]
            }
            for category in ServiceCategory.objects.current().order_by("position")
        ],
    }


def apply_in_lines(*, catalogue: Catalogue, now: datetime) -> Iterator[str]:
    """Store the catalogue as `apply_catalogue` does; what is different by then, a line each."""
    before = _current()
    counts = apply_catalogue(catalogue=catalogue, now=now)
    after = _current()
    for table, change in counts.tables.items():
        if change:
            yield f"{table}: {change}"
    for mark, names in (("+", after - before), ("-", before - after)):
        for kind, slug in sorted(names):
            yield f"{mark} {kind} {slug}"


def _current() -> set[tuple[str, str]]:
    return {
        (kind, slug)
        for kind, rows in (("service", Service.objects), ("region", Region.objects))
        for slug in rows.current().values_list("slug", flat=True)
    }


def _named(row: Geography | Region | Service, aliases: list[str] | None) -> Document:
    return {"name": row.name, "slug": row.slug} | ({"aliases": aliases} if aliases else {})
