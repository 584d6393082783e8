"""Reads rendered pages the strict way: what is open must be closed, ids are unique, nothing is inline."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "input", "br", "img", "hr", "line"})
OPTIONAL_END = frozenset({"li", "td", "th", "tr", "thead", "tbody", "option", "p", "dt", "dd"})


class Markup(HTMLParser):
    """Elements as (name, attributes), words as one text, faults as sentences."""

    def __init__(self, body: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.faults: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(body.decode())
        self.close()
        self.faults += [f"<{name}> stays open" for name in self._open if name not in OPTIONAL_END]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        self.elements.append((tag, dict(attrs)))
        self.faults += [
            f"<{tag} {name}>"
            for name in names
            if name == "style" or name.startswith(("on", "hx-on")) or names.count(name) > 1
        ]
        if tag == "style" or (tag == "script" and "src" not in names):
            self.faults.append(f"inline <{tag}>")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open[-1] != tag and self._open[-1] in OPTIONAL_END:
            self._open.pop()
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def repeated_ids(self) -> set[str]:
        ids = [attributes["id"] or "" for _, attributes in self.elements if "id" in attributes]
        return {one for one in ids if ids.count(one) > 1}

    def all(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        """Attributes of all elements of this name that have these values."""
        return [
            attributes
            for name, attributes in self.elements
            if name == tag and all(attributes.get(key) == value for key, value in wanted.items())
        ]

    def links(self) -> set[str]:
        return {attributes.get("href") or "" for attributes in self.all("a")}
