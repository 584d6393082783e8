"""What a catalogue file says, as plain values, and the forms its words must have."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from incidents.importers.text_file import TextFileError
from incidents.vocabulary import GLOBAL_SLUG, Plane, Strength

GLOBAL_GEOGRAPHY_NAME = "Global"
GLOBAL_REGION_NAME = "Non-regional"

# Words that public URLs use where a geography could stand, or that filters read as "any".
RESERVED_SLUGS = frozenset(
    (
        "about",
        "admin",
        "all",
        "any",
        "api",
        "badge",
        "badges",
        "calendar",
        "confirm",
        "desk",
        "embed",
        "export",
        "feed",
        "feedback",
        "feeds",
        "find",
        "global",
        "health",
        "help",
        "history",
        "incident",
        "incidents",
        "leave",
        "legend",
        "live",
        "login",
        "logout",
        "maintenance",
        "manage",
        "metrics",
        "none",
        "now",
        "page",
        "pages",
        "ready",
        "review",
        "reviews",
        "rss",
        "search",
        "service",
        "service-health",
        "services",
        "static",
        "status",
        "subscribe",
        "summary",
        "unsubscribe",
    )
)

PrintableKind = Literal["service", "region", "geography"]


class CatalogueError(TextFileError):
    """A catalogue file that can't be used: one line that names file, line, fault and remedy."""


class WithNames(NamedTuple):
    """Something a text may name."""

    kind: PrintableKind
    slug: str
    name: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GeographyEntry:
    slug: str
    name: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegionEntry:
    """`geography` is the slug of one; `zones` are labels such as "1"."""

    slug: str
    name: str
    geography: str
    zones: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def is_global(self) -> bool:
        return self.slug == GLOBAL_SLUG


@dataclass(frozen=True, slots=True)
class CategoryEntry:
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class ServiceEntry:
    """`category` is the slug of one; `non_regional` services have a cell in the region `global`."""

    slug: str
    name: str
    category: str
    non_regional: bool = False
    aliases: tuple[str, ...] = ()


class DependencyEntry(NamedTuple):
    """`service` needs `depends_on` (slugs).

    `hard`: it fails when that fails; `soft`: parts of it may, or later, as caches and fallbacks run
    out. `plane` says of which of its own planes that is true: `data`, what it does for its users, or
    `control`, creating, changing and scaling it.
    """

    service: str
    depends_on: str
    strength: Strength = Strength.HARD
    plane: Plane = Plane.DATA


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A checked catalogue. Every tuple is in the order of the file, which is the order of display.

    `regions` ends with the region `global` of the geography `global`, which no file spells out.
    `offerings` holds (service slug, region slug). `prefixes` are vendor names that a text may put
    before any name ("Azure").
    """

    prefixes: tuple[str, ...]
    geographies: tuple[GeographyEntry, ...]
    regions: tuple[RegionEntry, ...]
    categories: tuple[CategoryEntry, ...]
    services: tuple[ServiceEntry, ...]
    offerings: tuple[tuple[str, str], ...]
    dependencies: tuple[DependencyEntry, ...]

    def names(self) -> Iterator[WithNames]:
        """All services, regions and geographies by name and aliases.

        Without the geography `global`: "global" in a text is an adjective, not a place.
        """
        for service in self.services:
            yield WithNames("service", service.slug, service.name, service.aliases)
        for region in self.regions:
            yield WithNames("region", region.slug, region.name, region.aliases)
        for geography in self.geographies:
            if geography.slug != GLOBAL_SLUG:
                yield WithNames("geography", geography.slug, geography.name, geography.aliases)


def fold_name(name: str) -> str:
    """The words of the name without case and punctuation: "East-US" and "east us" fold alike."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    # Marks count: without them, words of several Indian scripts would lose their vowels.
    letters = (c if c.isalnum() or unicodedata.category(c).startswith("M") else " " for c in folded)
    return " ".join("".join(letters).split())


def derive_slug(name: str) -> str:
    """A slug for the name, empty where the name has no Latin letter or digit to make one of."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    return "-".join(re.findall("[a-z0-9]+", plain))
