"""A catalogue file, section by section: prefixes, geographies, region sets, services."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from incidents.importers.catalogue_file.dependencies import Needs, needs_of
from incidents.importers.catalogue_file.document import (
    FLAGS,
    CategoryPart,
    Document,
    GeographyPart,
    RegionPart,
    ServicePart,
    read_part,
)
from incidents.importers.catalogue_file.names import NameBook, Owner
from incidents.importers.catalogue_file.nodes import Scalar, parse_nodes, shown
from incidents.importers.catalogue_file.sets import EVERYWHERE, RegionSets
from incidents.importers.catalogue_file.shapes import (
    GLOBAL_GEOGRAPHY_NAME,
    GLOBAL_REGION_NAME,
    RESERVED_SLUGS,
    Catalogue,
    CatalogueError,
    CategoryEntry,
    GeographyEntry,
    RegionEntry,
    ServiceEntry,
    derive_slug,
    fold_name,
)
from incidents.vocabulary import GLOBAL_SLUG, SLUG_LENGTH

# Bounds against files that are small and stand for millions of rows.
MAX_REGIONS = 1_000
MAX_SERVICES = 2_000
MAX_CELLS = 250_000


def read_catalogue(text: str, source: str = "catalogue.yaml") -> Catalogue:
    """The catalogue that a YAML text describes; `source` names it in messages.

    Raises `CatalogueError` with the line of the first fault.
    """
    document = read_part(parse_nodes(text, source), Document, source)
    reading = _Reading(source, NameBook(source))
    reading.prefixes(document.prefix)
    for geography in document.geographies:
        reading.geography(geography)
    reading.sets.read(document.region_sets)
    for category in document.categories:
        reading.category(category)
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

    def prefixes(self, names: Sequence[Scalar]) -> None:
        self.vendor = _texts(names)
        self.book.prefixes = tuple(fold_name(prefix) for prefix in self.vendor)

    def geography(self, part: GeographyPart) -> None:
        name, slug = part.name, self._slug(part.name, part.slug)
        if slug in RESERVED_SLUGS:
            what = f"the geography slug {shown(slug)} is a word that page addresses need"
            raise CatalogueError(self.source, name.line, what, "give another `slug`")
        self.book.claim(Owner("geography", slug, name.line), name, part.aliases)
        self.geographies.append(GeographyEntry(slug, name.text, _texts(part.aliases)))
        for region in part.regions:
            self._region(slug, region)

    def _region(self, geography: str, part: RegionPart) -> None:
        name, slug = part.name, self._slug(part.name, part.slug)
        if slug == GLOBAL_SLUG or fold_name(name.text) == fold_name(GLOBAL_REGION_NAME):
            what = f"the region {shown(name.text)} stands for services without region"
            remedy = "remove it (it is always there) or give another name and `slug`"
            raise CatalogueError(self.source, name.line, what, remedy)
        self.book.claim(Owner("region", slug, name.line), name, part.aliases)
        for index, zone in enumerate(part.zones):
            if zone in part.zones[:index]:
                what = f"the zone {shown(zone.text)} is listed twice"
                raise CatalogueError(self.source, zone.line, what, "remove one")
        zones, aliases = _texts(part.zones), _texts(part.aliases)
        self.regions.append(RegionEntry(slug, name.text, geography, zones, aliases))
        self._bound(len(self.regions), MAX_REGIONS, "regions", name.line)

    def category(self, part: CategoryPart) -> None:
        slug = self._slug(part.name, part.slug)
        self.book.claim_slug("category", slug, part.name.line)
        self.categories.append(CategoryEntry(slug, part.name.text))
        for service in part.services:
            self._service(slug, part, service)

    def _service(self, category: str, defaults: CategoryPart, part: ServicePart) -> None:
        name, slug = part.name, self._slug(part.name, part.slug)
        non_regional = part.non_regional is not None and FLAGS[part.non_regional.lower()]
        self.book.claim(Owner("service", slug, name.line), name, part.aliases)
        aliases = _texts(part.aliases)
        self.services.append(ServiceEntry(slug, name.text, category, non_regional, aliases))
        self._bound(len(self.services), MAX_SERVICES, "services", name.line)
        self._offer(slug, part, defaults, non_regional=non_regional)
        self.needs.add(slug, needs_of(part.depends_on), needs_of(defaults.depends_on))

    def _offer(
        self, slug: str, part: ServicePart, defaults: CategoryPart, *, non_regional: bool
    ) -> None:
        """The cells of a service: as it says, else as its category says, else all regions.

        A non-regional service that says nothing has none but its own.
        """
        name = part.name
        places: Sequence[Scalar] = (Scalar(EVERYWHERE, name.line),)
        if part.offered is not None or non_regional:
            places = part.offered or ()
        elif defaults.offered is not None:
            places = defaults.offered
        where = self.sets.regions_of(places)
        if not where and not non_regional:
            what = f"the service {shown(name.text)} is offered nowhere"
            remedy = "name a region set that has regions, or add `non_regional: true`"
            raise CatalogueError(self.source, name.line, what, remedy)
        self.offerings += [(slug, region.slug) for region in self.regions if region.slug in where]
        if non_regional:
            self.offerings.append((slug, GLOBAL_SLUG))
        self._bound(len(self.offerings), MAX_CELLS, "cells (service in region)", name.line)

    def _slug(self, name: Scalar, given: Scalar | None) -> str:
        """The slug as given, else one made of the name."""
        if given is not None:
            return given.text
        slug = derive_slug(name.text)
        if not slug:
            what = f"no slug can be made of the name {shown(name.text)}"
            remedy = "add `slug: …` (a-z, 0-9, hyphens)"
            raise CatalogueError(self.source, name.line, what, remedy)
        return slug[:SLUG_LENGTH].rstrip("-")

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


def _texts(scalars: Sequence[Scalar]) -> tuple[str, ...]:
    return tuple(scalar.text for scalar in scalars)
