"""The customer subscriptions that an impacted list names, brought into temporary tables by COPY.

`named` holds line and identifier of every entry, `chosen` the subscriptions behind them, each once.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from notifications.customers.impacted_file import (
    MOST_FAULTS,
    Fault,
    Faults,
    ImpactedFileError,
    read_list,
)
from notifications.vocabulary import identifiers

BATCH = 20_000  # entries that are in memory at a time

_MISSING = """
SELECT n.line, n.ref, count(*) OVER () FROM named n
WHERE NOT EXISTS (SELECT FROM notifications_customersubscription s WHERE lower(s.ref) = n.key)
ORDER BY 1 LIMIT %(most)s
"""
_CHOOSE = """
CREATE TEMPORARY TABLE chosen ON COMMIT DROP AS
SELECT DISTINCT s.id FROM named n JOIN notifications_customersubscription s ON lower(s.ref) = n.key
ORDER BY 1
"""


def name(cursor: Any, lines: Iterable[str], faults: Faults) -> None:
    """Fill `named`; what is no identifier is added to `faults`. Outlives the transaction until `choose`.

    While `lines` give way to each other the connection is free for other statements.
    """
    cursor.execute("DROP TABLE IF EXISTS named")
    cursor.execute("CREATE TEMPORARY TABLE named (line int, ref text, key text)")
    entries = read_list(lines, faults)
    while batch := list(islice(entries, BATCH)):
        with cursor.copy("COPY named FROM STDIN") as copy:
            for line, ref in batch:
                copy.write_row((line, ref, identifiers.key(ref)))


def choose(cursor: Any, faults: Faults) -> None:
    """Make `chosen` of `named`. Raises ImpactedFileError with `faults` and the identifiers nobody knows."""
    cursor.execute("CREATE INDEX ON named (key); ANALYZE named")
    cursor.execute(_MISSING, {"most": MOST_FAULTS})
    faults = _with_unknown(faults, cursor.fetchall())
    if faults.total:
        raise ImpactedFileError(faults)
    cursor.execute(_CHOOSE)
    cursor.execute("DROP TABLE named; ANALYZE chosen")


def _with_unknown(faults: Faults, missing: list[tuple[int, str, int]]) -> Faults:
    """The faults of form and those of content, by line; `missing`: line, identifier, how many in all."""
    unknown = [
        Fault(line, ref, "is no known subscription", "load the customers first, or remove it")
        for line, ref, _ in missing
    ]
    return Faults(
        first=sorted([*faults.first, *unknown], key=lambda fault: fault.line)[:MOST_FAULTS],
        total=faults.total + (missing[0][2] if missing else 0),
    )
