"""What all public pages share: the frame around them, and the one call that renders a template."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from statuspage import languages

# What is the same on all pages of a language for as long as the settings are, if a page has it.
EVERYWHERE = (
    "asks_visitors", "base_url", "brand", "direction", "kept", "language", "root", "site_name"
)  # fmt: skip
MOST_KEPT = 200_000  # characters, per language


class KeptPieces:
    """Pieces of pages by what they were rendered from; those asked for last, in one language.

    Equal values must look the same: no number beside a truth value, no text that is safe in one place alone. Named
    tuples are compared in less time than dataclasses.
    """

    def __init__(self) -> None:
        self._pieces: OrderedDict[Hashable, SafeString] = OrderedDict()
        self.length = 0

    def get(self, key: Hashable, render: Callable[[], SafeString]) -> SafeString:
        # The one asked for last is the last to go.
        piece = self._pieces.pop(key, None)
        if piece is not None:
            self._pieces[key] = piece
            return piece
        piece = self._pieces[key] = render()
        self.length += len(piece)
        while self.length > MOST_KEPT:
            self.length -= len(self._pieces.popitem(last=False)[1])
        return piece

    def clear(self) -> None:
        self._pieces.clear()
        self.length = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """The facts every page states: `as_of` (UTC) is when the database was read.

    `kept`: what templates mark as the same for the same values (`{% kept %}`), in the language of the page.
    """

    as_of: datetime
    revision: int
    dated: bool = (
        True  # False: written anew only when something on it changes, so no time is stated
    )
    kept: KeptPieces | None = field(default=None, compare=False, repr=False)


class Alternate(NamedTuple):
    """The same page in another language: `path` with the query of what was asked for."""

    code: str
    name: str
    path: str


def render(template: str, layout: Layout, path: str, context: Mapping[str, Any]) -> bytes:
    """One page as UTF-8, in the current language.

    `path` is its canonical URL path, as in English; the context adds to the frame's. `query` in the context goes
    along when the language is changed.
    """
    return render_to_string(template, {**_shared(layout, path, context), **context}).encode()


def fragment(template: str, context: Mapping[str, Any]) -> bytes:
    """A part of a page as UTF-8, without the frame, in the current language."""
    return render_to_string(template, {"root": languages.root(), **context}).encode()


def _shared(layout: Layout, path: str, context: Mapping[str, Any]) -> dict[str, Any]:
    base = str(settings.BASE_URL).rstrip("/")
    root = languages.root()
    query = f"?{context['query']}" if context.get("query") else ""
    return {
        "site_name": settings.SITE_NAME,
        "base_url": base,
        "canonical": f"{base}{root}{path}",
        "root": root,
        "path": f"{root}{path}",
        "language": languages.current(),
        "languages": tuple(
            Alternate(code, name, f"{languages.root(code)}{path}{query}")
            for code, name in languages.names().items()
        ),
        "direction": languages.direction(),
        "as_of": layout.as_of,
        "dated": layout.dated,
        "revision": layout.revision,
        "kept": layout.kept,
        "asks_visitors": bool(settings.VISITOR_REPORTS),
        "section": "history" if path.startswith("/status/history/") else "status",
    }
