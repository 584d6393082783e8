"""A catalogue file, section by section: prefixes, geographies, region sets, services."""

from __future__ import annotations

from dataclasses import dataclass, field

from incidents.importers.catalogue_file.dependencies import Needs, needs_of
from incidents.importers.catalogue_file.fields import Fields
from incidents.importers.catalogue_file.names import NameBook, Owner
from incidents.importers.catalogue_file.nodes import Mapping, Node, Scalar, parse_nodes, shown
from incidents.importers.catalogue_file.sets import EVERYWHERE, RegionSets
from incidents.importers.catalogue_file.shapes import (
    GLOBAL_GEOGRAPHY_NAME,
    GLOBAL_REGION_NAME,
    GLOBAL_SLUG,
    RESERVED_SLUGS,
    ZONE_LENGTH,
    Catalogue,
    CatalogueError,
    CategoryEntry,
    GeographyEntry,
    RegionEntry,
    ServiceEntry,
    fold_name,
)

SECTIONS = ("geographies", "categories", "region_sets", "prefix")
GEOGRAPHY = ("name", "slug", "aliases", "regions")
REGION = ("name", "slug", "aliases", "zones")
CATEGORY = ("name", "slug", "offered", "depends_on", "services")
SERVICE = ("name", "slug", "aliases", "offered", "non_regional", "depends_on")

# Bounds against files that are small and stand for millions of rows.
MAX_REGIONS = 1_000
MAX_SERVICES = 2_000
MAX_CELLS = 250_000


def read_catalogue(text: str, source: str = "catalogue.yaml") -> Catalogue:
    """The catalogue that a YAML text describes; `source` names it in messages.

    Raises `CatalogueError` with the line of the first fault.
    """
    top = Fields(parse_nodes(text, source), source, "the file", SECTIONS)
    reading = _Reading(source, NameBook(source))
    reading.prefixes(top)
    for node in top.nodes("geographies"):
        reading.geography(node)
    reading.sets.read(top.node.values.get("region_sets"))
    for node in top.nodes("categories"):
        reading.category(node)
    return reading.catalogue()


@dataclass(slots=True)
class _Reading:
    """The state of one reading, and what has been found so far."""

    source: str
    book: NameBook
    geographies: list[GeographyEntry] = field(default_factory=list)
    regions: list[RegionEntry] = field(default_factory=list)
    categories: list[CategoryEntry] = field(default_factory=list)
    services: list[ServiceEntry] = field(default_factory=list)
    offerings: list[tuple[str, str]] = field(default_factory=list)
    vendor: tuple[str, ...] = ()
    sets: RegionSets = field(init=False)
    needs: Needs = field(init=False)

    def __post_init__(self) -> None:
        self.sets = RegionSets(self.source, self.book, self.regions)
        self.needs = Needs(self.source, self.book)

    def prefixes(self, top: Fields) -> None:
        self.vendor = tuple(scalar.text for scalar in top.names("prefix"))
        self.book.prefixes = tuple(fold_name(prefix) for prefix in self.vendor)

    def geography(self, node: Node) -> None:
        fields = Fields(node, self.source, "a geography", GEOGRAPHY)
        name, aliases = fields.name(), fields.names("aliases")
        slug = fields.slug(name)
        if slug in RESERVED_SLUGS:
            what = f"the geography slug {shown(slug)} is a word that page addresses need"
            raise CatalogueError(self.source, name.line, what, "give another `slug`")
        self.book.claim(Owner("geography", slug, name.line), name, aliases)
        self.geographies.append(GeographyEntry(slug, name.text, _texts(aliases)))
        for region in fields.nodes("regions"):
            self._region(slug, region)

    def _region(self, geography: str, node: Node) -> None:
        fields = Fields(_named(node), self.source, "a region", REGION)
        name, aliases = fields.name(), fields.names("aliases")
        slug = fields.slug(name)
        if slug == GLOBAL_SLUG or fold_name(name.text) == fold_name(GLOBAL_REGION_NAME):
            what = f"the region {shown(name.text)} stands for services without region"
            remedy = "remove it (it is always there) or give another name and `slug`"
            raise CatalogueError(self.source, name.line, what, remedy)
        self.book.claim(Owner("region", slug, name.line), name, aliases)
        zones = self._zones(fields)
        self.regions.append(RegionEntry(slug, name.text, geography, zones, _texts(aliases)))
        self._bound(len(self.regions), MAX_REGIONS, "regions", name.line)

    def _zones(self, fields: Fields) -> tuple[str, ...]:
        zones: list[str] = []
        for zone in fields.texts("zones"):
            if len(zone.text) > ZONE_LENGTH:
                what = f"the zone {shown(zone.text)} is too long"
                remedy = f"use at most {ZONE_LENGTH} characters"
                raise CatalogueError(self.source, zone.line, what, remedy)
            if zone.text in zones:
                what = f"the zone {shown(zone.text)} is listed twice"
                raise CatalogueError(self.source, zone.line, what, "remove one")
            zones.append(zone.text)
        return tuple(zones)

    def category(self, node: Node) -> None:
        fields = Fields(node, self.source, "a category", CATEGORY)
        name = fields.name()
        slug = fields.slug(name)
        self.book.claim_slug("category", slug, name.line)
        self.categories.append(CategoryEntry(slug, name.text))
        for service in fields.nodes("services"):
            self._service(slug, fields, service)

    def _service(self, category: str, defaults: Fields, node: Node) -> None:
        fields = Fields(_named(node), self.source, "a service", SERVICE)
        name, aliases = fields.name(), fields.names("aliases")
        slug, non_regional = fields.slug(name), fields.flag("non_regional")
        self.book.claim(Owner("service", slug, name.line), name, aliases)
        self.services.append(ServiceEntry(slug, name.text, category, non_regional, _texts(aliases)))
        self._bound(len(self.services), MAX_SERVICES, "services", name.line)
        self._offer(slug, name, fields, defaults, non_regional=non_regional)
        self.needs.add(slug, needs_of(fields), needs_of(defaults))

    def _offer(
        self, slug: str, name: Scalar, fields: Fields, defaults: Fields, *, non_regional: bool
    ) -> None:
        """The cells of a service: as it says, else as its category says, else all regions.

        A non-regional service that says nothing has none but its own.
        """
        if fields.has("offered") or non_regional:
            places = fields.texts("offered")
        elif defaults.has("offered"):
            places = defaults.texts("offered")
        else:
            places = [Scalar(EVERYWHERE, fields.line)]
        where = self.sets.regions_of(places)
        if not where and not non_regional:
            what = f"the service {shown(name.text)} is offered nowhere"
            remedy = "name a region set that has regions, or add `non_regional: true`"
            raise CatalogueError(self.source, name.line, what, remedy)
        self.offerings += [(slug, region.slug) for region in self.regions if region.slug in where]
        if non_regional:
            self.offerings.append((slug, GLOBAL_SLUG))
        self._bound(len(self.offerings), MAX_CELLS, "cells (service in region)", name.line)

    def catalogue(self) -> Catalogue:
        return Catalogue(
            prefixes=self.vendor,
            geographies=(
                *self.geographies,
                GeographyEntry(GLOBAL_SLUG, GLOBAL_GEOGRAPHY_NAME),
            ),
            regions=(*self.regions, RegionEntry(GLOBAL_SLUG, GLOBAL_REGION_NAME, GLOBAL_SLUG)),
            categories=tuple(self.categories),
            services=tuple(self.services),
            offerings=tuple(self.offerings),
            dependencies=self.needs.resolve(),
        )

    def _bound(self, count: int, most: int, what: str, line: int) -> None:
        if count > most:
            raise CatalogueError(
                self.source, line, f"more than {most} {what}", "split or shorten the catalogue"
            )


def _named(node: Node) -> Node:
    """A bare text is short for an item that has a name only."""
    if isinstance(node, Scalar):
        return Mapping(node.line, {"name": node.line}, {"name": node})
    return node


def _texts(scalars: list[Scalar]) -> tuple[str, ...]:
    return tuple(scalar.text for scalar in scalars)
