"""Impacted lists: one subscription a line, or CSV with a column `subscription`. Pure; reads a stream."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from notifications.customer_file import REF

COLUMN = "subscription"
LONGEST = 64
MOST_FAULTS = 100


class ImpactedFileError(ValueError):
    """Faults of a list; each of `faults` is one line naming line, value and remedy."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def read_list(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Line number and identifier of every entry; blank lines are left out, duplicates are not.

    A first line that names the column `subscription` chooses it; otherwise the first column counts.
    Raises ImpactedFileError, with up to MOST_FAULTS lines, once everything was read.
    """
    faults: list[str] = []
    column = 0
    seen = False
    for number, row in enumerate(csv.reader(lines), start=1):
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if not seen and COLUMN in (names := [cell.casefold() for cell in cells]):
            column, seen = names.index(COLUMN), True
            continue
        seen = True
        ref = cells[column] if column < len(cells) else ""
        if REF.fullmatch(ref) and len(ref) <= LONGEST:
            yield number, ref
        elif len(faults) < MOST_FAULTS:
            faults.append(
                f"line {number}: {ascii(ref)[:80]} is no identifier of a subscription; use letters,"
                " digits, dot, dash and underscore."
            )
    if faults:
        raise ImpactedFileError(faults)
