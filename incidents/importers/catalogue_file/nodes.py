"""YAML text → texts, lists and mappings that know their lines.

Deliberately less than YAML: no anchors and aliases (a few lines of them can stand for gigabytes),
no tags, no guessing of types (a zone `1` and a name `No` are texts), one document, little depth.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import yaml

from incidents.importers.catalogue_file.shapes import CatalogueError

MAX_DEPTH = 12

# Control characters, and invisible ones that reorder or hide text; joiners are letters' business.
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff\U000e0000-\U000e007f]"
)
LINE_BREAK = re.compile("\r\n|\r|\n")

# libyaml where PyYAML was built with it: about eight times faster.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Scalar(str):
    __slots__ = ("line",)
    line: int

    def __new__(cls, text: str, line: int) -> Scalar:
        self = super().__new__(cls, text)
        self.line = line
        return self

    @property
    def text(self) -> str:
        return str(self)


class Listing(list["Node"]):
    def __init__(self, line: int, items: Iterable[Node] = ()) -> None:
        super().__init__(items)
        self.line = line


class Mapping(dict[str, "Node"]):
    def __init__(self, line: int, entries: Iterable[tuple[str, int, Node]] = ()) -> None:
        """`entries`: key, its line, value."""
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}
        for key, key_line, value in entries:
            self.enter(key, key_line, value)

    def enter(self, key: str, line: int, value: Node) -> None:
        self[key] = value
        self.lines[key] = line


Node: TypeAlias = Scalar | Listing | Mapping


def shown(text: str) -> str:
    """The user's own text inside an error message: short, quoted, on one line."""
    text = text if len(text) <= 60 else text[:57] + "…"
    return "“" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text) + "”"


def parse_nodes(text: str, source: str) -> Node:
    """The tree of the only document in `text`. Raises `CatalogueError`."""
    if found := FORBIDDEN.search(text):
        line = len(LINE_BREAK.findall(text, 0, found.start())) + 1
        raise _forbidden(source, line, found.group())
    try:
        return _Builder(source).build(yaml.parse(text, Loader=LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise CatalogueError(
            source,
            mark.line + 1 if mark else None,
            f"is not YAML: {error.problem or error.context}",
            "check indentation, colons and quotes at and above this line",
        ) from None


def _forbidden(source: str, line: int, character: str) -> CatalogueError:
    return CatalogueError(
        source,
        line,
        f"holds the control or invisible character U+{ord(character):04X}",
        "remove it",
    )


class _Builder:
    """Events → nodes with an explicit stack, so that nesting can't exhaust Python's."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.open: list[Listing | Mapping] = []
        self.pending_key: list[Scalar | None] = []
        self.root: Node | None = None

    def build(self, events: Iterator[yaml.Event]) -> Node:
        for event in events:
            self._take(event)
        if self.root is None:
            raise CatalogueError(
                self.source, None, "is empty", "give it `geographies` and `categories`"
            )
        return self.root

    def _take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 0
        self._refuse_cleverness(event, line)
        if isinstance(event, yaml.ScalarEvent):
            self._place(self._scalar(event, line))
        elif isinstance(event, yaml.SequenceStartEvent):
            self._open(Listing(line))
        elif isinstance(event, yaml.MappingStartEvent):
            self._open(Mapping(line))
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            self.open.pop()
            self.pending_key.pop()

    def _refuse_cleverness(self, event: yaml.Event, line: int) -> None:
        if getattr(event, "anchor", None) is not None:
            raise self._error(line, "uses an anchor or alias (& or *)", "write the value out")
        if getattr(event, "tag", None) is not None:
            raise self._error(line, "uses a tag (!)", "write the plain value")
        if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            raise self._error(line, "starts a second document", "keep one document a file")

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> Scalar:
        # An escape in double quotes ("\0") passes the check of the raw text.
        if found := FORBIDDEN.search(event.value):
            raise _forbidden(self.source, line, found.group())
        return Scalar(" ".join(event.value.split()), line)

    def _open(self, node: Listing | Mapping) -> None:
        if len(self.open) >= MAX_DEPTH:
            raise self._error(node.line, "is nested too deeply", "compare with the example file")
        self._place(node)
        self.open.append(node)
        self.pending_key.append(None)

    def _place(self, node: Node) -> None:
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        if isinstance(parent, Listing):
            parent.append(node)
        elif (key := self.pending_key[-1]) is None:
            self.pending_key[-1] = self._key(parent, node)
        else:
            parent.enter(key.text, key.line, node)
            self.pending_key[-1] = None

    def _key(self, parent: Mapping, node: Node) -> Scalar:
        if not isinstance(node, Scalar):
            raise self._error(node.line, "has a list or mapping as a key", "use a word as the key")
        if node.text in parent:
            raise self._error(
                node.line,
                f"repeats the key {shown(node.text)} of line {parent.lines[node.text]}",
                "keep one of them",
            )
        return node

    def _error(self, line: int, what: str, remedy: str) -> CatalogueError:
        return CatalogueError(self.source, line, what, remedy)
