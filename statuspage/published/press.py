"""The public picture becomes the public site; after the first time only what changed is rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from django.conf import settings
from django.utils.translation import override

from statuspage.published import assets, history, languages, matrix, plain_files
from statuspage.published.chrome import Frame
from statuspage.published.formats import format_index, format_pages
from statuspage.published.indexed import Index
from statuspage.published.pages import (
    HISTORY,
    MINUTES,
    STATUS,
    HistoryPages,
    error_pages,
    gone_page,
    incident_page,
    status_pages,
)
from statuspage.published.picture import GoneView, IncidentView, Picture
from statuspage.published.sentences import Headline, headline
from statuspage.published.site import Page, Site

ASK_EVERY = 20  # incidents rendered between two looks at what is more urgent
ENTRIES_KEPT = 2000  # rendered entries of lists in memory, per language


@dataclass(frozen=True, slots=True)
class Change:
    """What has to be rendered to come from one picture to another. `whole`: everything.

    `entries`: incidents that are new or another object than before; `pages`: those and whatever depends on
    the clock; `left`: the former views of incidents that are public no more.
    """

    whole: bool
    entries: tuple[IncidentView, ...]
    pages: tuple[IncidentView, ...]
    left: tuple[IncidentView, ...]
    months: tuple[str, ...]
    gone: tuple[GoneView, ...]
    redirects: tuple[str, ...]
    vanished: frozenset[str]  # months and tracking IDs without a page from now on


def between(before: Picture | None, after: Picture) -> Change:
    known = history.months(after.incidents)
    if before is None or _places(before) != _places(after):
        return Change(
            True, after.incidents, after.incidents, (), tuple(known), after.gone,
            tuple(after.redirects), frozenset(),
        )  # fmt: skip
    old = {one.tracking_id: one for one in before.incidents}
    new = {one.tracking_id: one for one in after.incidents}
    entries = tuple(one for one in after.incidents if old.get(one.tracking_id) is not one)
    left = tuple(one for one in before.incidents if one.tracking_id not in new)
    former = [old[one.tracking_id] for one in entries if one.tracking_id in old]
    touched = {one.month for one in (*entries, *left, *former)}
    same_months = known == history.months(before.incidents)
    fresh = {one.tracking_id for one in entries}
    aging = {one.tracking_id: one for one in after.incidents if _ages(one, before, after)}
    again = fresh | set(aging)
    redirects = tuple(
        absorbed
        for absorbed, survivor in after.redirects.items()
        if before.redirects.get(absorbed) != survivor or survivor in again
    )
    answered = {*new, *after.redirects, *(gone.tracking_id for gone in after.gone), *known}
    once = {*old, *before.redirects, *(gone.tracking_id for gone in before.gone)}
    once |= set(history.months(before.incidents))
    return Change(
        False,
        entries,
        (*entries, *(one for name, one in aging.items() if name not in fresh)),
        left,
        tuple(month for month in known if month in touched or not same_months),
        tuple(gone for gone in after.gone if gone not in before.gone),
        redirects,
        frozenset(once - answered),
    )


def _places(picture: Picture) -> tuple[object, ...]:
    return picture.geographies, picture.categories, picture.offered, picture.non_regional


def _ages(one: IncidentView, before: Picture, after: Picture) -> bool:
    """Does its page change with the clock alone? Windows that go on are drawn up to now, a new month
    makes repair items overdue, and a review is late from its time on."""
    if any(before.as_of <= due < after.as_of for _, due in one.reviews_due):
        return True
    another = f"{before.as_of:%Y-%m}" != f"{after.as_of:%Y-%m}"
    return one.active or (another and one.review is not None and bool(one.review.repair_items))


class InterruptedPrintError(Exception):
    """Something more urgent is due; what is rendered so far is kept."""


@dataclass(slots=True)
class Press:
    """Prints one language again and again."""

    language: str
    before: Picture | None = None
    entries: dict[str, bytes] = field(default_factory=dict)
    # What an interrupted print had rendered already: the view, its entry and its page.
    done: dict[str, tuple[IncidentView, bytes, Page]] = field(default_factory=dict)

    def is_whole(self, picture: Picture) -> bool:
        """Whether the next print has all pages."""
        return self.before is None or _places(self.before) != _places(picture)

    def print(self, picture: Picture, urgent: Callable[[], bool] = lambda: False) -> Site:
        """What changed since the last time, as a site with `dropped`; all pages at the first.

        `urgent` is asked now and then; when it says so, InterruptedPrintError is raised, and the next print goes
        on with what is rendered already.
        """
        change = between(self.before, picture)
        with override(self.language):
            frame = Frame(picture.as_of, picture.revision)
            single = {}
            for number, one in enumerate(change.pages, start=1):
                single[one.tracking_id] = self._incident(one, frame)
                if number % ASK_EVERY == 0 and urgent():
                    raise InterruptedPrintError
            parts = {
                history.part_name(one.tracking_id): single[one.tracking_id][0]
                for one in change.entries
            }
            self._keep(parts, change.left)
            pages, stale = status_pages(picture, frame)
            listed = HistoryPages(picture, frame, _Entries(self.entries, picture))
            pages[HISTORY], stale[HISTORY] = listed.newest(), listed.newest(stale=True)
            pages[MINUTES] = listed.minutes()
            pages |= {f"{HISTORY}{month}/": listed.month(month) for month in change.months}
            own = {name: page for name, (_, page) in single.items()}
            pages |= dict(_single(picture, change, frame, own))
            root = languages.root()
            pages = {f"{root}{path}": page for path, page in pages.items()}
            if change.whole:
                pages |= error_pages(frame)
            dropped = {matrix.incident_url(name) for name in change.vanished}
            dropped |= {history.part_name(one.tracking_id) for one in change.left}
        self.before = picture
        self.done.clear()
        stale = {f"{root}{path}": page for path, page in stale.items()}
        return Site(
            picture.revision, picture.as_of, pages, stale, parts, dropped=frozenset(dropped)
        )

    def _incident(self, one: IncidentView, frame: Frame) -> tuple[bytes, Page]:
        """Its entry in lists and its page."""
        known = self.done.get(one.tracking_id)
        if known is None or known[0] is not one:
            known = self.done[one.tracking_id] = (
                one,
                history.entry(one),
                incident_page(one, frame),
            )
        return known[1], known[2]

    def _keep(self, parts: dict[str, bytes], left: Iterable[IncidentView]) -> None:
        for one in left:
            self.entries.pop(history.part_name(one.tracking_id), None)
        for name in reversed(parts):  # newest incidents last: the first are dropped
            self.entries.pop(name, None)
            self.entries[name] = parts[name]
        while len(self.entries) > ENTRIES_KEPT:
            del self.entries[next(iter(self.entries))]


class _Entries(dict[str, bytes]):
    """Entries by part name; those that are no longer kept are rendered again."""

    def __init__(self, kept: dict[str, bytes], picture: Picture) -> None:
        super().__init__(kept)
        self.kept = kept
        self.views = {history.part_name(one.tracking_id): one for one in picture.incidents}

    def __missing__(self, name: str) -> bytes:
        body = self.kept[name] = self[name] = history.entry(self.views[name])
        return body


def _single(
    picture: Picture, change: Change, frame: Frame, done: Mapping[str, Page]
) -> Iterator[tuple[str, Page]]:
    """Pages of single incidents, by unprefixed path; `done` are those of incidents that are shown."""
    for name, page in done.items():
        yield f"{HISTORY}{name}/", page
    by_id = {one.tracking_id: one for one in picture.incidents} if change.redirects else {}
    for absorbed in change.redirects:  # the canonical link inside says where it belongs
        survivor = picture.redirects[absorbed]
        if survivor in by_id:
            page = done.get(survivor) or incident_page(by_id[survivor], frame)
            yield f"{HISTORY}{absorbed}/", page
    for gone in change.gone:
        yield f"{HISTORY}{gone.tracking_id}/", gone_page(gone, frame)


@dataclass(slots=True)
class EnglishPress:
    """English, and with it what has no language: feeds, JSON, badges, styles and the index of queries."""

    press: Press = field(default_factory=lambda: Press(languages.DEFAULT))
    before: Picture | None = None  # that of the last `rest`

    def is_whole(self, picture: Picture) -> bool:
        return self.press.is_whole(picture)

    def print(self, picture: Picture, urgent: Callable[[], bool] = lambda: False) -> Site:
        """Both parts at once."""
        return with_rest(self.pages(picture, urgent), self.rest(picture))

    def pages(self, picture: Picture, urgent: Callable[[], bool] = lambda: False) -> Site:
        """The pages people read, which are waited for. `rest` has to follow."""
        return self.press.print(picture, urgent)

    def rest(self, picture: Picture) -> Site:
        """What machines read, and what queries are answered from."""
        change = between(self.before, picture)
        who = {"site_name": settings.SITE_NAME, "base_url": settings.BASE_URL}
        with override(languages.DEFAULT):
            index = history.index(picture, _said(picture)) | format_index(picture, **who)
            months: dict[str, list[IncidentView]] = {month: [] for month in change.months}
            for one in picture.incidents:
                if one.month in months:
                    months[one.month].append(one)
            parts = {history.index_part(m): history.index_of_month(v) for m, v in months.items()}
            pages = format_pages(picture, **who, index=index)
            pages |= plain_files.pages(picture, addresses(picture))
            if change.whole:
                pages |= assets.pages()
        self.before = picture
        dropped = frozenset(history.index_part(name) for name in change.vanished)
        return Site(
            picture.revision,
            picture.as_of,
            pages,
            parts=parts,
            index=Index(index, parts),
            dropped=dropped,
        )


def with_rest(pages: Site, rest: Site) -> Site:
    parts = {**pages.parts, **rest.parts}
    return replace(
        pages,
        pages={**pages.pages, **rest.pages},
        parts=parts,
        index=Index(dict(rest.index), parts),
        dropped=pages.dropped | rest.dropped,
    )


def addresses(picture: Picture) -> list[str]:
    """What the site map names: the pages that answer with 200, in English (others are named by these)."""
    fixed = [STATUS, HISTORY, MINUTES, *(f"{STATUS}{one.slug}/" for one in picture.geographies)]
    months = (f"{HISTORY}{month}/" for month in history.months(picture.incidents))
    return [*fixed, *months, *(f"{HISTORY}{one.tracking_id}/" for one in picture.incidents)]


def _said(picture: Picture) -> dict[str, Headline]:
    found = {}
    for code in languages.names():
        with override(code):
            found[code] = headline(picture)
    return found


def render_site(picture: Picture) -> Site:
    """English as a whole. A pure function of the picture, the settings and the templates."""
    return EnglishPress().print(picture)


def render_language(picture: Picture, language: str) -> Site:
    """The pages people read, in one language, below its prefix. Without an index."""
    return Press(language).print(picture)


def render_all(picture: Picture) -> Site:
    """The whole site in all languages."""
    others = (render_language(picture, code) for code in languages.others())
    return with_languages(render_site(picture), others)


def with_languages(english: Site, others: Iterable[Site]) -> Site:
    """One site: the pages of the others beside the English one's."""
    sites = (english, *others)
    return replace(
        english,
        pages={path: page for site in sites for path, page in site.pages.items()},
        stale={path: page for site in sites for path, page in site.stale.items()},
        parts={name: body for site in sites for name, body in site.parts.items()},
        dropped=frozenset(name for site in sites for name in site.dropped),
    )
