"""Impacted lists: one subscription a line, or CSV with a column `subscription`. Pure; reads a stream."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from notifications.customers.customer_file import REF

COLUMN = "subscription"
LONGEST = 64
LARGEST = 64 * 1024 * 1024  # bytes of one that is handed in: some two million subscriptions
MOST_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one line (counted from 1), and what to do about it."""

    line: int
    value: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.value} {self.problem}; {self.remedy}."


@dataclass(slots=True)
class Faults:
    """The first MOST_FAULTS faults of a list, and how many there are in all."""

    first: list[Fault] = field(default_factory=list)
    total: int = 0

    def add(self, fault: Fault) -> None:
        self.total += 1
        if len(self.first) < MOST_FAULTS:
            self.first.append(fault)

    def told(self) -> list[str]:
        """One line a fault, and one for those that are not listed."""
        more = self.total - len(self.first)
        return [*map(str, self.first), *([f"… and {more:,} more."] if more else [])]


class ImpactedFileError(ValueError):
    """A list that can't be taken; `faults` says why, line by line."""

    def __init__(self, faults: Faults) -> None:
        super().__init__("\n".join(faults.told()))
        self.faults = faults


def read_list(lines: Iterable[str], faults: Faults) -> Iterator[tuple[int, str]]:
    """Line number and identifier of every entry; blank lines are left out, duplicates are not.

    A first line that names the column `subscription` chooses it; otherwise the first column counts.
    What is no identifier is added to `faults`. Raises ImpactedFileError, with what was found until
    then, where nothing can be read beyond: `lines` that are not UTF-8, or a quotation mark left open.
    """
    column = 0
    seen = False
    reader = csv.reader(lines)
    for row in _rows(reader, faults):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if not seen and COLUMN in (names := [cell.casefold() for cell in cells]):
            column, seen = names.index(COLUMN), True
            continue
        seen = True
        ref = cells[column] if column < len(cells) else ""
        if REF.fullmatch(ref) and len(ref) <= LONGEST:
            yield reader.line_num, ref
        else:
            faults.add(
                Fault(
                    reader.line_num,
                    ascii(ref)[:80],
                    "is no identifier of a subscription",
                    "use letters, digits, dot, dash and underscore",
                )
            )


def _rows(reader: Iterator[list[str]], faults: Faults) -> Iterator[list[str]]:
    """The rows of a reader of CSV; what it can't read ends the list with a fault."""
    done = 0
    try:
        for row in reader:
            done = getattr(reader, "line_num", 0)
            yield row
    except UnicodeDecodeError as error:
        line = done + 1 + error.object.count(b"\n", 0, error.start)
        byte = f"the byte 0x{error.object[error.start]:02X}"
        faults.add(Fault(line, byte, "is not UTF-8", "save it as UTF-8"))
    except csv.Error as error:
        faults.add(Fault(done + 1, "it", f"can't be read ({error})", "close the quotation mark"))
    else:
        return
    raise ImpactedFileError(faults)
