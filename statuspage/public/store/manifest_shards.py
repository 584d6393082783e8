"""The long part of a manifest, in pieces: entries of single incidents and months lie on shards.

Which shard a path is on is computed from the path, so nobody has to look through all of them: an update
of one incident rewrites one shard, and a reader opens the one that was asked for.
"""

from __future__ import annotations

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from zlib import crc32

from statuspage.public.store.file_names import (
    FileEntry,
    GenerationError,
    compressible,
    fingerprint,
    page_file,
    part_file,
    plain,
)

SHELVES = 32  # per language
OPENED = (
    24  # shards kept open in memory, over all generations: reading one takes a few milliseconds
)
FOLDER = "shards"

_PAGE = re.compile(r"(?:/([a-z]{2}(?:-[a-z]+)?))?/status/history/([^/]+)/")
_PART = re.compile(r"(?:([a-z]{2}(?:-[a-z]+)?)/)?history/([^/]+)\.html")

_LANGUAGE = re.compile(r"/?([a-z]{2}(?:-[a-z]+)?)/")

Load = Callable[[str], bytes]
"""Reads a file of the generation by its name; raises GenerationError."""


def shard_of(name: str) -> str:
    """The shard of a URL path or a part's name, such as `de-1f`; "" for what every reader needs at once."""
    found = (_PAGE if name.startswith("/") else _PART).fullmatch(name)
    if found is None:
        return ""
    return f"{found[1] or 'en'}-{crc32(found[2].encode(errors='replace')) % SHELVES:02x}"


def language_of(name: str) -> str:
    """The language of a page or part; what has none counts as English."""
    found = _LANGUAGE.match(name)
    return found[1] if found else "en"


class Shard:
    """Entries by URL path or part's name. `best`: nothing on it waits for better compression."""

    __slots__ = ("_load", "best", "hash", "name")

    def __init__(self, name: str, digest: str, load: Load, *, best: bool) -> None:
        self.name = name
        self.hash = digest
        self.best = best
        self._load = load

    @property
    def file(self) -> str:
        """Its name has its content in it: a manifest that names it can never meet another one."""
        return f"{FOLDER}/{self.name}.{self.hash}.json"

    def entries(self) -> Mapping[str, FileEntry]:
        """Raises GenerationError when the file is missing or not what was written."""
        known = _opened.get(self.hash)
        return known if known is not None else _opened.put(self.hash, self._read())

    def _read(self) -> dict[str, FileEntry]:
        data = self._load(self.file)
        if fingerprint(data) != self.hash:
            raise GenerationError(f"{self.file}: bytes and manifest disagree")
        return {name: FileEntry(**entry) for name, entry in json.loads(data).items()}

    def files(self) -> Iterator[tuple[str, FileEntry]]:
        for name, entry in self.entries().items():
            yield file_of(name, entry), entry


def made(name: str, entries: Mapping[str, FileEntry], load: Load) -> tuple[Shard, bytes]:
    """A shard with these entries, and the bytes of its file; `load` finds it later."""
    data = json.dumps(
        {key: plain(entry) for key, entry in entries.items()},
        separators=(",", ":"),
        ensure_ascii=False,
    ).encode()
    best = all(entry.best or not compressible(entry) for entry in entries.values())
    shard = Shard(name, fingerprint(data), load, best=best)
    _opened.put(shard.hash, dict(entries))
    return shard, data


def file_of(name: str, entry: FileEntry) -> str:
    return page_file(name, entry.status) if name.startswith("/") else part_file(name)


class _Opened:
    """The shards looked at last, by the hash of their bytes: the same for every generation."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Mapping[str, FileEntry]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, digest: str) -> Mapping[str, FileEntry] | None:
        with self._lock:
            found = self._kept.get(digest)
            if found is not None:
                self._kept.move_to_end(digest)
            return found

    def put(self, digest: str, entries: Mapping[str, FileEntry]) -> Mapping[str, FileEntry]:
        with self._lock:
            self._kept[digest] = entries
            while len(self._kept) > OPENED:
                self._kept.popitem(last=False)
        return entries

    def __len__(self) -> int:
        return len(self._kept)


_opened = _Opened()


def opened() -> dict[str, int]:
    """How many shards are open in this process, and how many may be."""
    return {"shards": len(_opened), "shelves_limit": OPENED}


class Sharded(Mapping[str, FileEntry]):
    """Pages, or parts: those at hand, and those on shards, which are opened when asked for."""

    def __init__(
        self, top: Mapping[str, FileEntry], shards: Mapping[str, Shard], *, pages: bool
    ) -> None:
        self.top = top
        self.shards = shards
        self._pages = pages

    def __getitem__(self, name: str) -> FileEntry:
        if (found := self.top.get(name)) is not None:
            return found
        shard = self.shards.get(shard_of(name))
        if shard is None or name.startswith("/") != self._pages:
            raise KeyError(name)
        return shard.entries()[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[str]:
        shelved = (name for shard in self.shards.values() for name in shard.entries())
        return chain(self.top, (name for name in shelved if name.startswith("/") == self._pages))

    def __len__(self) -> int:
        return sum(1 for _ in self)
