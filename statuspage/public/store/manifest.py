"""What is written beside the files of a generation: for every URL its file, type, status and hash.

Pure: no Django. The manifest is the only thing a reader believes; a file that does not agree with it
is not served.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from statuspage.public.store.file_names import (
    NOTHING,
    FileEntry,
    GenerationError,
    check_path,
    fingerprint,
    page_file,
    part_file,
    plain,
)
from statuspage.public.store.manifest_shards import Load, Shard, Sharded

__all__ = [
    "NAME",
    "FileEntry",
    "GenerationError",
    "Manifest",
    "check_path",
    "fingerprint",
    "page_file",
    "parse",
    "part_file",
]

NAME = "manifest.json"
FORMAT = 3


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything in one generation. `sequence` orders generations of the same revision.

    `top` and `top_parts`: pages and parts that lie on no shard.
    """

    revision: int
    sequence: int
    as_of: datetime
    top: Mapping[str, FileEntry] = field(default_factory=dict)
    top_parts: Mapping[str, FileEntry] = field(default_factory=dict)
    index: FileEntry = NOTHING
    shards: Mapping[str, Shard] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        return f"r{self.revision:012d}-{self.sequence:06d}"

    @property
    def hot(self) -> dict[str, FileEntry]:
        """The pages that everybody reads, and those for errors: to be had at once, and packed first."""
        html = "text/html"
        return {path: e for path, e in self.top.items() if e.content_type.startswith(html)}

    @property
    def pages(self) -> Sharded:
        return Sharded(self.top, self.shards, pages=True)

    @property
    def parts(self) -> Sharded:
        return Sharded(self.top_parts, self.shards, pages=False)

    def files(self, shards: Collection[str] | None = None) -> Iterator[tuple[str, FileEntry]]:
        """(relative file name, entry) of what is on top and on these shards (None: on all of them)."""
        for path, entry in self.top.items():
            yield page_file(path, entry.status), entry
        for name, entry in self.top_parts.items():
            yield part_file(name), entry
        yield "index.json", self.index
        for name in self.shards if shards is None else shards:
            if (shard := self.shards.get(name)) is not None:
                yield from shard.files()

    def dump(self) -> bytes:
        data = {
            "format": FORMAT,
            "revision": self.revision,
            "sequence": self.sequence,
            "as_of": self.as_of.isoformat(),
            "index": plain(self.index),
            "pages": {path: plain(entry) for path, entry in self.top.items()},
            "parts": {name: plain(entry) for name, entry in self.top_parts.items()},
            "shards": {name: [one.hash, one.best] for name, one in self.shards.items()},
        }
        return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()


def parse(data: bytes, load: Load) -> Manifest:
    """`load` reads the shards. Raises GenerationError when the bytes are no manifest of this format."""
    try:
        raw = json.loads(data)
        if raw["format"] != FORMAT:
            raise GenerationError(f"manifest format {raw['format']!r}; this release reads {FORMAT}")
        return Manifest(
            revision=int(raw["revision"]),
            sequence=int(raw["sequence"]),
            as_of=datetime.fromisoformat(raw["as_of"]),
            top={path: FileEntry(**entry) for path, entry in raw["pages"].items()},
            top_parts={name: FileEntry(**entry) for name, entry in raw["parts"].items()},
            index=FileEntry(**raw["index"]),
            shards={
                name: Shard(name, digest, load, best=best)
                for name, (digest, best) in raw["shards"].items()
            },
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise GenerationError(f"unreadable manifest ({type(error).__name__}: {error})") from error
