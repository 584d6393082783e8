"""The public snapshot becomes the public site; after the first time only what changed is rendered."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from django.conf import settings
from django.utils.translation import override

from statuspage import languages
from statuspage.public.formats import format_index, format_pages, format_parts
from statuspage.public.formats.feed import feed_queries
from statuspage.public.formats.feed.feed_entries import FeedEntry, newest_entries
from statuspage.public.formats.how_fast import FIGURES, FIGURES_SCHEMA
from statuspage.public.render import history, updates
from statuspage.public.render.charts import affected_minutes
from statuspage.public.render.files import assets, plain_files, share_images
from statuspage.public.render.headline import Headline, headline
from statuspage.public.render.index import Index
from statuspage.public.render.layout import KeptPieces, Layout
from statuspage.public.render.page import Page, Site
from statuspage.public.render.pages import (
    ENDPOINTS,
    HISTORY,
    HOW_FAST,
    MINUTES,
    REPORT,
    STATUS,
    DrawnCells,
    HistoryPages,
    endpoints_page,
    error_pages,
    gone_page,
    how_fast_page,
    incident_page,
    minutes_page,
    report_page,
    status_pages,
)
from statuspage.public.render.table import matrix
from statuspage.public.render.updates import UPDATES
from statuspage.public.snapshot.changes import PublicChange, between, newest_first, places
from statuspage.public.snapshot.values import IncidentView, Snapshot

AT_ONCE = 100  # pages of incidents and months in one print: what is more urgent waits for no longer
ENTRIES_KEPT = 500  # rendered entries of lists in memory, per language


@dataclass(slots=True)
class Renderer:
    """Prints one language again and again: what is hot every time, single incidents and months in portions.

    `waiting`: tracking IDs and months that are still to be printed, in their order.
    """

    language: str
    before: Snapshot | None = None
    entries: dict[str, bytes] = field(default_factory=dict)
    waiting: dict[str, None] = field(default_factory=dict)
    pictures: dict[str, IncidentView] = field(default_factory=dict)  # by tracking ID, to be drawn
    kept: KeptPieces = field(default_factory=KeptPieces)
    cells: DrawnCells = field(default_factory=DrawnCells)
    counted: object = None  # what the minutes printed last were counted from

    def is_whole(self, snapshot: Snapshot) -> bool:
        """Whether the next print begins anew."""
        return self.before is None or places(self.before) != places(snapshot)

    def layout(self, snapshot: Snapshot) -> Layout:
        return Layout(snapshot.as_of, snapshot.revision, kept=self.kept)

    def print(
        self,
        snapshot: Snapshot,
        first: Collection[str] = (),
        *,
        at_once: int = AT_ONCE,
        said: Sequence[FeedEntry] | None = None,
    ) -> Site:
        """What changed since the last time, as a site with `dropped`; all pages at the first.

        Of more than `at_once` incidents and months the others follow by `more`. `first`: tracking IDs that go before
        all others. `said`: the newest entries of the feeds, where they have been made already.
        """
        before, change = self.before, between(self.before, snapshot)
        changed = self._queue(change, snapshot, first)
        self.before = snapshot
        root = languages.root(self.language)
        with override(self.language):
            layout = self.layout(snapshot)
            entries = _Entries(self.entries, snapshot)
            listed = HistoryPages(snapshot, layout, entries)
            # No word of what left waits, wherever it stood.
            must = set(change.left_months)
            must.update(() if change.whole else change.redirects)
            pages, parts = self._portion(self._next(changed, at_once, must), listed)
            hot = status_pages(snapshot, layout, self.cells)
            hot[HISTORY] = listed.newest()
            # Of the catalogue alone, and of whether there are figures.
            if (
                change.whole
                or before is None
                or (before.figures is None) != (snapshot.figures is None)
            ):
                hot[ENDPOINTS] = endpoints_page(snapshot, layout)
                if settings.VISITOR_REPORTS:
                    hot[REPORT] = report_page(snapshot, layout)
            if self.language != languages.DEFAULT:
                hot |= self.minutes(snapshot)
                hot[UPDATES] = updates.page(layout, said or self._said(snapshot))
            if snapshot.figures is not None:
                hot[HOW_FAST] = how_fast_page(snapshot.figures, layout)
            hot |= {
                f"{HISTORY}{gone.tracking_id}/": gone_page(gone, layout) for gone in change.gone
            }
            pages |= {f"{root}{path}": page for path, page in hot.items()}
            if change.whole:
                pages |= error_pages(layout)
            dropped = {matrix.incident_url(name) for name in change.vanished}
            dropped |= {history.part_name(one.tracking_id) for one in change.left}
            if self.language == languages.DEFAULT:
                dropped |= {history.index_part(name) for name in change.vanished}
                unpictured = [one for one in change.entries if share_images.name_of(one) == "good"]
                dropped |= {
                    share_images.path(one.tracking_id) for one in (*change.left, *unpictured)
                }
                for one in change.left:
                    self.pictures.pop(one.tracking_id, None)
            # Once, when they are taken back: what is dropped makes all that was written before be purged.
            if snapshot.figures is None and (before is None or before.figures is not None):
                dropped.update({f"{root}{HOW_FAST}", FIGURES, FIGURES_SCHEMA})
            entries.shrink()
        return Site(snapshot.revision, snapshot.as_of, pages, parts, dropped=frozenset(dropped))

    def minutes(self, snapshot: Snapshot) -> dict[str, Page]:
        """The page of the posted minutes by unprefixed path, unless it is as it was printed last."""
        of = affected_minutes.counted_from(snapshot)
        if of == self.counted:
            return {}
        self.counted = of
        with override(self.language):
            return {MINUTES: minutes_page(snapshot, self.layout(snapshot))}

    def more(self, at_once: int = AT_ONCE, *, summaries: bool = False) -> Site | None:
        """The next portion of what waits, as of the snapshot printed last; None when nothing does.

        `summaries`: instead, all at once of what may tell of other incidents than its name says: months, and
        addresses of what was merged.
        """
        snapshot = self.before
        if not self.waiting or snapshot is None:
            return None
        others = [name for name in self.waiting if name not in snapshot.by_id]
        chosen = others if summaries else self._next(self.waiting, at_once)
        with override(self.language):
            layout = self.layout(snapshot)
            entries = _Entries(self.entries, snapshot)
            pages, parts = self._portion(chosen, HistoryPages(snapshot, layout, entries))
            entries.shrink()
        return Site(snapshot.revision, snapshot.as_of, pages | self.draw(), parts=parts)

    def _said(self, snapshot: Snapshot) -> list[FeedEntry]:
        base = str(settings.BASE_URL).rstrip("/")
        return newest_entries(snapshot, base_url=base, site=snapshot.site, most=updates.SHOWN)

    def draw(self) -> dict[str, Page]:
        """The pictures of the incidents printed last. Apart, as nobody waits for them as for the pages."""
        drawn = {
            share_images.path(name): share_images.of_incident(one)
            for name, one in self.pictures.items()
        }
        self.pictures.clear()
        return drawn

    def names(self) -> frozenset[str]:
        """Paths and parts that wait: what a generation has of them stays until then."""
        with override(self.language):
            found = {matrix.incident_url(name) for name in self.waiting}
            found |= {history.part_name(name) for name in self.waiting}
            if self.language == languages.DEFAULT:
                found |= {history.index_part(name) for name in self.waiting}
                found |= {share_images.path(name) for name in (*self.waiting, *self.pictures)}
        return frozenset(found)

    def _queue(self, change: PublicChange, snapshot: Snapshot, first: Collection[str]) -> list[str]:
        """What changed, which goes before what has been waiting; what is shown no more is not waited for."""
        if change.whole:
            self.waiting.clear()
            self.kept.clear()
            self.counted = None
        shown = (snapshot.by_id, snapshot.months, snapshot.redirects)
        changed = [
            name
            for name in dict.fromkeys([*first, *newest_first(change)])
            if any(name in one for one in shown)
        ]
        waiting = (name for name in self.waiting if any(name in one for one in shown))
        self.waiting = dict.fromkeys([*changed, *waiting])
        with override(self.language):
            for one in (*change.entries, *change.left):
                self.entries.pop(history.part_name(one.tracking_id), None)
        return changed

    def _next(self, names: Iterable[str], at_once: int, must: Collection[str] = ()) -> list[str]:
        """What of these to print now: what must be, and more in their order until it is work enough."""
        chosen, work = [name for name in self.waiting if name in must], 0
        for name in names:
            if work >= at_once:
                break
            if name not in must:
                chosen.append(name)
            # The entries of a month that are not kept are rendered for it.
            incidents = self.before.months.get(name, ()) if self.before else ()
            work += 1 + len(incidents) // 4
        return chosen

    def _portion(
        self, chosen: Iterable[str], listed: HistoryPages
    ) -> tuple[dict[str, Page], dict[str, bytes]]:
        """What these names stand for, which wait no longer: pages by path, and parts."""
        snapshot, root = listed.snapshot, f"{languages.root()}{HISTORY}"
        pages: dict[str, Page] = {}
        parts: dict[str, bytes] = {}
        for name in chosen:
            path = f"{root}{name}/"
            if name in snapshot.months:
                pages[path] = listed.month(name)
                if self.language == languages.DEFAULT:
                    begun = [one for one in snapshot.months[name] if one.month == name]
                    lines = history.index_of_month(begun)
                    parts[history.index_part(name)] = lines
            elif one := snapshot.by_id.get(snapshot.redirects.get(name, name)):
                # Of an absorbed one, too: the canonical link inside says where it belongs.
                page = pages.get(f"{root}{one.tracking_id}/")
                pages[path] = page or incident_page(
                    one, listed.layout, snapshot.neighbours[one.tracking_id]
                )
                if name == one.tracking_id:
                    if self.language == languages.DEFAULT and share_images.name_of(one) == name:
                        self.pictures[name] = one
                    part = history.part_name(name)
                    parts[part] = listed.parts[part]
            del self.waiting[name]
        return pages, parts


class _Entries(Mapping[str, bytes]):
    """Entries by part name; those that are not kept are rendered when asked for."""

    def __init__(self, kept: dict[str, bytes], snapshot: Snapshot) -> None:
        self.kept = kept
        self.by_id = snapshot.by_id

    def __getitem__(self, name: str) -> bytes:
        # The one asked for last is the last to go.
        known = self.kept.pop(name, None)
        body = self.kept[name] = known or history.entry(self.by_id[history.tracking_id_of(name)])
        return body

    def __iter__(self) -> Iterator[str]:
        return map(history.part_name, self.by_id)

    def __len__(self) -> int:
        return len(self.by_id)

    def shrink(self) -> None:
        for name in list(islice(self.kept, max(0, len(self.kept) - ENTRIES_KEPT))):
            del self.kept[name]


@dataclass(slots=True)
class SiteRenderer:
    """English, and with it what has no language: feeds, JSON, badges, styles and the index of queries."""

    renderer: Renderer = field(default_factory=lambda: Renderer(languages.DEFAULT))
    # What feeds say of `told_of`: the pages of all languages tell the same.
    told: Sequence[FeedEntry] = ()
    told_of: Snapshot | None = None

    def is_whole(self, snapshot: Snapshot) -> bool:
        return self.renderer.is_whole(snapshot)

    def print(self, snapshot: Snapshot, *, at_once: int = AT_ONCE) -> Site:
        """Both parts at once."""
        return with_rest(self.pages(snapshot, at_once=at_once), self.rest(snapshot))

    def pages(
        self, snapshot: Snapshot, first: Collection[str] = (), *, at_once: int = AT_ONCE
    ) -> Site:
        """The pages people read, which are waited for, and the styles they need. `rest` has to follow."""
        whole = self.is_whole(snapshot)
        site = self.renderer.print(snapshot, first, at_once=at_once)
        if not whole:
            return site
        return replace(site, pages={**site.pages, **assets.pages(), **share_images.of_states()})

    def rest(self, snapshot: Snapshot) -> Site:
        """What machines read, and what queries are answered from."""
        who = {"site_name": settings.SITE_NAME, "base_url": settings.BASE_URL}
        with override(languages.DEFAULT):
            index = history.index(snapshot, _said(snapshot)) | format_index(snapshot, **who)
            pages = format_pages(snapshot, **who, index=index)
            pages |= plain_files.pages(snapshot, addresses(snapshot))
            pages |= self.renderer.draw()
            pages |= self.renderer.minutes(snapshot)
            self.told, self.told_of = index[feed_queries.KEY][feed_queries.ENTRIES], snapshot
            pages[UPDATES] = updates.page(self.renderer.layout(snapshot), self.told)
        return Site(
            snapshot.revision, snapshot.as_of, pages, parts=format_parts(snapshot), index=index
        )

    def said(self, snapshot: Snapshot) -> Sequence[FeedEntry] | None:
        """What feeds say of this snapshot, if that is what they were made of last."""
        return self.told if snapshot is self.told_of else None


def with_rest(pages: Site, rest: Site) -> Site:
    return replace(
        pages,
        pages={**pages.pages, **rest.pages},
        parts={**pages.parts, **rest.parts},
        index=Index(dict(rest.index), pages.parts),
    )


def addresses(snapshot: Snapshot) -> dict[str, datetime | None]:
    """What the site map names: the pages that answer with 200, without a language, and when their words changed
    last (UTC) where that is known."""
    fixed = [
        STATUS,
        HISTORY,
        MINUTES,
        UPDATES,
        ENDPOINTS,
        *([REPORT] if settings.VISITOR_REPORTS else []),
        *([HOW_FAST] if snapshot.figures else []),
        *(f"{STATUS}{one.slug}/" for one in snapshot.geographies),
    ]
    months = (f"{HISTORY}{month}/" for month in snapshot.months)
    told = {f"{HISTORY}{one.tracking_id}/": one.updated_at for one in snapshot.incidents}
    return {**dict.fromkeys([*fixed, *months]), **told}


def _said(snapshot: Snapshot) -> dict[str, Headline]:
    found = {}
    for code in languages.names():
        with override(code):
            found[code] = headline(snapshot)
    return found


def render_site(snapshot: Snapshot) -> Site:
    """English as a whole. A pure function of the snapshot, the settings and the templates."""
    return SiteRenderer().print(snapshot, at_once=sys.maxsize)


def render_language(snapshot: Snapshot, language: str) -> Site:
    """The pages people read, in one language, below its prefix. Without an index."""
    return Renderer(language).print(snapshot, at_once=sys.maxsize)


def both(one: Site, other: Site | None) -> Site:
    """One site of pages and parts of two."""
    if other is None:
        return one
    pages, parts = {**one.pages, **other.pages}, {**one.parts, **other.parts}
    return replace(one, pages=pages, parts=parts)


def with_languages(english: Site, others: Iterable[Site]) -> Site:
    """One site: the pages of the others beside the English one's."""
    sites = (english, *others)
    return replace(
        english,
        pages={path: page for site in sites for path, page in site.pages.items()},
        parts={name: body for site in sites for name, body in site.parts.items()},
        dropped=frozenset(name for site in sites for name in site.dropped),
    )
