"""CSV as spreadsheets and people save it, read as rows. Pure; reads a stream, so size does not matter.

Taken as they come: a signature (BOM), UTF-16, Excel's line `sep=;`, commas, semicolons, tabs or bars between the
columns, quoted line breaks, rows of nothing but separators, headings in capitals or with blanks.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import BinaryIO

SEPARATORS = ",;\t|"
LONGEST_LINE = 64 * 1024  # characters
# Excel's own first line; saved once more it may be quoted and followed by separators.
_SEP_LINE = re.compile(r'"?sep=(.)"?[,;\t|]*\s*', re.IGNORECASE)


class CsvError(ValueError):
    """What ends the reading, at which line (counted from 1), and the remedy."""

    def __init__(self, line: int, problem: str, remedy: str) -> None:
        super().__init__(f"line {line}: {problem}; {remedy}.")
        self.line = line
        self.problem = problem
        self.remedy = remedy


def text_of(stream: BinaryIO | io.RawIOBase) -> io.TextIOWrapper:
    """The stream as text: UTF-16 if it looks like it, else UTF-8, without a signature. Line ends stay."""
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[type-var]  # whatever has readinto
    start = buffered.peek(4)[:4]
    encoding = "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif len(start) == 4 and bool(start[0]) != bool(start[1]):
        encoding = "utf-16-le" if start[0] else "utf-16-be"
    return io.TextIOWrapper(buffered, encoding=encoding, newline="")


def rows(lines: Iterable[str], known: Collection[str]) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells, without blanks around them, of every row that holds anything.

    `known`: the headings that tell which separator it is, as `heading` writes them. Raises CsvError.
    """
    checked = _checked(lines)
    first = next(checked, "")
    skipped, separator = 0, ""
    if told := _SEP_LINE.fullmatch(first):
        first, skipped, separator = next(checked, ""), 1, told[1]
    reader = csv.reader(
        chain([first], checked), delimiter=separator or _separator(first, known), strict=True
    )
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield skipped + reader.line_num, cells
    except csv.Error as error:
        line = skipped + reader.line_num
        raise CsvError(line, f"cannot be read as CSV ({error})", "check its quotes") from error


def heading(cell: str) -> str:
    """A heading for comparison: “Tenant Name” and “tenant-name” are tenant_name."""
    return re.sub(r"[\s_-]+", "_", cell.strip().casefold())


def _separator(line: str, known: Collection[str]) -> str:
    """The one that gives the most known headings; without any, the most frequent; a comma in doubt."""

    def fitness(separator: str) -> tuple[int, int]:
        cells = next(csv.reader([line], delimiter=separator), [])
        return sum(heading(cell) in known for cell in cells), len(cells)

    return max(SEPARATORS, key=fitness)


def _checked(lines: Iterable[str]) -> Iterator[str]:
    number = 0
    try:
        for number, line in enumerate(lines, start=1):
            if "\x00" in line:
                raise CsvError(number, "is binary", "name a CSV text file")
            if len(line) > LONGEST_LINE:
                raise CsvError(number, "is longer than 64 KiB", "check its line breaks")
            yield line
    except UnicodeDecodeError as error:
        line_number = number + 1 + error.object.count(b"\n", 0, error.start)
        encoding = "UTF-16" if error.encoding.startswith("utf-16") else "UTF-8"
        problem = f"is not {encoding} (byte 0x{error.object[error.start]:02X})"
        raise CsvError(line_number, problem, "save the file as UTF-8") from error
