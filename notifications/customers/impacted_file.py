"""Impacted lists: one subscription a line, or CSV with a column `subscription`. Pure; reads a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from incidents.texts.csv_rows import CsvError, heading, rows
from notifications.vocabulary import identifiers

COLUMN = "subscription"
HEADINGS = (COLUMN, "subscription_id", "subscriptionid")
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
    then, where nothing can be read beyond: `lines` that are not text, or a quotation mark left open.
    """
    column = 0
    read = rows(lines, HEADINGS)
    try:
        for number, (line, cells) in enumerate(read):
            names = [heading(cell) for cell in cells]
            if number == 0 and (named := next((it for it in HEADINGS if it in names), "")):
                column = names.index(named)
                continue
            ref = identifiers.spelled(cells[column]) if column < len(cells) else ""
            if identifiers.FORM.fullmatch(ref) and len(ref) <= identifiers.LONGEST:
                yield line, ref
                continue
            problem = "is no identifier of a subscription"
            remedy = "use letters, digits, dot, dash and underscore"
            faults.add(Fault(line, ascii(ref)[:80], problem, remedy))
    except CsvError as error:
        faults.add(Fault(error.line, "it", error.problem, error.remedy))
        raise ImpactedFileError(faults) from error
