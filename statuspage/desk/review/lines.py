"""Timeline and repair items as lines of text, and back. Pure.

    2026-01-10 09:00 The first customer report came in.
    Alert on stale certificates | Platform team | in progress | 2026-03

Every fault names its line and what to write instead. Times are UTC.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from incidents.services.errors import EntryError
from incidents.services.reviews.review import Repair
from incidents.services.statements import checked_text
from statuspage.desk.form.typed_times import typed

T = TypeVar("T")
ROW = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T](\d{1,2}:\d\d)(?::\d\d)?(?:\s*(?:UTC|Z)\b)?[\s:–—-]*(.*)", re.IGNORECASE
)
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
STATES = {
    "done": "done",
    "in progress": "in-progress",
    "in-progress": "in-progress",
    "planned": "planned",
}
WORDS = {"done": "done", "in-progress": "in progress", "planned": "planned"}
MOST_LINES = 300
MOST_FAULTS = 8
MOST_OWNER = 200
SHOWN = 50


class LinesError(ValueError):
    """Lines that cannot be used. `faults`: one sentence each, naming line and remedy."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


def timeline_of(text: str, now: datetime) -> list[tuple[datetime, str]]:
    """UTC moments and what happened then. Raises LinesError."""

    def row(line: str) -> tuple[datetime, str]:
        found = ROW.fullmatch(line)
        if not found:
            raise ValueError(
                f"{_quoted(line)} does not begin with date and time; write"
                " 2026-01-10 09:00 and what happened then (UTC)."
            )
        date, clock, said = found.groups()
        try:
            at = datetime.strptime(f"{date} {clock}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        except ValueError:
            raise ValueError(f"{date} {clock} is no moment of the calendar; mend it.") from None
        if at > now:
            raise ValueError(f"{date} {clock} UTC lies in the future; give the time it happened.")
        if not said:
            raise ValueError(f"says nothing behind {date} {clock}; write what happened.")
        return at, checked_text("timeline", said.replace("\t", " "), lines=False)

    return list(_read(text, row))


def repairs_of(text: str) -> list[Repair]:
    """Repair items; owner, state and month may be left out. Raises LinesError."""
    return list(_read(text, _repair))


def timeline_lines(rows: Iterable[tuple[datetime, str]]) -> str:
    return "\n".join(f"{typed(at)} {_one_line(text)}" for at, text in rows)


def repair_lines(repairs: Iterable[Repair]) -> str:
    """All four parts of each, so that a text with a bar of its own is read back as it was."""
    return "\n".join(
        f"{_one_line(each.text)} | {each.owner} | {WORDS.get(each.state, each.state)} | {each.due}"
        for each in repairs
    )


def _repair(line: str) -> Repair:
    line = line.replace("\t", " ")
    parts = [part.strip() for part in line.split("|")]
    if len(parts) > 4:
        parts = ["|".join(line.split("|")[:-3]).strip(), *parts[-3:]]
    text, owner, state, due = parts + [""] * (4 - len(parts))
    if not text:
        raise ValueError("says nothing before the first |; write what will be done.")
    if len(owner) > MOST_OWNER:
        raise ValueError(f"has an owner of {len(owner)} characters; shorten it to {MOST_OWNER}.")
    known = STATES.get(" ".join(state.lower().split()) or "planned")
    if known is None:
        raise ValueError(f"has the state {_quoted(state)}; write done, in progress or planned.")
    if due and not MONTH.fullmatch(due):
        raise ValueError(f"has the month {_quoted(due)}; write it as in 2026-03.")
    return Repair(
        checked_text("repairs", text, lines=False),
        checked_text("repairs", owner, lines=False),
        known,
        due,
    )


def _read(text: str, one: Callable[[str], T]) -> Iterator[T]:
    lines = text.replace("\r\n", "\n").split("\n")
    if len(lines) > MOST_LINES:
        raise LinesError([f"has {len(lines)} lines; shorten it to {MOST_LINES}."])
    found, faults = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(one(line.strip()))
        except EntryError as error:
            faults.append(f"Line {number} {error.message}")
        except ValueError as error:
            goes_on = str(error)[0].islower()
            faults.append(f"Line {number}{'' if goes_on else ':'} {error}")
    if faults:
        more = len(faults) - MOST_FAULTS
        rest = [f"{more} more lines have faults."] if more > 0 else []
        raise LinesError(faults[:MOST_FAULTS] + rest)
    yield from found


def _quoted(text: str) -> str:
    return f"“{text[:SHOWN]}{'…' if len(text) > SHOWN else ''}”"


def _one_line(text: str) -> str:
    return " ".join(text.split())
