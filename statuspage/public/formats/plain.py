"""Text that every format can carry, and the JSON and times of all of them. Pure."""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import lru_cache
from typing import Any

# What XML 1.0 (2.2) allows no document to hold, not even escaped: one of these in a title would take the
# whole feed away from every reader. Carriage returns go too, as calendars fold lines at them.
_FORBIDDEN = re.compile("[^\t\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_ENDS = re.compile("\r\n?|\u0085|\u2028|\u2029")


def clean(text: str) -> str:
    """The text with ordinary line ends, and without control characters, lone surrogates, U+FFFE and U+FFFF."""
    return _FORBIDDEN.sub("", _LINE_ENDS.sub("\n", text))


@lru_cache(maxsize=4096)  # mostly names of the catalogue, in each document again
def line(text: str) -> str:
    """`clean`, on one line."""
    return " ".join(clean(text).split())


def dump(value: Any) -> bytes:
    """Compact JSON in UTF-8. A lone surrogate, which UTF-8 cannot hold, becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def parse(moment: str) -> datetime:
    """The inverse of `timestamps.seconds` and `millis`."""
    return datetime.fromisoformat(moment)
