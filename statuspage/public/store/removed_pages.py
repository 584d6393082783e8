"""What is shown and will be no more, when a language is written as a whole over an earlier generation."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus

from statuspage.public.render.page import Site
from statuspage.public.store.manifest import Manifest
from statuspage.public.store.manifest_shards import language_of


def left_over(
    shown: Manifest,
    site: Site,
    waiting: Collection[str],
    code: str,
    *,
    known: Collection[str],
    default: str,
) -> tuple[frozenset[str], bool]:
    """Names in this language that neither the site has nor are `waiting`, and whether an entry is among them.

    An entry leaves when its page goes, or answers 410 from now on. Languages that are not `known` go with the
    default one.
    """

    def ours(name: str) -> bool:
        language = language_of(name)
        return language == code or (code == default and language not in known)

    pages = {path: entry for path, entry in shown.pages.items() if ours(path)}
    parts = {name for name in shown.parts if ours(name)}
    dropped = {path for path in pages if path not in site.pages and path not in waiting}
    dropped |= {name for name in parts if name not in site.parts and name not in waiting}
    gone = {
        path
        for path, page in site.pages.items()
        if page.status == HTTPStatus.GONE and path in pages and pages[path].status == HTTPStatus.OK
    }
    return frozenset(dropped), bool(gone) or has_entry(dropped)


def has_entry(dropped: Collection[str]) -> bool:
    """Whether what is shown no more has a page of an entry, or its part of the history."""
    return any("history/" in name for name in dropped)
