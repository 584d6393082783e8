"""What a page as a whole says about the dates and zones of its entries."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from incidents.importers.history_text.model import HistoryError
from incidents.importers.history_text.times.moments import Day, find_days

_WIDER = timedelta(
    days=31
)  # an entry may begin in the month before, and be reviewed in the one after
# CST is the middle of America as well as China. A page of the Chinese cloud says that it is one.
_CHINA = re.compile(
    r"China Standard Time|Beijing (?:standard )?time|北京时间|中国标准时间|21\s?Vianet|世纪互联|\bazure\.cn\b"
    r"|\bCST\W{0,3}(?:UTC|GMT)\s?\+\s?0?8\b",
    re.IGNORECASE,
)
_AMERICA = re.compile(
    r"Central (?:Standard|Daylight) Time|US/Central|America/Chicago", re.IGNORECASE
)
_CST = re.compile(
    r"((?:\d|[AaPp]\.?[Mm]\.?|\btimes (?:are in|are|in))\s{0,2}\(?)CST\b(?!\W{0,3}(?:UTC|GMT))"
)


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """The days that dates without a year may fall on; None where nothing limits them."""

    first: date | None = None
    last: date | None = None

    @classmethod
    def of(cls, text: str, months: Iterable[str | None], today: date | None) -> HistoryPage:
        """`months`: those above the entries, as "2024-05". `today`: nothing without a year lies behind it."""
        days = [day for found in find_days(text) if (day := _dated(found)) is not None]
        for month in filter(None, months):
            begins = date(int(month[:4]), int(month[5:]), 1)
            days += [begins, begins + timedelta(days=30)]
        if not days:
            return cls(None, today)
        last = max(days) + _WIDER
        return cls(min(days) - _WIDER, min(last, today) if today else last)

    def with_year(self, year: int) -> HistoryPage:
        """An entry that names its year may lie anywhere in it."""
        begins, ends = date(year, 1, 1), date(year, 12, 31)
        first = min(self.first, begins) if self.first else begins
        last = max(self.last, ends) if self.last else ends
        return replace(self, first=first, last=last)

    def holds(self, day: date) -> bool:
        return not ((self.first and day < self.first) or (self.last and day > self.last))


def with_zones(text: str) -> str:
    """The text with China's zone beside CST, on a page that says it is one of China; else as it is."""
    if not _CHINA.search(text) or _AMERICA.search(text):
        return text
    return _CST.sub(r"\1CST (UTC+8)", text)


def _dated(found: Day) -> date | None:
    try:
        return found.near(None, 0)
    except HistoryError:
        return None
