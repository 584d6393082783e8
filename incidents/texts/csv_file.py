"""Rows as CSV that a spreadsheet can open without running anything. Pure."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

# What begins a formula in a spreadsheet (OWASP, CSV injection): at the start of a cell, and behind what some
# countries' spreadsheets take for the end of one. Full-width forms count, too.
_BEGINS = re.compile(r"[\t\r\n]|[\s'\"]*[=+\-@＝＋－＠]")
_BEGINS_WITHIN = re.compile(r"([;|\t\r\n][\s'\"]*)(?=[=+\-@＝＋－＠])")


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
    """One value as text; an apostrophe stands before whatever in a text would be a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | dict):
        return _BEGINS_WITHIN.sub(r"\1'", json.dumps(value, ensure_ascii=False))
    if not isinstance(value, str):
        return str(value)
    text = _BEGINS_WITHIN.sub(r"\1'", value)
    return f"'{text}" if _BEGINS.match(text) else text
