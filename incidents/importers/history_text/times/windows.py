"""Windows of impact, out of the sentences that state the impact."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from incidents.importers.history_text.model import HistoryError, HistoryWindow, iso
from incidents.importers.history_text.structure.page import HistoryPage
from incidents.importers.history_text.times.moments import (
    Day,
    ReadMoment,
    find_days,
    find_moments,
    zone_of_all,
)

_HEDGE = (
    r"(?:approximately|approx\.?|about|around|roughly|circa|nearly|just|after|before|as|early|late"
    r"|until|at|on|the|hours|of|from|between|again|then|~|\(|,)"
)
_JOINER = re.compile(
    rf"[\s,)]{{0,4}}(?P<word>and|to|until|till|through|thru|up to|&|–|—|-|−)\s{{0,3}}"
    rf"(?:{_HEDGE}\s{{0,3}})*",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\b(?:between|from)\b[^\d.;]{0,50}$", re.IGNORECASE)
_AND_AGAIN = re.compile(
    rf"[\s,;)]{{0,4}}(?:\([^()]{{0,40}}\)[\s,;]{{0,3}})?and\s(?:{_HEDGE}\s{{0,3}})*", re.IGNORECASE
)
_OPEN = re.compile(
    r"\b(?:starting|beginning|start(?:ed)?|began|since|as of|commencing|from|onset)\b[^\d.;]{0,40}$",
    re.IGNORECASE,
)
_OVER = re.compile(
    r"\b(?:until|mitigat(?:ed|ion)|resolved|resolution|recover(?:ed|y)|restored|end(?:ed|ing|s)?|concluded)\b[^\d.;]{0,60}$",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b[A-Z][a-z]{2,8}\.?\s[^.:;]{0,25}?,?\s(20\d\d)\b")
_LABEL = re.compile(r"[\s,]{0,3}\(([^()\d][^()]{2,60}|[^()]{3,60})\)")
_LABEL_WORDS = re.compile(
    r"occurr?ence|phase|impact|window|wave|period|part\b|event|incident|stage|episode",
    re.IGNORECASE,
)
_LEAD_LABEL = re.compile(r"([A-Z#][^:.;–—]{1,60})\s?[:–—]\s{0,3}(?:\w+\s){0,3}$")
# Sentences about work on the platform name times too; those are not times of impact.
_WORK = re.compile(r"\b(?:deploy|roll(?:ed|ing)?[ -]?out|maintenance|upgrade)", re.IGNORECASE)
_WORK_ITSELF = re.compile(
    r"\b(?:deployed|deployments?|roll(?:ed|ing)?[ -]?out|maintenance|upgraded?)\b[^,.;]{0,30}$",
    re.IGNORECASE,
)
_IMPACT = re.compile(
    r"\b(?:customer|user|impact|affect|experienc|unavailab|outage|degrad|latenc|fail|error|issue"
    r"|disrupt|unable)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Paragraph:
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Range:
    """Two moments that a sentence joins, or one that it leaves open (`last` is None)."""

    first: ReadMoment
    last: ReadMoment | None

    def end(self) -> int:
        return (self.last or self.first).end


def find_ranges(text: str) -> list[Range]:
    """The "between … and …", "from … to …", "09:00–10:48" of a text."""
    moments = find_moments(text)
    ranges: list[Range] = []
    index = 0
    while index + 1 < len(moments):
        first, last = moments[index], moments[index + 1]
        if _joined(text, first, last, ranges):
            ranges.append(Range(first, last))
            index += 2
        else:
            index += 1
    return ranges


def _joined(text: str, first: ReadMoment, last: ReadMoment, earlier: list[Range]) -> bool:
    gap = text[first.end : last.start]
    found = _JOINER.fullmatch(gap) if len(gap) <= 60 else None
    if not found:
        return False
    if found["word"].lower() not in ("and", "&"):
        return True
    for position in (
        first.start,
        first.clock,
    ):  # "between 4 May 09:00 and", "on 4 May between 09:00 and"
        if _BETWEEN.search(text[max(0, position - 70) : position]):
            return True
    before = earlier[-1].last if earlier else None
    link = text[before.end : first.start] if before else ""
    return bool(before) and len(link) <= 60 and _AND_AGAIN.fullmatch(link) is not None


@dataclass(slots=True)
class Calendar:
    """What the dates of an entry are measured against. `anchor` helps years that are not written."""

    anchor: date | None
    mentioned: set[tuple[int, int]]
    last: date | None = None
    offset: int | None = None  # minutes east of UTC of times without a zone, where the text says
    readable: bool = True  # False: the text says a zone that means several things
    page: HistoryPage = field(default_factory=HistoryPage)

    @classmethod
    def of(
        cls, texts: Sequence[str], month: str | None, day: int | None, page: HistoryPage
    ) -> Calendar:
        days = [found for text in texts for found in find_days(text)]
        dated = next((it for it in days if it.year is not None and _possible(it)), None)
        last = dated.near(None, 0) if dated else None
        anchor = last or _middle_of_year(texts)
        if anchor and not last:
            page = page.with_year(anchor.year)
        if month:
            year, number = int(month[:4]), int(month[5:])
            marked = Day(0, 0, day or 15, number, year)
            anchor = marked.near(None, 0) if _possible(marked) else date(year, number, 15)
            last = last or (anchor if day else None)
        said = next((it for text in texts if (it := zone_of_all(text)) is not None), None)
        offset, readable = said or (_only_zone(texts), True)
        return cls(anchor, {(it.month, it.day) for it in days}, last, offset, readable, page)

    def full(self, written: Day, anchor: date | None, line: int) -> date | None:
        """The date as written; one without a year only where the page has room for it."""
        found = written.near(anchor, line)
        if written.year is None and found is not None and not self.page.holds(found):
            return None
        return found

    def mentions(self, day: date) -> bool:
        return (day.month, day.day) in self.mentioned


def _only_zone(texts: Sequence[str]) -> int | None:
    """Where an entry names one zone alone, and not UTC, times without a zone are in it too."""
    named = {it.offset for text in texts for it in find_moments(text) if it.offset is not None}
    return named.pop() if len(named) == 1 else None


def _middle_of_year(texts: Sequence[str]) -> date | None:
    """For "October 19 and 20, 2025": the day from which every date of that year is the nearest."""
    found = next((it for text in texts if (it := _YEAR.search(text))), None)
    return date(int(found[1]), 7, 2) if found else None


def _possible(day: Day) -> bool:
    try:
        day.near(None, 0)
    except HistoryError:
        return False
    return True


def resolve(found: Range, calendar: Calendar, line: int) -> tuple[datetime, datetime | None] | None:
    """Both ends in UTC; None where no date can be told or a time zone means several things.

    Raises HistoryError where the text dates the end before the start, or names an impossible date.
    """
    first, last = found.first, found.last
    if not first.readable or (last and not last.readable):
        return None
    offset = first.offset if first.offset is not None else (last.offset if last else None)
    if offset is None and not calendar.readable:
        return None
    offset = calendar.offset if offset is None else offset
    first_day, last_day = _days(found, calendar, line)
    if first_day is None:
        return None
    start = first.on(first_day, line, offset)
    calendar.last = first_day
    if last is None or last_day is None:
        return start, None
    end = last.on(last_day, line, offset)
    if end < start and not (first.day and last.day):
        start, end = _over_midnight(start, end, first, last, calendar)
    if end < start:
        raise HistoryError(
            f"the impact ends ({iso(end)}) before it starts ({iso(start)}); correct the times.",
            line,
        )
    calendar.last = last_day
    return start, end


def _days(found: Range, calendar: Calendar, line: int) -> tuple[date | None, date | None]:
    first = found.first.day
    last = found.last.day if found.last else None
    yearly = last if last and last.year else first
    anchor = yearly.near(None, line) if yearly and yearly.year else calendar.anchor
    first_day = calendar.full(first, anchor, line) if first else None
    last_day = calendar.full(last, first_day or anchor, line) if last else None
    if first_day and last_day and first_day > last_day and first and first.year is None:
        first_day = calendar.full(first, last_day, line)
    if (first and not first_day) or (last and not last_day):
        return None, None  # a date is written, but nobody knows of which year
    fallback = calendar.last
    return first_day or last_day or fallback, last_day or first_day or fallback


def _over_midnight(
    start: datetime, end: datetime, first: ReadMoment, last: ReadMoment, calendar: Calendar
) -> tuple[datetime, datetime]:
    """One date stands for two ends: the night begins on it, unless only the day before is named."""
    day = timedelta(days=1)
    if last.day and not first.day:
        before = (start - day).date()
        if calendar.mentions(before) and not calendar.mentions((start + day).date()):
            return start - day, end
    return start, end + day


def find_windows(
    paragraphs: Sequence[Paragraph], calendar: Calendar
) -> tuple[list[HistoryWindow], list[str]]:
    """The windows of an impact statement, and the paragraphs whose times can't be told."""
    windows: list[HistoryWindow] = []
    unread: list[str] = []
    for paragraph in paragraphs:
        ranges = find_ranges(paragraph.text)
        for before, found in zip([None, *ranges], ranges, strict=False):
            if not _is_impact(paragraph.text, found) or _says_again(paragraph.text, before, found):
                continue
            ends = resolve(found, calendar, paragraph.number)
            if ends is None:
                unread.append(paragraph.text)
                continue
            label = _label(paragraph.text, found)
            window = HistoryWindow(*ends, label)
            if not _known(window, windows):
                windows.append(window)
    if not windows and not unread:
        windows = _open_window(paragraphs, calendar)
    return windows, unread


def _is_impact(text: str, found: Range) -> bool:
    if _WORK_ITSELF.search(text[max(0, found.first.start - 60) : found.first.start]):
        return False
    # Looking no further than 600 characters keeps a page that is one endless line linear.
    first, end = found.first.start, found.end()
    start = max(text.rfind(". ", max(0, first - 600), first), first - 600, 0)
    stop = text.find(". ", end, end + 600)
    sentence = text[start : stop if stop >= 0 else end + 600]
    return _IMPACT.search(sentence) is not None or _WORK.search(sentence) is None


def _says_again(text: str, before: Range | None, found: Range) -> bool:
    """The same span once more, in brackets: "(09:15 PM to 12:40 AM EST)", in a customer's zone."""
    if before is None or found.first.day or (found.last and found.last.day):
        return False
    return re.fullmatch(r"\s{0,2}[(\[]\s?", text[before.end() : found.first.start]) is not None


def _known(window: HistoryWindow, windows: list[HistoryWindow]) -> bool:
    """Said already, or a peak inside a window that was named before."""
    return any(
        window.end is not None
        and other.end is not None
        and other.start <= window.start
        and window.end <= other.end
        and (
            window.label is None
            or _LABEL_WORDS.search(window.label) is None  # a service with a time of its own
            or (window.start, window.end) == (other.start, other.end)
        )
        for other in windows
    )


def _label(text: str, found: Range) -> str | None:
    behind = _LABEL.match(text, found.end())
    if behind and _LABEL_WORDS.search(behind[1]):
        return behind[1].strip()
    lead = _LEAD_LABEL.fullmatch(text[: found.first.start]) if found.first.start <= 100 else None
    return lead[1].strip() if lead else None


def _open_window(paragraphs: Sequence[Paragraph], calendar: Calendar) -> list[HistoryWindow]:
    """Impact whose start alone is stated ("starting at 12:00 UTC"), with its end where one is."""
    opening: tuple[ReadMoment, int] | None = None
    closing: tuple[ReadMoment, int] | None = None
    plain: tuple[ReadMoment, int] | None = None
    for paragraph in paragraphs:
        for moment in find_moments(paragraph.text):
            before = paragraph.text[max(0, moment.start - 90) : moment.start]
            if opening is None and _OPEN.search(before):
                opening = moment, paragraph.number
            elif _OVER.search(before):
                closing = moment, paragraph.number
            elif plain is None:
                plain = moment, paragraph.number
    opening = opening or plain
    if opening is None:
        return []
    found = Range(opening[0], closing[0] if closing else None)
    ends = resolve(found, calendar, opening[1])
    return [HistoryWindow(*ends)] if ends else []
