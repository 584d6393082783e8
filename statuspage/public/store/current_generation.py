"""The generation in memory: what a web process holds, and how it notices that there is a newer one.

No database, no broker, no Django: only the folder that `generation` writes.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from statuspage.public.store import manifest
from statuspage.public.store.loaded import (
    COLD_BYTES,
    LoadedGeneration,
    read_folder,
    read_generation,
)
from statuspage.public.store.manifest import GenerationError
from statuspage.public.store.prepared_responses import PreparedResponse

log = logging.getLogger(__name__)

LOOK_EVERY = 0.2  # seconds between two looks at the folder
RETRY_AFTER = 5.0  # seconds before a generation that could not be read is tried again
STALE_AFTER = 300.0  # seconds without heartbeat until pages say that they may be out of date


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """`memory`: bytes that the publisher takes; 0 where it does not say."""

    revision: int
    at: datetime
    memory: int = 0


def read_heartbeat(directory: Path) -> Heartbeat | None:
    """When the publisher last said that it lives; None when it never did, or unreadably."""
    try:
        raw = json.loads((directory / "heartbeat.json").read_bytes())
        at = datetime.fromisoformat(raw["at"])
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return Heartbeat(int(raw["revision"]), at, int(raw.get("memory", 0)))
    except (OSError, ValueError, KeyError, TypeError):
        return None


class Store:
    """The newest generation, looked for while requests come in. Shared by the threads of one process.

    `clock` returns the time in UTC (for the heartbeat's age), `monotonic` seconds for the pace of looking.
    """

    def __init__(
        self,
        directory: Path,
        *,
        hsts: str = "",
        cold_bytes: int = COLD_BYTES,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.directory = directory
        self.generation: LoadedGeneration | None = None
        self.heartbeat: Heartbeat | None = None
        self.answers: dict[str, PreparedResponse] = {}
        self.next_look = float("-inf")
        self.is_stale = False
        self._hsts = hsts
        self._cold_bytes = cold_bytes
        self._clock = clock
        self.monotonic = monotonic
        self._watched = directory / "current" / manifest.NAME
        self._seen: tuple[int, int, int] | None = None
        self._retry_at: float | None = None
        self._lock = threading.Lock()

    def look(self, *, again: bool = False) -> None:
        """Take over a newer generation, and see how old the heartbeat is. Never raises.

        A few microseconds when nothing changed. While one thread reads, the others go on with what they
        have. `again`: read even if nothing seems to have changed.
        """
        if not self._lock.acquire(blocking=self.generation is None or again):
            return
        try:
            now = self.monotonic()
            self._take_newest(now, again=again)
            self.heartbeat = read_heartbeat(self.directory)
            self.is_stale = self.heartbeat_age() > STALE_AFTER
            if self.generation is not None:
                self.answers = self.generation.silent if self.is_stale else self.generation.fresh
            self.next_look = now + LOOK_EVERY
        finally:
            self._lock.release()

    def _take_newest(self, now: float, *, again: bool) -> None:
        try:
            # Follows the pointer, and changes too when better compressed variants were added.
            found = self._watched.stat()
        except OSError:
            found = None
        seen = (found.st_dev, found.st_ino, found.st_mtime_ns) if found else None
        due = self._retry_at is not None and now >= self._retry_at
        if seen == self._seen and not again and not due and self.generation is not None:
            return
        if seen is None and self.generation is not None:
            return  # the folder is gone or being restored: what is in memory stays true
        self._seen, self._retry_at = seen, None
        try:
            self.generation = self._read(self.directory)
        except GenerationError as error:
            self._retry_at = now + RETRY_AFTER
            if self.generation is None:
                self._fall_back(error)
            else:
                log.error("keeping revision %s: %s", self.generation.revision, error)

    def _read(self, directory: Path) -> LoadedGeneration:
        return read_generation(
            directory, hsts=self._hsts, cold_bytes=self._cold_bytes, previous=self.generation
        )

    def _fall_back(self, reason: GenerationError) -> None:
        """After a start with a damaged generation: an older whole page is better than none."""
        try:
            folders = sorted((self.directory / "generations").glob("r*"), reverse=True)
        except OSError:
            return
        for folder in folders:
            try:
                self.generation = read_folder(folder, hsts=self._hsts, cold_bytes=self._cold_bytes)
            except GenerationError:
                continue
            log.error("showing revision %s instead: %s", self.generation.revision, reason)
            return

    def heartbeat_age(self) -> float:
        """Seconds since the publisher was last heard of; infinite when it never was.

        A heartbeat from the future counts by its distance: the clock was set back, and the publisher
        has not been heard of since.
        """
        at = self.heartbeat.at if self.heartbeat else None
        if at is None and self.generation is not None:
            at = self.generation.as_of
        return abs((self._clock() - at).total_seconds()) if at is not None else float("inf")
