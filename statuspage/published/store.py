"""The generation in memory: what a web process holds, and how it notices that there is a newer one.

No database, no broker, no Django: only the folder that `generation` writes.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from statuspage.published import answers, manifest
from statuspage.published.answers import Answer
from statuspage.published.manifest import Entry, GenerationError, Manifest
from statuspage.published.site import Page

log = logging.getLogger(__name__)

LOOK_EVERY = 0.2  # seconds between two looks at the folder
RETRY_AFTER = 5.0  # seconds before a generation that could not be read is tried again
SILENT_AFTER = 300.0  # seconds without heartbeat until pages say that they may be out of date
COLD_BYTES = 32 * 1024 * 1024
ALWAYS_HOT = ("404", "500")


class GenerationGoneError(GenerationError):
    """A file of this generation is missing or not what the manifest says: look for a newer one."""


class Files(Mapping[str, bytes]):
    """Named fragments, read from disk when asked for. Same interface as `Site.parts`."""

    def __init__(self, folder: Path, entries: Mapping[str, Entry]) -> None:
        self._folder = folder
        self._entries = entries

    def __getitem__(self, name: str) -> bytes:
        return read_file(self._folder, manifest.part_file(name), self._entries[name])

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


class Pages(Mapping[str, Page]):
    """The pages, read from disk when asked for. Same interface as `Site.pages`."""

    def __init__(self, folder: Path, entries: Mapping[str, Entry]) -> None:
        self._folder = folder
        self._entries = entries

    def __getitem__(self, path: str) -> Page:
        entry = self._entries[path]
        body = read_file(self._folder, manifest.page_file(path, entry.status), entry)
        return Page(body, entry.content_type, entry.status, entry.max_age)

    def __contains__(self, path: object) -> bool:
        return path in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def read_file(folder: Path, name: str, entry: Entry) -> bytes:
    """The bytes of one file, checked. Raises GenerationGoneError when they are not what was published."""
    try:
        body = (folder / name).read_bytes()
    except OSError as error:
        raise GenerationGoneError(f"{folder.name}/{name}: {error.strerror}") from error
    if manifest.fingerprint(body) != entry.hash:
        raise GenerationGoneError(f"{folder.name}/{name}: bytes and manifest disagree")
    return body


class LoadedGeneration:
    """One generation: hot pages in memory, the others read from their files and kept within a bound.

    `pages`, `parts`, `index`, `revision` and `as_of` are those of the `Site` it was written from. `fresh` and
    `silent` map URL paths, as WSGI spells them, to answers: the normal ones, and those for a
    publisher that has gone silent.
    """

    def __init__(
        self,
        folder: Path,
        paper: Manifest,
        *,
        hsts: str = "",
        cold_bytes: int = COLD_BYTES,
        previous: LoadedGeneration | None = None,
    ) -> None:
        self.folder = folder
        self.manifest = paper
        self.revision = paper.revision
        self.as_of = paper.as_of
        self.pages = Pages(folder, paper.pages)
        self.parts = Files(folder, paper.parts)
        self.fresh: dict[str, Answer] = {}
        self.silent: dict[str, Answer] = {}
        self._made: dict[str, tuple[Entry, Answer]] = {}
        self._hsts = hsts
        self._limit = cold_bytes
        self._cold: dict[str, int] = {}
        self._cold_total = 0
        self._lock = threading.Lock()
        self._load_hot(previous._made if previous is not None else {})

    def _load_hot(self, made: Mapping[str, tuple[Entry, Answer]]) -> None:
        for path in [*self.manifest.stale, *ALWAYS_HOT]:
            entry = self.manifest.pages.get(path)
            if entry is not None:
                name = manifest.page_file(path, entry.status)
                self.fresh[as_wsgi(path)] = self._hot(name, entry, made)
        self.silent = dict(self.fresh)
        for path, entry in self.manifest.stale.items():
            self.silent[as_wsgi(path)] = self._hot(manifest.stale_file(path), entry, made)

    def _hot(self, name: str, entry: Entry, made: Mapping[str, tuple[Entry, Answer]]) -> Answer:
        known = made.get(name)
        answer = known[1] if known is not None and known[0] == entry else self._answer(name, entry)
        self._made[name] = (entry, answer)
        return answer

    def _answer(self, name: str, entry: Entry) -> Answer:
        body = read_file(self.folder, name, entry)
        packed = []
        suffix = "best" if entry.best else "fast"
        for coding, extension, length in (("br", ".br", entry.br), ("gzip", ".gz", entry.gzip)):
            if not length:
                continue
            try:
                data = (self.folder / (name + extension)).read_bytes()
            except FileNotFoundError:
                continue
            # Replaced a moment ago by a better one that the manifest does not know yet.
            if len(data) == length:
                packed.append((coding, f"{extension[1:]}-{suffix}", data))
        page = Page(body, entry.content_type, entry.status, entry.max_age)
        return answers.build(page, etag=entry.hash, packed=packed, hsts=self._hsts)

    def find(self, path: str) -> Answer | None:
        """The answer at a URL path (as in the manifest), read from its file; None when there is none.

        Kept afterwards, so that `fresh` and `silent` have it. Raises GenerationGoneError.
        """
        entry = self.manifest.pages.get(path)
        if entry is None:
            return None
        key = as_wsgi(path)
        if (known := self.fresh.get(key)) is not None:
            return known
        answer = self._answer(manifest.page_file(path, entry.status), entry)
        self._keep(key, answer)
        return answer

    def _keep(self, key: str, answer: Answer) -> None:
        size = answers.size(answer)
        if size > self._limit // 4:
            return
        with self._lock:
            if key in self.fresh:
                return
            self.fresh[key] = self.silent[key] = answer
            self._cold[key] = size
            self._cold_total += size
            while self._cold_total > self._limit:
                oldest = next(iter(self._cold))
                self._cold_total -= self._cold.pop(oldest)
                self.fresh.pop(oldest, None)
                self.silent.pop(oldest, None)

    @cached_property
    def index(self) -> Mapping[str, Any]:
        """The compact data that queries are answered from; read at the first query."""
        loaded = json.loads(read_file(self.folder, "index.json", self.manifest.index))
        if not isinstance(loaded, dict):
            raise GenerationGoneError(f"{self.folder.name}/index.json: not an object")
        return loaded

    def memory(self) -> dict[str, int]:
        """Bytes of bodies held, for health and metrics."""
        hot = sum(answers.size(answer) for _, answer in self._made.values())
        return {"hot": hot, "cold": self._cold_total, "cold_limit": self._limit}


def as_wsgi(path: str) -> str:
    """A URL path as WSGI servers spell it: UTF-8 bytes dressed up as Latin-1 (PEP 3333)."""
    return path if path.isascii() else path.encode().decode("latin-1")


def read_generation(
    directory: Path,
    *,
    hsts: str = "",
    cold_bytes: int = COLD_BYTES,
    previous: LoadedGeneration | None = None,
) -> LoadedGeneration:
    """The generation that is shown. Raises GenerationError when there is none or it is damaged.

    `previous`: its answers are taken over where nothing changed.
    """
    try:
        # Resolved once: everything that follows has to come from one and the same generation.
        folder = (directory / "current").resolve(strict=True)
    except OSError as error:
        raise GenerationError(f"{directory}: nothing has been published yet") from error
    return _read(folder, hsts=hsts, cold_bytes=cold_bytes, previous=previous)


def _read(folder: Path, **options: Any) -> LoadedGeneration:
    try:
        data = (folder / manifest.NAME).read_bytes()
    except OSError as error:
        raise GenerationError(f"{folder}: no manifest ({error.strerror})") from error
    return LoadedGeneration(folder, manifest.parse(data), **options)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    revision: int
    at: datetime


def read_heartbeat(directory: Path) -> Heartbeat | None:
    """When the publisher last said that it lives; None when it never did, or unreadably."""
    try:
        raw = json.loads((directory / "heartbeat.json").read_bytes())
        at = datetime.fromisoformat(raw["at"])
        return Heartbeat(int(raw["revision"]), at if at.tzinfo else at.replace(tzinfo=UTC))
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
        self.answers: dict[str, Answer] = {}
        self.next_look = float("-inf")
        self.is_silent = False
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
            self.is_silent = self.silence() > SILENT_AFTER
            if self.generation is not None:
                self.answers = self.generation.silent if self.is_silent else self.generation.fresh
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
                self.generation = _read(folder, hsts=self._hsts, cold_bytes=self._cold_bytes)
            except GenerationError:
                continue
            log.error("showing revision %s instead: %s", self.generation.revision, reason)
            return

    def silence(self) -> float:
        """Seconds since the publisher was last heard of; infinite when it never was.

        A heartbeat from the future counts by its distance: the clock was set back, and the publisher
        has not been heard of since.
        """
        at = self.heartbeat.at if self.heartbeat else None
        if at is None and self.generation is not None:
            at = self.generation.as_of
        return abs((self._clock() - at).total_seconds()) if at is not None else float("inf")
