"""The files of a generation: their names, and what is known about each. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from statuspage.public.render.page import HTML

ERROR_KEY = re.compile(r"([a-z-]{2,12}/)?(400|404|405|414|500)")
SEGMENT_LIMIT = 200  # file systems end at 255 bytes; `.gz` and friends have to fit
PATH_LIMIT = 1000
PART = "part"  # in place of a media type: never served by itself, hence never compressed
SMALLEST_COMPRESSED = 200  # bytes; below that the header costs more than it saves
COMPRESSIBLE = ("text/", "application/json", "application/xml", "image/svg", "application/manifest")


class GenerationError(Exception):
    """A generation that cannot be written or read; the message says which file and why."""


class FileEntry(NamedTuple):
    """One file: the hash of its bytes, how it is answered, and which compressed variants lie beside it.

    `gzip` and `br` are the variants' sizes in bytes, 0 where there is none; `best` says that both were
    made with the slow compressors. A tuple, as there are tens of thousands of them.
    """

    hash: str
    size: int
    content_type: str = HTML
    status: int = 200
    max_age: int = 10
    gzip: int = 0
    br: int = 0
    best: bool = False

    @property
    def content(self) -> tuple[str, int, int, bool]:
        """What the bytes on disk depend on; two entries equal in this can share their files."""
        return (self.hash, self.gzip, self.br, self.best)

    def with_files_of(self, other: FileEntry) -> FileEntry:
        if self[:5] == other[:5]:
            return other
        return self._replace(gzip=other.gzip, br=other.br, best=other.best)


NOTHING = FileEntry("", 0)


def fingerprint(data: bytes) -> str:
    """The name of some bytes, as used in ETags: 128 bits of SHA-256 in hexadecimal."""
    return sha256(data).hexdigest()[:32]


@lru_cache(maxsize=4096)
def page_file(path: str, status: int = 200) -> str:
    """The file of a URL path, relative to the generation.

    Only what a plain web server may answer with 200 lies below `site/`; anything else (410 pages, and
    the special keys `404`, `500`, `de/404`, …) lies beside it, so that an edge serving `site/` cannot get the
    status wrong. Raises GenerationError for a path that is unsafe as a file name.
    """
    if not path.startswith("/"):
        if not ERROR_KEY.fullmatch(path):
            raise GenerationError(f"page {path!r}: a URL path starts with a slash")
        return f"errors/{path}.html"
    return ("site" if status == 200 else "gone") + _file(path)


@lru_cache(maxsize=4096)
def part_file(name: str) -> str:
    return "parts" + _file(f"/{name}")


def _file(path: str) -> str:
    check_path(path)
    return path + "index.html" if path.endswith("/") else path


def check_path(path: str) -> None:
    """Raises GenerationError unless the path is safe as a file below a folder."""
    if len(path.encode(errors="surrogatepass")) > PATH_LIMIT:
        raise GenerationError(f"path {path[:40]!r}…: longer than {PATH_LIMIT} bytes")
    segments = path.removesuffix("/").split("/")[1:]
    for segment in segments:
        if segment in ("", ".", ".."):
            raise GenerationError(f"path {path!r}: segment {segment!r} is not allowed")
        if not segment.isprintable() or "\\" in segment:
            raise GenerationError(f"path {path!r}: control characters and backslashes not allowed")
        if len(segment.encode()) > SEGMENT_LIMIT:
            raise GenerationError(f"path {path[:40]!r}…: a segment exceeds {SEGMENT_LIMIT} bytes")
    if path.endswith((".gz", ".br")):
        raise GenerationError(f"path {path!r}: .gz and .br are the names of compressed variants")


def plain(entry: FileEntry) -> dict[str, Any]:
    """The entry without what is as usual."""
    values = entry._asdict()
    for name, usual in FileEntry._field_defaults.items():
        if values[name] == usual:
            del values[name]
    return values


def compressible(entry: FileEntry) -> bool:
    return entry.size >= SMALLEST_COMPRESSED and (
        entry.content_type.startswith(COMPRESSIBLE)
        or "+xml" in entry.content_type
        or "+json" in entry.content_type
    )
