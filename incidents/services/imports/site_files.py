"""A file of another page, whatever it is: our own JSON Lines, Markdown with front matter, or a JSON document."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from incidents.importers.site.found import FoundOnSite, SiteFileError
from incidents.importers.site.readers import READERS, format_of, front_matter, unread_members
from incidents.policy import load_json
from incidents.services.imports.documents import FORMAT
from incidents.validation import RefusedError

MARKDOWN = (".md", ".markdown")


@dataclass
class Read:
    """`own`: documents as `export_incidents` writes them; `found`: what other pages state; `unread`: what their
    files have beside incidents.
    """

    own: list[dict[str, Any]] = field(default_factory=list)
    found: list[FoundOnSite] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)

    def add(self, text: str, name: str, chosen: str = "auto") -> None:
        """Read one more file; `name` is told in errors, `chosen` one of READERS or `auto`.

        Raises SiteFileError or RefusedError, with place, value and remedy.
        """
        if name.endswith(MARKDOWN):
            self.found.append(front_matter(text, name))
        elif f'"{FORMAT}"' in text[:200]:
            self.own += [
                _own(load_json(line, f"{name}:{number}", RefusedError), name, number)
                for number, line in enumerate(text.splitlines(), 1)
                if line.strip()
            ]
        else:
            document = load_json(text, name, RefusedError)
            kind = format_of(document) if chosen == "auto" else chosen
            self.found += READERS[kind](document)
            self.unread.update(unread_members(kind, document))
        if self.own and self.found:
            raise SiteFileError(f"{name}: hand in our own JSON Lines by themselves")


def _own(value: object, name: str, number: int) -> dict[str, Any]:
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise SiteFileError(f"{name}:{number}: is no {FORMAT}; export it again")
    return value
