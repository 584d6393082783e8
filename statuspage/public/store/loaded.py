"""One generation as it is served: hot pages in memory, the rest read from its files and checked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from statuspage.public.render import index as indexed
from statuspage.public.render.index import Index
from statuspage.public.render.page import Page
from statuspage.public.store import manifest, manifest_shards, prepared_responses, stale_notice
from statuspage.public.store.manifest import FileEntry, GenerationError, Manifest
from statuspage.public.store.prepared_responses import PreparedResponse

COLD_BYTES = 32 * 1024 * 1024


class GenerationGoneError(GenerationError):
    """A file of this generation is missing or not what the manifest says: look for a newer one."""


class Files(Mapping[str, bytes]):
    """Named fragments, read from disk when asked for. Same interface as `Site.parts`."""

    def __init__(self, folder: Path, entries: Mapping[str, FileEntry]) -> None:
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

    def __init__(self, folder: Path, entries: Mapping[str, FileEntry]) -> None:
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


def read_file(folder: Path, name: str, entry: FileEntry) -> bytes:
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

    `pages`, `parts`, `index`, `revision` and `as_of` are those of the `Site` it was written from. `fresh` maps URL
    paths, as WSGI spells them, to answers.
    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        *,
        hsts: str = "",
        cold_bytes: int = COLD_BYTES,
        previous: LoadedGeneration | None = None,
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.revision = manifest.revision
        self.as_of = manifest.as_of
        self.pages = Pages(folder, manifest.pages)
        self.parts = Files(folder, manifest.parts)
        self.fresh: dict[str, PreparedResponse] = {}
        self._made: dict[str, tuple[FileEntry, PreparedResponse]] = {}
        self._hsts = hsts
        self._limit = cold_bytes
        self._cold: dict[str, int] = {}
        self._cold_total = 0
        self._lock = threading.Lock()
        self._load_hot(previous._made if previous is not None else {})

    def _load_hot(self, made: Mapping[str, tuple[FileEntry, PreparedResponse]]) -> None:
        for path, entry in self.manifest.hot.items():
            name = manifest.page_file(path, entry.status)
            self.fresh[as_wsgi(path)] = self._hot(name, entry, made)

    @cached_property
    def silent(self) -> dict[str, PreparedResponse]:
        """The hot answers, for a publisher that has gone silent: pages that state a time say so."""
        found = {}
        for path, entry in self.manifest.hot.items():
            answer = self.fresh[as_wsgi(path)]
            body = answer[prepared_responses.IDENTITY].body[0]
            if (told := stale_notice.shown(body)) != body:
                page = Page(told, entry.content_type, entry.status, entry.max_age)
                answer = prepared_responses.prepare(page, hsts=self._hsts, path=path)
            found[as_wsgi(path)] = answer
        return found

    def _hot(
        self, name: str, entry: FileEntry, made: Mapping[str, tuple[FileEntry, PreparedResponse]]
    ) -> PreparedResponse:
        known = made.get(name)
        answer = known[1] if known is not None and known[0] == entry else self._answer(name, entry)
        self._made[name] = (entry, answer)
        return answer

    def _answer(self, name: str, entry: FileEntry) -> PreparedResponse:
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
        try:
            # Files that did not change are hard links to one another and keep their time.
            modified = (self.folder / name).stat().st_mtime
        except OSError as error:
            raise GenerationGoneError(f"{self.folder.name}/{name}: {error.strerror}") from error
        return prepared_responses.build(
            page,
            etag=entry.hash,
            packed=packed,
            hsts=self._hsts,
            modified=modified,
            path=name.removeprefix("site"),
        )

    def find(self, path: str) -> PreparedResponse | None:
        """The answer at a URL path (as in the manifest), read from its file; None when there is none.

        Kept afterwards, so that `fresh` has it. Raises GenerationGoneError.
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

    def _keep(self, key: str, answer: PreparedResponse) -> None:
        size = prepared_responses.size(answer)
        if size > self._limit // 4:
            return
        with self._lock:
            if key in self.fresh:
                return
            self.fresh[key] = answer
            self._cold[key] = size
            self._cold_total += size
            while self._cold_total > self._limit:
                oldest = next(iter(self._cold))
                self._cold_total -= self._cold.pop(oldest)
                self.fresh.pop(oldest, None)

    @cached_property
    def index(self) -> Mapping[str, Any]:
        """The compact data that queries are answered from; read at the first query."""
        loaded = json.loads(read_file(self.folder, "index.json", self.manifest.index))
        if not isinstance(loaded, dict):
            raise GenerationGoneError(f"{self.folder.name}/index.json: not an object")
        return Index(loaded, self.parts)

    def memory(self) -> dict[str, int]:
        """Bytes of bodies held, and how many shards and months of the index are open, with their limits."""
        hot = sum(prepared_responses.size(answer) for _, answer in self._made.values())
        bodies = {"hot": hot, "cold": self._cold_total, "cold_limit": self._limit}
        return {**bodies, **manifest_shards.opened(), **indexed.opened()}


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
    return read_folder(folder, hsts=hsts, cold_bytes=cold_bytes, previous=previous)


def read_folder(folder: Path, **options: Any) -> LoadedGeneration:
    """The generation in one folder; raises GenerationError when it is not whole."""
    try:
        data = (folder / manifest.NAME).read_bytes()
    except OSError as error:
        raise GenerationError(f"{folder}: no manifest ({error.strerror})") from error

    def load(name: str) -> bytes:
        try:
            return (folder / name).read_bytes()
        except OSError as error:
            raise GenerationGoneError(f"{folder.name}/{name}: {error.strerror}") from error

    return LoadedGeneration(folder, manifest.parse(data, load), **options)
