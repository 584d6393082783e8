"""The publisher: watches the number of the public picture and writes a generation when it grew.

One process per web host; it needs the database and a folder, no broker. It LISTENs for the bump's
notification and polls the row besides, so that a lost notification costs a second.
"""

from __future__ import annotations

import logging
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import gethostname
from time import monotonic

import psycopg
from django.db import Error, connection

from incidents.models import Revision
from incidents.services.revision import CHANNEL
from statuspage.published import languages
from statuspage.published.filling import Memo
from statuspage.published.generation import Written, beat, compress_best, write_generation
from statuspage.published.manifest import GenerationError
from statuspage.published.pages import render_language, render_site, with_languages
from statuspage.published.picture import Picture
from statuspage.published.reader import read_picture
from statuspage.published.site import Site

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
# Even a calm site is written anew from time to time: ages and "as of" grow old.
RENEW = timedelta(minutes=1)


@dataclass(slots=True)
class Publisher:
    """Publishes into `directory`; `clock` gives the time in UTC."""

    directory: Path
    clock: Callable[[], datetime] = lambda: datetime.now(tz=UTC)
    memo: Memo = field(default_factory=Memo)
    shown: frozenset[str] | None = None  # tracking IDs of the last generation
    published_at: datetime | None = None
    revision: int = -1
    picture: Picture | None = None
    translated: dict[str, Site] = field(default_factory=dict)
    english: Site | None = None

    def due(self) -> bool:
        """Whether the picture has a newer number, or what is shown has become old."""
        if self.published_at is None or self.clock() - self.published_at >= RENEW:
            return True
        return current_revision() != self.revision

    def publish(self, *, purge: bool = False) -> Written:
        """Read, render, write and switch once.

        English goes first, `translate` lets the other languages follow. Older generations are purged when
        an entry has left the picture, and then all languages change at once: a withdrawn text must
        not survive on disk. Not knowing what was shown before counts as such.
        """
        picture = read_picture(now=self.clock())
        now_shown = frozenset(incident.tracking_id for incident in picture.incidents)
        purge = purge or self.shown is None or bool(self.shown - now_shown)
        if purge:
            self.translated = {code: render_language(picture, code) for code in languages.others()}
        english = render_site(picture)
        site = with_languages(english, self.translated.values())
        written = write_generation(self.directory, site, purge=purge, memo=self.memo)
        self.shown = now_shown
        self.published_at = picture.as_of
        self.revision = picture.revision
        self.picture = None if purge else picture
        self.english = english
        beat(self.directory, picture.revision, self.clock())
        return written

    def translate(self) -> Written | None:
        """Bring the other languages up to what was published last; None when there is something newer."""
        if (picture := self.picture) is None or self.english is None:
            return None
        for code in languages.others():
            if self.due():
                return None
            self.translated[code] = render_language(picture, code)
            beat(self.directory, self.revision, self.clock())
        self.picture = None
        site = with_languages(self.english, self.translated.values())
        return write_generation(self.directory, site, memo=self.memo)

    def run(self, stop: threading.Event) -> None:
        """Until `stop`: publish what is due, beat, wait for the bell. Survives a dead database."""
        while not stop.is_set():
            try:
                with Bell(self.directory) as bell:
                    self._serve(bell, stop)
            except (Error, psycopg.Error, GenerationError, FolderBusyError) as error:
                log.warning("publisher: %s; trying again", str(error).strip().splitlines()[0])
            except Exception:
                # One entry that cannot be drawn must not end the publishing of all others' changes.
                log.exception("publisher: failed, and tries again")
            else:
                continue
            connection.close()
            stop.wait(POLL_SECONDS)

    def _serve(self, bell: Bell, stop: threading.Event) -> None:
        while not stop.is_set():
            if self.due():
                started = monotonic()
                written = self.publish()
                log.info(
                    "revision %s: %s files new in %.0f ms", written.revision, written.written,
                    (monotonic() - started) * 1000,
                )  # fmt: skip
            elif not self.translate():
                beat(self.directory, self.revision, self.clock())
            bell.wait(POLL_SECONDS)


class FolderBusyError(Exception):
    """Another publisher holds the lock of this folder."""


class Bell:
    """A connection of its own that holds the advisory lock of this folder and hears the bumps.

    The lock is the session's: a second publisher on the same host and folder raises FolderBusyError and tries
    again later, and a killed one leaves nothing behind.
    """

    def __init__(self, directory: Path) -> None:
        self.key = zlib.crc32(f"{gethostname()}:{directory}".encode())

    def __enter__(self) -> Bell:
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

    def wait(self, seconds: float) -> None:
        for _ in self.connection.notifies(timeout=seconds, stop_after=1):
            return


def current_revision() -> int:
    return Revision.objects.filter(id=1).values_list("number", flat=True).first() or 0


def compress_in_background(directory: Path, stop: threading.Event) -> None:
    """Brotli and slow gzip for what is shown, whenever something new is there."""
    while not stop.wait(2):
        try:
            compress_best(directory, stop=stop.is_set)
        except (GenerationError, OSError) as error:
            log.warning("compression: %s", error)
