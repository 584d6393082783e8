"""The fields of one mapping of the file, read with the checks that every field needs."""

from __future__ import annotations

import difflib
import re

from incidents.importers.catalogue_file.nodes import Listing, Mapping, Node, Scalar, shown
from incidents.importers.catalogue_file.shapes import (
    NAME_LENGTH,
    SLUG_FORM,
    SLUG_LENGTH,
    CatalogueError,
    derive_slug,
    fold_name,
)

FLAGS = {"true": True, "yes": True, "false": False, "no": False}


class Fields:
    """A mapping whose keys are known. `what` says what it describes: "a region"."""

    def __init__(self, node: Node, source: str, what: str, allowed: tuple[str, ...]) -> None:
        if not isinstance(node, Mapping):
            raise CatalogueError(
                source, node.line, f"{what} is not a mapping", f"write it as `{allowed[0]}: …`"
            )
        self.node = node
        self.source = source
        self.what = what
        self.line = node.line
        for key, line in node.keys.items():
            if key not in allowed:
                raise self.error(line, f"unknown key {shown(key)} in {what}", _hint(key, allowed))

    def error(self, line: int, what: str, remedy: str) -> CatalogueError:
        return CatalogueError(self.source, line, what, remedy)

    def has(self, key: str) -> bool:
        return key in self.node.values

    def name(self) -> Scalar:
        node = self.node.values.get("name")
        if node is None:
            raise self.error(self.line, f"{self.what} has no name", "add `name: …`")
        return self._name(node, "name")

    def slug(self, name: Scalar) -> str:
        """The slug as given, else one made of the name."""
        node = self.node.values.get("slug")
        if node is None:
            slug = derive_slug(name.text)
            if not slug:
                what = f"no slug can be made of the name {shown(name.text)}"
                raise self.error(name.line, what, "add `slug: …` (a-z, 0-9, hyphens)")
            return slug[:SLUG_LENGTH].rstrip("-")
        slug_text = self._scalar(node, "slug").text
        if not re.fullmatch(SLUG_FORM, slug_text) or len(slug_text) > SLUG_LENGTH:
            raise self.error(
                node.line,
                f"the slug {shown(slug_text)} is not in form",
                f"use a-z, 0-9 and single hyphens, at most {SLUG_LENGTH} characters",
            )
        return slug_text

    def flag(self, key: str) -> bool:
        node = self.node.values.get(key)
        if node is None:
            return False
        text = self._scalar(node, key).text
        if text.lower() not in FLAGS:
            raise self.error(node.line, f"{key} is {shown(text)}", "write true or false")
        return FLAGS[text.lower()]

    def nodes(self, key: str) -> list[Node]:
        """The entries of a list that must be there and hold something."""
        node = self.node.values.get(key)
        if node is None:
            raise self.error(self.line, f"{self.what} has no {key}", f"add `{key}:` with a list")
        if not isinstance(node, Listing):
            raise self.error(node.line, f"{key} is not a list", "start every entry with `- `")
        if not node.items:
            raise self.error(node.line, f"{key} is an empty list", "add an entry")
        return node.items

    def texts(self, key: str) -> list[Scalar]:
        """Words of a field that takes one or a list; none where the field is absent."""
        node = self.node.values.get(key)
        if node is None:
            return []
        items = node.items if isinstance(node, Listing) else [node]
        return [self._filled(item, key) for item in items]

    def names(self, key: str) -> list[Scalar]:
        """As `texts`, each in the form of a name."""
        node = self.node.values.get(key)
        if node is None:
            return []
        return [
            self._name(item, key) for item in (node.items if isinstance(node, Listing) else [node])
        ]

    def _scalar(self, node: Node, key: str) -> Scalar:
        if not isinstance(node, Scalar):
            raise self.error(
                node.line, f"{key} of {self.what} holds more than a text", "write one text there"
            )
        return node

    def _filled(self, node: Node, key: str) -> Scalar:
        scalar = self._scalar(node, key)
        if not scalar.text:
            raise self.error(node.line, f"{key} of {self.what} is empty", "fill it or remove it")
        return scalar

    def _name(self, node: Node, key: str) -> Scalar:
        scalar = self._filled(node, key)
        folded = fold_name(scalar.text)
        if not folded:
            what = f"the {key} {shown(scalar.text)} has no letter or digit"
            raise self.error(node.line, what, "write a name that people can say")
        if max(len(scalar.text), len(folded)) > NAME_LENGTH:
            what = f"the {key} {shown(scalar.text)} is too long"
            raise self.error(node.line, what, f"use at most {NAME_LENGTH} characters")
        return scalar


def _hint(key: str, allowed: tuple[str, ...]) -> str:
    if near := difflib.get_close_matches(key, allowed, n=1):
        return f"did you mean `{near[0]}`?"
    return f"known are {', '.join(allowed)}"
