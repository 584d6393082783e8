"""Who may be called what: slugs, names and aliases belong to one owner each."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field

from incidents.importers.catalogue_file.nodes import Scalar, shown
from incidents.importers.catalogue_file.shapes import CatalogueError, PrintableKind, fold_name


def compact(name: str) -> str:
    """The folded name without its spaces: by this form names are looked up, and may not clash."""
    return fold_name(name).replace(" ", "")


@dataclass(frozen=True, slots=True)
class Owner:
    kind: PrintableKind
    slug: str
    line: int


@dataclass(slots=True)
class NameBook:
    """All slugs, names and aliases of the file by their compact form.

    A name with and without the vendor's prefix is one name, since a text may say either: "Azure
    Firewall" and "Firewall" can't be two services.
    """

    source: str
    prefixes: tuple[str, ...] = ()
    slugs: dict[tuple[str, str], int] = field(default_factory=dict)
    owners: dict[str, Owner] = field(default_factory=dict)

    def claim_slug(self, kind: str, slug: str, line: int) -> None:
        """Raises `CatalogueError` where another `kind` has the slug."""
        if before := self.slugs.get((kind, slug)):
            raise CatalogueError(
                self.source,
                line,
                f"the slug {shown(slug)} already belongs to the {kind} of line {before}",
                "give one of them another `slug`",
            )
        self.slugs[kind, slug] = line

    def claim(self, owner: Owner, name: Scalar, aliases: Sequence[Scalar]) -> None:
        """Enter an item with all it is called. Raises `CatalogueError` on a name already taken."""
        self.claim_slug(owner.kind, owner.slug, owner.line)
        said = {fold_name(name.text)}
        for alias in aliases:
            if fold_name(alias.text) in said:
                raise CatalogueError(
                    self.source,
                    alias.line,
                    f"the alias {shown(alias.text)} repeats another name of {shown(name.text)}",
                    "remove it: case and punctuation make no difference",
                )
            said.add(fold_name(alias.text))
        for scalar in (Scalar(owner.slug, owner.line), name, *aliases):
            self._claim_name(owner, scalar)

    def _claim_name(self, owner: Owner, scalar: Scalar) -> None:
        for form in self._forms(scalar.text):
            before = self.owners.setdefault(form, owner)
            if before != owner:
                raise CatalogueError(
                    self.source,
                    scalar.line,
                    f"the name {shown(scalar.text)} already belongs to the {before.kind} "
                    f"of line {before.line}",
                    "one name, one owner: rename or remove one of them",
                )

    def _forms(self, text: str) -> set[str]:
        folded = fold_name(text)
        forms = {compact(folded)}
        for prefix in self.prefixes:
            if folded.startswith(f"{prefix} "):
                forms.add(compact(folded.removeprefix(prefix)))
        return forms

    def find(self, kind: PrintableKind, text: str) -> str | None:
        """The slug of the `kind` that is called so."""
        owner = self.owners.get(compact(text))
        return owner.slug if owner and owner.kind == kind else None

    def suggest(self, kind: PrintableKind, text: str) -> str:
        """A remedy for an unknown name."""
        known = [form for form, owner in self.owners.items() if owner.kind == kind]
        near = difflib.get_close_matches(compact(text), known, n=1)
        if near:
            return f"did you mean `{self.owners[near[0]].slug}`?"
        return f"name a {kind} of this file"
