"""Good input made bad: what a stranger, a broken client or a bad line makes of it."""

from __future__ import annotations

import copy
import os
from random import Random
from typing import Any

TRIES = int(os.environ.get("FUZZ", "15"))

# Each broke a parser somewhere once: of encodings, numbers, nesting, markup, templates, spreadsheets, headers.
NASTY = (
    "", " ", "\0", "\ufeff", "\u202e", "\u2028", "é́" * 40, "😀", "İ", "ſ", "٣", "½", "０",
    "-1", "1e999", "NaN", "9" * 5000, "0x1F", "1_000", "--", "true", "null", "~", "[]", "{}",
    "[" * 3000, "{\"a\":" * 500, "(" * 3000, "&a [*a]", "<<: *a", "!!python/object:os.system x",
    "<script>alert(1)</script>", "{{7*7}}", "{%x%}", "%s%n", "${x}", "=1+1", "\t=1+1", "@SUM(A1)", ";=1+1",
    "' OR 1=1 --", "\\", "../../etc/passwd", "%00", "%zz", "a\r\nX-Injected: 1", "=?utf-8?B?/w==?=",
    "9999-12-31T23:59:59Z", "0000-00-00", "2026-02-30", "31.12.0001", "24:61", "2026-03-01T09:00+99:99",
    "https://[::1", "mailto:", "x" * 20_000, "a@b@c", '"\\"@example.com', "," * 500, ";" * 500, '"',
)  # fmt: skip
BYTES = (b"\xff\xfe", b"\xed\xa0\x80", b"\xc3", b"\0", b"\x1b[2J", b"\r", b"\n", b"\xf0\x9f\x98")


def garbled(chance: Random, good: bytes) -> bytes:
    """Up to five times a piece is dropped, doubled, moved, or something nasty is put in its place."""
    text = good
    for _ in range(chance.randint(1, 5)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((0, 1, 4, 40, 400)))
        piece = text[start:end]
        instead = chance.choice(
            (
                b"",
                piece * chance.choice((2, 30)),
                chance.choice(NASTY).encode("utf-8", "surrogatepass"),
                chance.choice(BYTES),
                bytes(chance.randrange(256) for _ in range(8)),
                chance.choice(text.split(b"\n")),
            )
        )
        text = text[:start] + instead + text[end:]
    return text[:200_000]


def distorted(chance: Random, good: Any) -> Any:
    """A JSON value of which up to three parts are something else, gone, or there too often."""
    value = copy.deepcopy(good)
    for _ in range(chance.randint(1, 3)):
        value = _distort(chance, value)
    return value


def _distort(chance: Random, value: Any) -> Any:
    if isinstance(value, dict) and value and chance.random() < 0.85:
        name = chance.choice(sorted(value))
        if chance.random() < 0.1:
            return {each: kept for each, kept in value.items() if each != name}
        return value | {name: _distort(chance, value[name])}
    if isinstance(value, list) and value and chance.random() < 0.85:
        place = chance.randrange(len(value))
        return [*value[:place], _distort(chance, value[place]), *value[place + 1 :]]
    return chance.choice(
        (
            None, True, 0, -1, 2**63, 10**400, 1.5, float("inf"), [], {}, [[[]]], {"": {"": None}},
            [value] * 50, chance.choice(NASTY), chance.choice(NASTY), {chance.choice(NASTY): value},
        )
    )  # fmt: skip
