"""The site that is shown, as of a later time: what a publisher writes while nothing changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from django.utils.translation import override

from statuspage import languages
from statuspage.public.render.page import Page, Site
from statuspage.public.render.stamps import restamped
from statuspage.public.store import manifest as manifest_file
from statuspage.public.store.loaded import read_file
from statuspage.public.store.manifest import FileEntry, Manifest


def renewed(folder: Path, shown: Manifest, later: Site) -> Site:
    """`later`, made as of the later time, and with it the other pages that say as of when they are true.

    As a site that differs from `shown`. Raises GenerationError for files that are not what was published.
    """

    def stamped(path: str, name: str, entry: FileEntry) -> Page | None:
        body = read_file(folder, name, entry)
        with override(languages.split(path)[0]):
            new = restamped(body, later.as_of)
        return Page(new, entry.content_type, entry.status, entry.max_age) if new != body else None

    pages = {
        path: page
        for path, entry in shown.top.items()
        if path not in later.pages
        and entry.status == 200  # what is not there is so for ever
        and entry.content_type.startswith("text/html")
        and (page := stamped(path, manifest_file.page_file(path, entry.status), entry))
    }
    return replace(later, pages={**later.pages, **pages}, base=folder.name)
