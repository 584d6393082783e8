"""What depends on what, and how: every name resolved, and no circle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from incidents.importers.catalogue_file.document import Dependencies
from incidents.importers.catalogue_file.names import NameBook
from incidents.importers.catalogue_file.nodes import Scalar, shown
from incidents.importers.catalogue_file.shapes import (
    CatalogueError,
    DependencyEntry,
)
from incidents.vocabulary import Plane, Strength

MAX_DEPENDENCIES = 50_000
HOW: dict[str, tuple[Strength, Plane]] = {
    "hard": (Strength.HARD, Plane.DATA),
    "soft": (Strength.SOFT, Plane.DATA),
    "hard_control": (Strength.HARD, Plane.CONTROL),
    "soft_control": (Strength.SOFT, Plane.CONTROL),
}


@dataclass(frozen=True, slots=True)
class Need:
    name: Scalar
    strength: Strength = Strength.HARD
    plane: Plane = Plane.DATA


def needs_of(said: Dependencies) -> list[Need]:
    """What a service or a category says under `depends_on`."""
    return [Need(name, *how) for key, how in HOW.items() for name in getattr(said, key)]


@dataclass(slots=True)
class Needs:
    """Collected while services are read, resolved when all of them are known."""

    source: str
    book: NameBook
    wanted: list[tuple[str, list[Need], list[Need]]] = field(default_factory=list)

    def add(self, service: str, own: list[Need], inherited: list[Need]) -> None:
        """`inherited` is what the whole category needs; it may name the service itself."""
        self.wanted.append((service, own, inherited))

    def resolve(self) -> tuple[DependencyEntry, ...]:
        """Each service and what it needs once, as it says itself first. Raises `CatalogueError`."""
        entries: list[DependencyEntry] = []
        lines: dict[str, dict[str, int]] = {}
        for service, own, inherited in self.wanted:
            found = dict(self._own(service, own))
            for need in inherited:
                slug = self._slug(need.name)
                if slug != service:
                    found.setdefault(slug, need)
            lines[service] = {slug: need.name.line for slug, need in found.items()}
            entries += [
                DependencyEntry(service, slug, need.strength, need.plane)
                for slug, need in found.items()
            ]
            if len(entries) > MAX_DEPENDENCIES:
                what = f"more than {MAX_DEPENDENCIES} dependencies"
                line = next(iter(lines[service].values()))
                raise CatalogueError(self.source, line, what, "shorten the catalogue")
        self._refuse_circles(lines)
        return tuple(entries)

    def _own(self, service: str, own: list[Need]) -> Iterator[tuple[str, Need]]:
        seen = set()
        for need in own:
            scalar = need.name
            slug = self._slug(scalar)
            if slug == service:
                what = f"{shown(service)} depends on itself"
                raise CatalogueError(self.source, scalar.line, what, "remove it")
            if slug in seen:
                what = f"{shown(scalar.text)} is listed twice in depends_on"
                raise CatalogueError(self.source, scalar.line, what, "remove one")
            seen.add(slug)
            yield slug, need

    def _slug(self, scalar: Scalar) -> str:
        slug = self.book.find("service", scalar.text)
        if slug is None:
            what = f"unknown service {shown(scalar.text)} in depends_on"
            remedy = self.book.suggest("service", scalar.text)
            raise CatalogueError(self.source, scalar.line, what, remedy)
        return slug

    def _refuse_circles(self, lines: dict[str, dict[str, int]]) -> None:
        """Depth first with an explicit stack: a chain may be longer than Python's own stack."""
        done: set[str] = set()
        for start in lines:
            if start in done:
                continue
            path = [start]
            on_path = {start}
            ahead = [iter(lines[start].items())]
            while ahead:
                slug, line = next(ahead[-1], (None, 0))
                if slug is None:
                    ahead.pop()
                    on_path.discard(path[-1])
                    done.add(path.pop())
                elif slug in on_path:
                    raise self._circle([*path[path.index(slug) :], slug], line)
                elif slug not in done:
                    path.append(slug)
                    on_path.add(slug)
                    ahead.append(iter(lines[slug].items()))

    def _circle(self, path: list[str], line: int) -> CatalogueError:
        shortened = path if len(path) <= 6 else [*path[:3], "…", *path[-2:]]
        what = f"dependencies run in a circle: {' → '.join(shortened)}"
        return CatalogueError(self.source, line, what, "remove one of these dependencies")
