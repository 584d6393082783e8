"""The publisher: watches the number of the public snapshot and writes a generation when it grew.

One process per web host; it needs the database and a folder, no broker. It LISTENs for the bump's
notification and polls the row besides, so that a lost notification costs some seconds.
"""

from __future__ import annotations

import logging
import select
import sys
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import gethostname
from time import monotonic

import psycopg
from django.db import Error, connection

from incidents.models import Revision
from incidents.services.revision import CHANNEL
from statuspage import garbage_collection, languages
from statuspage.public.render.page import Site
from statuspage.public.renderer import (
    AT_ONCE,
    Renderer,
    SiteRenderer,
    both,
    with_languages,
    with_rest,
)
from statuspage.public.snapshot.reader import Reader
from statuspage.public.snapshot.values import Snapshot
from statuspage.public.store.compression import Compressor
from statuspage.public.store.generation import (
    Written,
    beat,
    shown_in,
    write_generation,
)
from statuspage.public.store.manifest import GenerationError
from statuspage.public.store.process_memory import resident
from statuspage.public.store.removed_pages import has_entry, left_over
from statuspage.public.store.renewal import renewed

log = logging.getLogger(__name__)

# A change rings; whoever does not hear it looks so often.
POLL_SECONDS = 10.0
RETRY_SECONDS = 1.0
# Also while nothing happens pages say as of when they are true. Well before five minutes, when a page counts
# as one that nobody renews.
RENEW = timedelta(minutes=4)
# And from time to time, and on each new day, everything is rendered anew.
RENDER_ANEW = timedelta(hours=1)
REST = ""  # in place of a language: feeds, JSON, badges and the index


@dataclass(slots=True)
class Publisher:
    """Publishes into `directory`; `clock` gives the time in UTC."""

    directory: Path
    clock: Callable[[], datetime] = lambda: datetime.now(tz=UTC)
    reader: Reader = field(default_factory=Reader)
    english: SiteRenderer | None = None
    renderers: dict[str, Renderer] = field(default_factory=dict)  # of the other languages
    base: str = ""  # the generation this process wrote last: what is written next says what differs
    behind: list[str] = field(default_factory=list)  # what does not show `snapshot` yet, in order
    snapshot: Snapshot | None = None
    published_at: datetime | None = None
    rendered_at: datetime | None = None
    revision: int = -1
    at_once: int = AT_ONCE

    def due(self) -> bool:
        """Whether the snapshot has a newer number, or what is shown has become old or untrue."""
        return self._is_old(self.published_at, RENEW) or self._has_news()

    def _has_news(self) -> bool:
        """Whether there may be more to say than a new time."""
        rendered = self.rendered_at
        return (
            rendered is None
            or self._is_old(rendered, RENDER_ANEW)
            or self.clock().date() != rendered.date()
            or self._moment_has_come()
            or current_revision() != self.revision
        )

    def _moment_has_come(self) -> bool:
        """Whether the clock has changed what is to be said, though nobody wrote anything."""
        moment = self.snapshot.next_moment if self.snapshot is not None else None
        return moment is not None and moment <= self.clock()

    def _is_old(self, at: datetime | None, limit: timedelta) -> bool:
        return at is None or self.clock() - at >= limit

    def publish(self, *, purge: bool = False) -> Written:
        """Read, render, write and switch once: the English pages; `translate` lets all else follow.

        When an entry has left the snapshot, older generations are purged and all languages change at once: a
        withdrawn text must not survive on disk. What is shown now is compared with the folder at the start.
        `purge` asks for the same, and nothing is left to follow.
        """
        try:
            return self._publish(purge=purge)
        except Exception:
            # Whatever happened, what was rendered last is not in the folder: begin anew.
            self._forget()
            raise

    def _publish(self, *, purge: bool) -> Written:
        snapshot = self.reader.read(now=self.clock())
        at_once = sys.maxsize if purge else self.at_once
        site, left = self._print(languages.DEFAULT, snapshot, at_once)
        together = purge or left
        if together:
            site = with_rest(site, self._english().rest(snapshot))
            others = [self._print(code, snapshot, at_once)[0] for code in languages.others()]
            site = with_languages(site, others)
        written = write_generation(self.directory, site, purge=together)
        self.base = written.folder.name
        self.snapshot = snapshot
        self.behind = [] if together else [REST, *languages.others()]
        self.published_at = self.rendered_at = snapshot.as_of
        self.revision = snapshot.revision
        self._beat()
        return written

    def translate(self) -> Written | None:
        """One step further towards what was published last; None when all is there.

        First feeds and data with what changed in all languages; one language after the other where each is new as a
        whole; then what is cold in portions. So whatever is due meanwhile waits for one step alone.
        """
        if self.snapshot is None:
            return None
        try:
            site, left = self._next_step(self.snapshot)
            if site is None:
                return None
            written = write_generation(self.directory, site, purge=left)
        except Exception:
            self._forget()
            raise
        self.base = written.folder.name
        self._beat()
        return written

    def renew(self) -> Written:
        """Publish what is shown once more, as of now: nothing has changed, so no page is rendered but that of the
        posted minutes. What machines read says when it was made, and stays.

        Publishes as usual where something may have, or where not all languages show the same yet.
        """
        now = self.clock()
        folder, shown = shown_in(self.directory)
        if (
            self.behind
            or self.snapshot is None
            or folder is None
            or shown is None
            or folder.name != self.base
            or self._has_news()
        ):
            return self.publish()
        try:
            self.snapshot = replace(self.snapshot, as_of=now)
            counted = {
                f"{languages.root(renderer.language)}{path}": page
                for renderer in (self._english().renderer, *self.renderers.values())
                for path, page in renderer.minutes(self.snapshot).items()
            }
            site = renewed(folder, shown, Site(self.snapshot.revision, now, counted))
            written = write_generation(self.directory, site)
        except Exception:
            self._forget()
            raise
        self.base = written.folder.name
        self.published_at = now
        self._beat()
        return written

    def _next_step(self, snapshot: Snapshot) -> tuple[Site | None, bool]:
        if self.behind:
            return self._catch_up(snapshot)
        for renderer in (self._english().renderer, *self.renderers.values()):
            if (site := renderer.more(self.at_once)) is not None:
                now = (snapshot.revision, snapshot.as_of)
                return replace(site, revision=now[0], as_of=now[1], base=self.base), False
        return None, False

    def _catch_up(self, snapshot: Snapshot) -> tuple[Site, bool]:
        whole = any(
            code not in self.renderers or self.renderers[code].is_whole(snapshot)
            for code in languages.others()
        )
        codes = self.behind[:1] if whole else self.behind
        self.behind = self.behind[len(codes) :]
        printed = [self._print(code, snapshot, self.at_once) for code in codes]
        first, *others = [site for site, _ in printed]
        return with_languages(first, others), any(left for _, left in printed)

    def _print(self, code: str, snapshot: Snapshot, at_once: int) -> tuple[Site, bool]:
        """A language as it differs from what is shown, and whether an entry leaves."""
        if code == REST:
            return replace(self._english().rest(snapshot), base=self.base), False
        english = self._english()
        renderer = english.renderer if code == languages.DEFAULT else self.renderers.get(code)
        renderer = renderer or self.renderers.setdefault(code, Renderer(code))
        whole = renderer.is_whole(snapshot)
        folder, shown = shown_in(self.directory) if whole or not self.base else (None, None)
        first = self.reader.changed(shown.revision) if shown is not None else ()
        if code == languages.DEFAULT:
            site = english.pages(snapshot, first, at_once=at_once)
        else:
            site = renderer.print(snapshot, first, at_once=at_once, said=english.said(snapshot))
        if folder is not None:
            self.base = folder.name
        if not self.base:
            return site, True  # nobody knows what lies in the folder
        leaving = has_entry(site.dropped)
        if shown is not None:
            known = languages.names()
            more, leaving = left_over(
                shown, site, renderer.names(), code, known=known, default=languages.DEFAULT
            )
            if leaving:
                site = both(site, renderer.more(at_once, summaries=True))
            site = replace(site, dropped=site.dropped | more)
        return replace(site, base=self.base), leaving

    def _english(self) -> SiteRenderer:
        if self.english is None:
            self.english = SiteRenderer()
        return self.english

    def _beat(self) -> None:
        beat(self.directory, self.revision, self.clock(), resident())

    def _forget(self) -> None:
        self.english = None
        self.renderers.clear()
        self.base = ""
        self.behind.clear()
        self.published_at = self.rendered_at = None

    def run(self, stop: threading.Event) -> None:
        """Until `stop`: publish what is due, beat, wait for the bell. Survives a dead database."""
        while not stop.is_set():
            try:
                with (
                    RevisionListener(self.directory) as listener,
                    Compressor(self.directory) as compressor,
                ):
                    self._serve(listener, compressor, stop)
            except (Error, psycopg.Error, GenerationError, FolderBusyError) as error:
                said = str(error).strip() or type(error).__name__
                log.warning("publisher: %s; trying again", said.splitlines()[0])
            except Exception:
                # An entry that cannot be drawn holds up the pages, and they say so; the process tries again.
                log.exception("publisher: failed, and tries again")
            else:
                continue
            connection.close()
            stop.wait(RETRY_SECONDS)

    def _serve(
        self, listener: RevisionListener, compressor: Compressor, stop: threading.Event
    ) -> None:
        while not stop.is_set():
            if self._has_news():
                started = monotonic()
                written = self.publish()
                log.info(
                    "revision %s: %s files new in %.0f ms", written.revision, written.written,
                    (monotonic() - started) * 1000,
                )  # fmt: skip
                self.translate()  # feeds at once, also while one update follows the other
            elif self.translate() is None:
                if self._is_old(self.published_at, RENEW):
                    compressor.leave(self.renew().folder.name)
                compressor.compress(self.base)
                garbage_collection.give_back()  # pages are large, and all are drawn by now
                self._beat()
                listener.wait(self._seconds_to_wait(), stop)
                self._beat()  # what is published now may take a while

    def _seconds_to_wait(self) -> float:
        moment = self.snapshot.next_moment if self.snapshot is not None else None
        ahead = (moment - self.clock()).total_seconds() if moment is not None else POLL_SECONDS
        return max(0.0, min(ahead, POLL_SECONDS))


class FolderBusyError(Exception):
    """Another publisher holds the lock of this folder."""


class RevisionListener:
    """A connection of its own that holds the advisory lock of this folder and hears the bumps.

    The lock is the session's: a second publisher on the same host and folder raises FolderBusyError and tries
    again later, and a killed one leaves nothing behind.
    """

    def __init__(self, directory: Path) -> None:
        self.key = zlib.crc32(f"{gethostname()}:{directory}".encode())

    def __enter__(self) -> RevisionListener:
        parameters = connection.get_connection_params()
        self.connection = psycopg.connect(
            **{k: v for k, v in parameters.items() if k not in ("context", "cursor_factory")},
            autocommit=True,
        )
        row = self.connection.execute("SELECT pg_try_advisory_lock(%s)", [self.key]).fetchone()
        if row != (True,):
            self.connection.close()
            raise FolderBusyError("another publisher of this host serves this folder")
        self.connection.execute(f"LISTEN {CHANNEL}")
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def wait(self, seconds: float, stop: threading.Event) -> None:
        """Until a bump is heard, the time is over, or a second after `stop`."""
        end = monotonic() + seconds
        # Not psycopg's own waiting, which wakes ten times a second.
        while not stop.is_set() and (left := end - monotonic()) > 0:
            if select.select([self.connection.fileno()], [], [], min(left, 1.0))[0]:
                any(self.connection.notifies(timeout=0))
                return


def current_revision() -> int:
    return Revision.objects.filter(id=1).values_list("number", flat=True).first() or 0
