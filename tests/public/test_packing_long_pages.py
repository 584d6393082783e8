"""Long sections of a page are packed once, and every reader of gzip unpacks the page as it is."""

from __future__ import annotations

import gzip
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.public.store import packing
from statuspage.public.store.packing import LONG, Packer

WORDS = st.sampled_from([b"<section>", b"<footer>", b"<p>good</p>", b"\n", b"<sectional>", b"\0"])
PAGES = st.lists(st.tuples(WORDS, st.sampled_from([1, 40, 9_000])), max_size=12).map(
    lambda parts: b"".join(word * times for word, times in parts)
)


def page(as_of: datetime, rows: int = 5_000) -> bytes:
    table = "".join(f"<tr><td>Service {row}<td>good" for row in range(rows))
    head, foot = f"<p>As of {as_of:%H:%M}</p>", f"<footer>{as_of:%H:%M}</footer>"
    return f"<main>{head}<section><table>{table}</table></section>{foot}</main>".encode()


@given(PAGES)
def test_it_is_one_member_that_unpacks_to_the_page(body: bytes) -> None:
    packer = Packer()
    for _ in range(2):
        packed = packer.packed(body)
        assert gzip.decompress(packed) == body
        member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        assert member.decompress(packed) == body
        assert member.eof
        assert member.unused_data == b""  # which a browser would ignore


def test_only_what_is_new_is_compressed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    compressed: list[int] = []
    block = packing._block

    def counted(part: bytes) -> bytes:
        compressed.append(len(part))
        return block(part)

    monkeypatch.setattr(packing, "_block", counted)
    now = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
    packer = Packer()
    packer.packed(page(now))
    assert max(compressed) > LONG
    compressed.clear()
    later = packer.packed(page(now + timedelta(minutes=4)))
    assert sum(compressed) < 200
    assert gzip.decompress(later) == page(now + timedelta(minutes=4))


def test_it_is_hardly_longer_than_in_one_piece() -> None:
    body = page(datetime(2026, 11, 30, 12, 0, tzinfo=UTC))
    assert len(Packer().packed(body)) <= 1.02 * len(gzip.compress(body, packing.LEVEL)) + 100


def test_what_is_kept_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "KEPT", 2)
    packer, now = Packer(), datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
    for rows in (2_000, 2_001, 2_002):
        packer.packed(page(now, rows))
    assert len(packer.kept) == 2
