"""The public snapshot for machines: feeds, calendar, Statuspage v2, Google's shape, badges.

Pure functions over `Snapshot`. `format_pages` makes the files at fixed addresses; what depends on a query or
would be thousands of files is answered by `format_answers` from `format_index`, without any database.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from statuspage.public.formats import google, how_fast, views
from statuspage.public.formats.badges import badge, framed
from statuspage.public.formats.catalogue import FormatCatalogue
from statuspage.public.formats.feed import feed_queries
from statuspage.public.formats.feed.feed_queries import (
    BADGES,
    FEEDS,
    FILTERS,
    FRAMES,
    FeedGeneration,
)
from statuspage.public.formats.feed.feeds import FeedChannel
from statuspage.public.formats.plain import line
from statuspage.public.formats.statuspage import queries as statuspage_queries
from statuspage.public.formats.statuspage.v2 import DOCUMENTS, Documents
from statuspage.public.render.headline import headline
from statuspage.public.render.page import Page
from statuspage.public.render.table import dependents
from statuspage.public.snapshot.values import Snapshot

__all__ = [
    "FILTERS",
    "Answer",
    "FeedGeneration",
    "format_answers",
    "format_index",
    "format_pages",
    "format_parts",
]

SCRIPT = Path(__file__).with_name("embed.js")
Answer = Callable[[str, Mapping[str, str], FeedGeneration], Page | None]


def format_index(snapshot: Snapshot, *, site_name: str, base_url: str) -> dict[str, Any]:
    """What `format_answers` reads: one key, to be merged into `Site.index`. JSON-able."""
    data = feed_queries.index(snapshot, site_name=_name(site_name), base_url=base_url.rstrip("/"))
    return {feed_queries.KEY: data}


def format_pages(
    snapshot: Snapshot,
    *,
    site_name: str,
    base_url: str,
    index: Mapping[str, Any] | None = None,
) -> dict[str, Page]:
    """URL path -> page, for every fixed address. `base_url`: scheme and host, as readers reach us.

    `index`: what `format_index` returned for this snapshot, if it is at hand: it spares making the
    entries twice.
    """
    name, base = _name(site_name), base_url.rstrip("/")
    if index is None:
        index = format_index(snapshot, site_name=site_name, base_url=base_url)
    data = index[feed_queries.KEY]
    return {
        **{
            path: write(FeedChannel(name, base, path, snapshot.as_of, snapshot.site), data[kind])
            for path, (kind, write) in FEEDS.items()
        },
        **_default_documents(snapshot, name, base),
        **google.pages(snapshot),
        **how_fast.pages(snapshot),
        f"{BADGES}overall.svg": (overall := badge(name, headline(snapshot).state, snapshot.as_of)),
        FRAMES: framed(overall, base),
        "/embed.js": Page(SCRIPT.read_bytes(), "text/javascript; charset=utf-8", max_age=3600),
    }


def format_parts(snapshot: Snapshot) -> dict[str, bytes]:
    """What `format_answers` reads beside the index."""
    return {statuspage_queries.PART: statuspage_queries.part(snapshot)}


def _default_documents(snapshot: Snapshot, name: str, base: str) -> dict[str, Page]:
    catalogue = FormatCatalogue.of(snapshot)
    documents = Documents(
        views.by_service(catalogue),
        catalogue,
        statuspage_queries.kept(snapshot),
        site_name=name,
        base_url=base,
        site=snapshot.site,
        now=snapshot.as_of,
        dependents=dependents.rows(snapshot),
    )
    return {f"{statuspage_queries.API}{one}.json": documents.page(one) for one in DOCUMENTS}


def _name(site_name: str) -> str:
    return line(site_name) or _("Status")


# By path prefix, as `serve` wants them.
format_answers: Mapping[str, Answer] = {
    **dict.fromkeys(FEEDS, feed_queries.filtered_feed),
    BADGES: feed_queries.badge_of,
    FRAMES: feed_queries.frame_of,
    statuspage_queries.API: feed_queries.document,
}
