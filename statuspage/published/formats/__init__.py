"""The public picture for machines: feeds, calendar, Statuspage v2, Google's shape, badges.

Pure functions over `Picture`. `format_pages` makes the files at fixed addresses; what depends on a query or
would be thousands of files is answered by `format_answers` from `format_index`, without any database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from statuspage.published.formats import google, queries, statuspage_v2
from statuspage.published.formats.badges import badge
from statuspage.published.formats.feeds import Channel
from statuspage.published.formats.plain import line
from statuspage.published.formats.queries import BADGES, FEEDS, FILTERS, Generation
from statuspage.published.picture import Picture
from statuspage.published.sentences import headline
from statuspage.published.site import Page

__all__ = ["FILTERS", "Answer", "Generation", "format_answers", "format_index", "format_pages"]

Answer = Callable[[str, Mapping[str, str], Generation], Page | None]


def format_index(picture: Picture, *, site_name: str, base_url: str) -> dict[str, Any]:
    """What `format_answers` reads: one key, to be merged into `Site.index`. JSON-able."""
    data = queries.index(picture, site_name=_name(site_name), base_url=base_url.rstrip("/"))
    return {queries.KEY: data}


def format_pages(
    picture: Picture,
    *,
    site_name: str,
    base_url: str,
    index: Mapping[str, Any] | None = None,
) -> dict[str, Page]:
    """URL path -> page, for every fixed address. `base_url`: scheme and host, as readers reach us.

    `index`: what `format_index` returned for this picture, if it is at hand: it spares making the
    entries twice.
    """
    name, base = _name(site_name), base_url.rstrip("/")
    if index is None:
        index = format_index(picture, site_name=site_name, base_url=base_url)
    data = index[queries.KEY]
    return {
        **{
            path: write(Channel(name, base, path, picture.as_of), data[kind])
            for path, (kind, write) in FEEDS.items()
        },
        **statuspage_v2.pages(picture, site_name=name, base_url=base),
        **google.pages(picture),
        f"{BADGES}overall.svg": badge(name, headline(picture).state, picture.as_of),
    }


def _name(site_name: str) -> str:
    return line(site_name) or _("Status")


# By path prefix, as `serve` wants them.
format_answers: Mapping[str, Answer] = {
    **dict.fromkeys(FEEDS, queries.filtered_feed),
    BADGES: queries.cell_badge,
}
