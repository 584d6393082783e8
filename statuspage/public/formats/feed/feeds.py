"""RSS 2.0, Atom and JSON Feed 1.1 out of the same entries. Pure.

Every feed says when it was made, whether or not there is anything to tell: empty is not stale.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from html import escape
from io import StringIO
from typing import Any, NamedTuple

from django.utils import feedgenerator
from django.utils.xmlutils import SimplerXMLGenerator

from incidents.texts.timestamps import seconds
from statuspage.public.formats.feed.feed_entries import FeedEntry
from statuspage.public.formats.plain import dump, parse
from statuspage.public.formats.statuspage.identity import lasting
from statuspage.public.render.page import Page

SHOWN = 50
MAX_AGE = 60
CONTENT = "http://purl.org/rss/1.0/modules/content/"


@dataclass(frozen=True, slots=True)
class FeedChannel:
    """What a feed says of itself. `title` on one line; `path` with the query, if any; `as_of` UTC; `site` the id
    of the installation."""

    title: str
    base_url: str
    path: str
    as_of: datetime
    site: str

    @property
    def home(self) -> str:
        """The same for people, with the query."""
        _, mark, query = self.path.partition("?")
        return f"{self.base_url}/status/updates/{mark}{query}"

    @property
    def own(self) -> str:
        return self.base_url + self.path

    @property
    def id(self) -> str:
        query = self.path.partition("?")[2]
        return lasting(self.site, f"feed?{query}" if query else "feed")


class _Dated(feedgenerator.SyndicationFeed):
    """Says when it was made, and holds entries as they were written once."""

    def latest_post_date(self) -> datetime:
        made: datetime = self.feed["made"]
        return made

    def write_items(self, handler: SimplerXMLGenerator) -> None:
        for entry in self.feed["entries"]:
            handler.ignorableWhitespace(entry)

    def write_added(self, handler: SimplerXMLGenerator) -> None:
        super().write_items(handler)  # type: ignore[misc]  # of both kinds


class _RssOfNow(_Dated, feedgenerator.Rss201rev2Feed):
    """As Azure's: a description in HTML, a category for each service and region; without an item all is well."""

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        for scheme, _slug, name in item["places"]:
            handler.addQuickElement("category", name, {"domain": scheme})


class _Rss(_RssOfNow):
    def rss_attributes(self) -> dict[str, str]:
        return {**super().rss_attributes(), "xmlns:content": CONTENT}

    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        handler.addQuickElement("content:encoded", item["html"])


class _Atom(_Dated, feedgenerator.Atom1Feed):
    def add_item_elements(self, handler: SimplerXMLGenerator, item: dict[str, Any]) -> None:
        super().add_item_elements(handler, item)
        for scheme, slug, name in item["places"]:
            handler.addQuickElement("category", "", {"term": slug, "scheme": scheme, "label": name})
        handler.addQuickElement("content", item["html"], {"type": "html"})


_KINDS: Mapping[str, type[_RssOfNow | _Atom]] = {
    one.__name__: one for one in (_RssOfNow, _Rss, _Atom)
}


def rss_of_now(channel: FeedChannel, entries: Sequence[FeedEntry]) -> Page:
    return Page(_written(_RssOfNow, channel, entries), _Rss.content_type, max_age=MAX_AGE)


def rss(channel: FeedChannel, entries: Sequence[FeedEntry]) -> Page:
    return Page(_written(_Rss, channel, entries), _Rss.content_type, max_age=MAX_AGE)


def atom(channel: FeedChannel, entries: Sequence[FeedEntry]) -> Page:
    return Page(_written(_Atom, channel, entries), _Atom.content_type, max_age=MAX_AGE)


def _written(
    kind: type[_RssOfNow | _Atom], channel: FeedChannel, entries: Sequence[FeedEntry]
) -> bytes:
    feed = kind(
        title=channel.title,
        link=channel.home,
        description=channel.title,
        language="en",
        author_name=channel.title,
        feed_url=channel.own,
        feed_guid=channel.id,
        made=channel.as_of,
        entries=[
            _item_of(kind.__name__, channel.base_url, _Said.of(entry)) for entry in entries[:SHOWN]
        ],
    )
    return feed.writeString("utf-8").encode()


class _Said(NamedTuple):
    """All that an item tells of an entry."""

    id: str
    url: str
    title: str
    at: str
    text: str
    html: str
    places: tuple[tuple[str, str, str], ...]  # services or regions, slug, name

    @classmethod
    def of(cls, entry: FeedEntry) -> _Said:
        places = tuple(
            (kind, slug, name) for kind in ("services", "regions") for slug, name in entry[kind]
        )
        return cls(
            entry["id"], entry["url"], entry["title"], entry["at"], entry["text"], entry["html"], places
        )  # fmt: skip


# An update adds one to fifty.
@lru_cache(maxsize=3 * SHOWN + 10)
def _item_of(kind: str, base_url: str, entry: _Said) -> str:
    """An entry as feeds of this kind hold it."""
    at = parse(entry.at)
    feed = _KINDS[kind](title="", link="", description="")
    feed.add_item(
        title=entry.title,
        link=entry.url,
        # Readers take a description for HTML, in RSS as in Django's Atom: so the text is escaped.
        description=entry.html if kind == _RssOfNow.__name__ else escape(entry.text),
        unique_id=entry.id,
        unique_id_is_permalink=False,
        pubdate=at,
        updateddate=at,
        html=entry.html,
        places=[
            (f"{base_url}/products.json#{kind}", slug, name) for kind, slug, name in entry.places
        ],
    )
    written = StringIO()
    feed.write_added(SimplerXMLGenerator(written, "utf-8", short_empty_elements=True))
    return written.getvalue()


def json_feed(channel: FeedChannel, entries: Sequence[FeedEntry]) -> Page:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": channel.title,
        "home_page_url": channel.home,
        "feed_url": channel.own,
        "language": "en",
        "authors": [{"name": channel.title, "url": channel.home}],
        # The format has no date of its own at the top; names with an underscore are free for such.
        "_statuspage": {"as_of": seconds(channel.as_of)},
        "items": [_item(entry) for entry in entries[:SHOWN]],
    }
    return Page(dump(feed), "application/feed+json; charset=utf-8", max_age=MAX_AGE)


def _item(entry: FeedEntry) -> dict[str, Any]:
    return {
        "id": entry["id"],
        "url": entry["url"],
        "title": entry["title"],
        "content_text": entry["text"],
        "content_html": entry["html"],
        "date_published": entry["at"],
        "date_modified": entry["at"],
        "tags": [name for kind in ("services", "regions") for _slug, name in entry[kind]],
        "_statuspage": {
            "incident": entry["incident"],
            "stage": entry["stage"],
            "services": [slug for slug, _name in entry["services"]],
            "regions": [slug for slug, _name in entry["regions"]],
        },
    }
