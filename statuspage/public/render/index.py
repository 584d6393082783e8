"""The index of a generation as queries see it: its lines about incidents lie in one part per month. Pure."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

INCIDENTS = "incidents"
MONTHS_KEPT = 100  # more than five years: what is kept of one generation serves the next


class Index(Mapping[str, Any]):
    """The data of `index.json`; under `incidents` the lines of all months, newest first, read when asked for."""

    def __init__(self, data: Mapping[str, Any], parts: Mapping[str, bytes]) -> None:
        self._data = data
        self._parts = parts
        self._lines: list[dict[str, Any]] | None = None

    def __getitem__(self, key: str) -> Any:
        if key != INCIDENTS or INCIDENTS in self._data:
            return self._data[key]
        if self._lines is None:
            names = (f"index/{month}.json" for month in self._data.get("months", ()))
            # A month without one has never been written yet: long histories come in portions.
            months = (self._parts[name] for name in names if name in self._parts)
            self._lines = [line for month in months for line in _read.lines(month)]
        return self._lines

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)


class _Months:
    """What was parsed last, by its bytes: an update of one month leaves the others as they are."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, list[dict[str, Any]]] = OrderedDict()
        self._lock = threading.Lock()

    def lines(self, data: bytes) -> list[dict[str, Any]]:
        key = sha256(data).digest()
        with self._lock:
            if (found := self._kept.get(key)) is not None:
                self._kept.move_to_end(key)
                return found
        lines: list[dict[str, Any]] = json.loads(data)
        with self._lock:
            self._kept[key] = lines
            while len(self._kept) > MONTHS_KEPT:
                self._kept.popitem(last=False)
        return lines

    def __len__(self) -> int:
        return len(self._kept)


_read = _Months()


def opened() -> dict[str, int]:
    """How many months of the index are in memory in this process, and how many may be."""
    return {"index_months": len(_read), "index_months_limit": MONTHS_KEPT}
