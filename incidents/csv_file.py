"""Rows as CSV that a spreadsheet can open without running anything. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

# A cell that begins with one of these is a formula to a spreadsheet (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def lines(columns: Sequence[str], records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The header line, then a line a record; lists and objects as JSON, nothing as an empty cell."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in _rows(columns, records):
        writer.writerow(row)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _rows(columns: Sequence[str], records: Iterable[Mapping[str, Any]]) -> Iterator[Sequence[str]]:
    yield columns
    for record in records:
        yield [cell(record.get(column)) for column in columns]


def cell(value: object) -> str:
    """One value as text; a text that would be a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text
