"""What a catalogue file may hold, as `incidents.validation` reads it. Every text of it knows its line."""

from __future__ import annotations

import re
from typing import Annotated, TypeVar

from msgspec import Meta, Struct, inspect

from incidents.importers.catalogue_file.nodes import Listing, Mapping, Node, Scalar
from incidents.importers.catalogue_file.shapes import CatalogueError, fold_name
from incidents.validation import RefusedError, checked, core, read
from incidents.vocabulary import NAME_LENGTH, SLUG_FORM, SLUG_LENGTH, ZONE_LENGTH

T = TypeVar("T")

FLAGS = {"true": True, "yes": True, "false": False, "no": False}


def _is_name(value: object) -> bool:
    if not isinstance(value, Scalar):
        return False
    return bool(fold_name(value)) and max(len(value), len(fold_name(value))) <= NAME_LENGTH


def _is_slug(value: object) -> bool:
    fits = isinstance(value, Scalar) and len(value) <= SLUG_LENGTH
    return fits and re.fullmatch(SLUG_FORM, str(value)) is not None


def _is_zone(value: object) -> bool:
    return isinstance(value, Scalar) and 0 < len(value) <= ZONE_LENGTH


def _is_flag(value: object) -> bool:
    return isinstance(value, Scalar) and value.lower() in FLAGS


def _is_word(value: object) -> bool:
    return isinstance(value, Scalar) and bool(value)


NAME = f"a name that people can say: a letter or digit, at most {NAME_LENGTH} characters"
SLUG = f"a slug: a-z, 0-9 and single hyphens, at most {SLUG_LENGTH} characters"
ZONE = f"the label of a zone: 1 to {ZONE_LENGTH} characters"

Name = Annotated[Scalar, checked(NAME, _is_name)]
Slug = Annotated[Scalar, checked(SLUG, _is_slug)]
Zone = Annotated[Scalar, checked(ZONE, _is_zone)]
Flag = Annotated[Scalar, checked("true or false", _is_flag)]
Word = Annotated[Scalar, checked("a text", _is_word)]
Names = tuple[Name, ...]
Words = tuple[Word, ...]


def filled(what: str) -> Meta:
    return Meta(min_length=1, description=f"a list of {what}, each begun with `- `")


class Dependencies(Struct, frozen=True, rename=lambda name: name.replace("_", " ")):
    hard: Words = ()
    soft: Words = ()
    hard_control: Words = ()
    soft_control: Words = ()


class RegionPart(Struct, frozen=True):
    name: Name
    slug: Slug | None = None
    aliases: Names = ()
    zones: tuple[Zone, ...] = ()


class GeographyPart(Struct, frozen=True):
    name: Name
    regions: Annotated[tuple[RegionPart, ...], filled("regions")]
    slug: Slug | None = None
    aliases: Names = ()


class ServicePart(Struct, frozen=True):
    name: Name
    slug: Slug | None = None
    aliases: Names = ()
    offered: Words | None = None
    non_regional: Flag | None = None
    depends_on: Dependencies = Dependencies()


class CategoryPart(Struct, frozen=True):
    name: Name
    services: Annotated[tuple[ServicePart, ...], filled("services")]
    slug: Slug | None = None
    offered: Words | None = None
    depends_on: Dependencies = Dependencies()


class RegionSetPart(Struct, frozen=True, rename={"exclude": "except"}):
    include: Annotated[Words, filled("places")]
    exclude: Words = ()


class Document(Struct, frozen=True):
    geographies: Annotated[tuple[GeographyPart, ...], filled("geographies")]
    categories: Annotated[tuple[CategoryPart, ...], filled("categories")]
    region_sets: Annotated[Mapping, Meta(description="a mapping of sets")] | None = None
    prefix: Names = ()


# What stands for a mapping with this key alone: `- UK West` for `- {name: UK West}`.
SHORT_FOR: dict[type, str] = {
    Dependencies: "hard",
    RegionPart: "name",
    RegionSetPart: "include",
    ServicePart: "name",
}


def read_part(node: Node, shape: type[T], source: str, *, at: str = "") -> T:
    """`node` as a `shape`; `at` is its path in the file. Raises `CatalogueError` with the line of the first fault."""
    node = _spelled_out(node, inspect.type_info(shape))
    try:
        return read(node, shape, RefusedError, at=at, noun="the file")
    except RefusedError as refused:
        what, _, remedy = str(refused).partition("; ")
        line = _line(node, refused.steps)
        raise CatalogueError(source, line, what, remedy or "correct this line") from None


def _spelled_out(node: Node, kind: inspect.Type) -> Node:
    """One text for a list of it, and what `SHORT_FOR` has, in full."""
    kind = core(kind)
    if isinstance(kind, inspect.VarTupleType):
        if not isinstance(node, Listing) and isinstance(core(kind.item_type), inspect.CustomType):
            node = Listing(node.line, [node])
        if isinstance(node, Listing):
            return Listing(node.line, (_spelled_out(item, kind.item_type) for item in node))
    elif isinstance(kind, inspect.StructType):
        if not isinstance(node, Mapping) and kind.cls in SHORT_FOR:
            node = Mapping(node.line, [(SHORT_FOR[kind.cls], node.line, node)])
        if isinstance(node, Mapping):
            known = {field.encode_name: field.type for field in kind.fields}
            return Mapping(
                node.line,
                (
                    (
                        key,
                        node.lines[key],
                        _spelled_out(value, known[key]) if key in known else value,
                    )
                    for key, value in node.items()
                ),
            )
    return node


def _line(node: Node, steps: tuple[str | int, ...]) -> int:
    """Where the path leads, or as far as there is one."""
    line = node.line
    for step in steps:
        if isinstance(node, Mapping) and step in node:
            line, node = node.lines[str(step)], node[str(step)]
        elif isinstance(node, Listing) and isinstance(step, int):
            node = node[step]
            line = node.line
    return line
