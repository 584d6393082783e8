"""Region sets: "offered where" said once and by name, not by hand for every service."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field

from incidents.importers.catalogue_file.document import RegionSetPart, read_part
from incidents.importers.catalogue_file.names import NameBook, compact
from incidents.importers.catalogue_file.nodes import Mapping, Node, Scalar, shown
from incidents.importers.catalogue_file.shapes import CatalogueError, RegionEntry

EVERYWHERE = "all"
# Sets are resolved by recursion; this keeps a long chain of them within Python's stack.
MAX_SETS = 100


@dataclass(frozen=True, slots=True)
class SetRule:
    name: str
    include: Sequence[Scalar]
    exclude: Sequence[Scalar]


@dataclass(slots=True)
class RegionSets:
    """Answers which regions a set, a geography or a region's name stands for."""

    source: str
    book: NameBook
    regions: list[RegionEntry]
    rules: dict[str, SetRule] = field(default_factory=dict)
    resolved: dict[str, frozenset[str]] = field(default_factory=dict)

    def read(self, section: Mapping | None) -> None:
        """Take the section `region_sets`, and resolve every set of it, used or not."""
        self.resolved[EVERYWHERE] = frozenset(region.slug for region in self.regions)
        if section is None:
            return
        if len(section) > MAX_SETS:
            what = f"more than {MAX_SETS} region sets"
            raise CatalogueError(self.source, section.line, what, "use fewer")
        for name, node in section.items():
            self._add(Scalar(name, section.lines[name]), node)
        for rule in self.rules.values():
            self._resolve(rule, ())

    def regions_of(self, places: Sequence[Scalar]) -> frozenset[str]:
        """Slugs of all regions that the places stand for. Raises `CatalogueError`."""
        return self._union(places, ())

    def _add(self, name: Scalar, node: Node) -> None:
        form = compact(name.text)
        taken = form in self.rules or form == EVERYWHERE or form in self.book.owners
        if taken or not form:
            raise CatalogueError(
                self.source,
                name.line,
                f"the region set {shown(name.text)} has the name of something else",
                "call it otherwise (`all` is every region)",
            )
        part = read_part(node, RegionSetPart, self.source, at=f"region_sets.{name}")
        self.rules[form] = SetRule(name.text, part.include, part.exclude)

    def _resolve(self, rule: SetRule, above: tuple[str, ...]) -> frozenset[str]:
        form = compact(rule.name)
        if form not in self.resolved:
            inside = (*above, rule.name)
            found = self._union(rule.include, inside) - self._union(rule.exclude, inside)
            self.resolved[form] = found
        return self.resolved[form]

    def _union(self, places: Sequence[Scalar], above: tuple[str, ...]) -> frozenset[str]:
        return frozenset().union(*(self._place(place, above) for place in places))

    def _place(self, place: Scalar, above: tuple[str, ...]) -> frozenset[str]:
        form = compact(place.text)
        if form in self.resolved:
            return self.resolved[form]
        if rule := self.rules.get(form):
            if rule.name in above:
                what = f"region sets refer to each other: {' → '.join((*above, rule.name))}"
                raise CatalogueError(self.source, place.line, what, "break the circle")
            return self._resolve(rule, above)
        if slug := self.book.find("region", place.text):
            return frozenset((slug,))
        if geography := self.book.find("geography", place.text):
            return frozenset(r.slug for r in self.regions if r.geography == geography)
        raise self._unknown(place)

    def _unknown(self, place: Scalar) -> CatalogueError:
        known = {compact(region.name): region.slug for region in self.regions}
        known |= {form: rule.name for form, rule in self.rules.items()}
        near = difflib.get_close_matches(compact(place.text), known, n=1)
        remedy = (
            f"did you mean `{known[near[0]]}`?"
            if near
            else "name a region, a geography or a region set of this file"
        )
        what = f"unknown region or region set {shown(place.text)}"
        return CatalogueError(self.source, place.line, what, remedy)
