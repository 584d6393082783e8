"""gzip of pages that differ from those of before by little: long sections are compressed once and used again.

A renewal changes a time above a table of a megabyte, and an update a few lines. The blocks stand in one member, as
browsers read no further than the first (RFC 1952, 2.2); each is ended by a full flush, so that none refers to the one
before (zlib's manual, Z_FULL_FLUSH).
"""

from __future__ import annotations

import re
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise

LEVEL = 4  # in two thirds of the time of 6, for a twenty-fifth of the bytes, until there is brotli
LONG = 20_000  # bytes of a section that is worth it: every block begins without a memory
KEPT = 300  # blocks, of a tenth of their sections
_SECTION = re.compile(rb"<(?:section|footer)\b")
_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # deflated, no name, no time, by no system in particular
_END = b"\x03\0"  # an empty last block


@dataclass(slots=True)
class Packer:
    """Remembers the blocks it used last."""

    kept: OrderedDict[bytes, bytes] = field(default_factory=OrderedDict)

    def packed(self, body: bytes) -> bytes:
        blocks = [self._again(part) if len(part) >= LONG else _block(part) for part in _parts(body)]
        check = zlib.crc32(body).to_bytes(4, "little")
        size = (len(body) % 2**32).to_bytes(4, "little")
        return b"".join((_HEAD, *blocks, _END, check, size))

    def _again(self, part: bytes) -> bytes:
        name = sha256(part).digest()
        block = self.kept.pop(name, None) or _block(part)
        self.kept[name] = block
        if len(self.kept) > KEPT:
            self.kept.popitem(last=False)
        return block


def _parts(body: bytes) -> Iterator[bytes]:
    """Long sections by themselves, and what is between them."""
    edges = [*(found.start() for found in _SECTION.finditer(body)), len(body)]
    since = 0
    for start, end in pairwise(edges):
        if end - start >= LONG:
            if since < start:
                yield body[since:start]
            yield body[start:end]
            since = end
    if since < len(body):
        yield body[since:]


def _block(part: bytes) -> bytes:
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflate.compress(part) + deflate.flush(zlib.Z_FULL_FLUSH)
