"""Rows of a timeline: a moment, and what happened then."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from incidents.importers.history_text.model import HistoryTimelineRow, HistoryWindow
from incidents.importers.history_text.structure.layout import Line, is_date_line
from incidents.importers.history_text.times.moments import ReadMoment, find_days, find_moments
from incidents.importers.history_text.times.windows import Calendar, find_ranges

# Sections whose timed bullets are rows; in the statement of impact they are windows.
SECTIONS = {"response", "mitigation", "root-cause", "findings", "status"}

_LEAD = re.compile(
    r"(?:(?:at|on|by|between|from|around|approximately|approx\.?|about|starting|since|~|as of)"
    r"\s{0,3}){0,3}[\[(]?",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"[\s\])]{0,3}(?:[–—:→|-]{1,2}|,)?\s{0,3}(?=\S|$)")
_MARKED = re.compile(r"[\s\])]{0,3}[–—:→|-]|[\s\])]{0,3}$|[ ]?\t")
_BACKWARDS = timedelta(hours=2)  # less is a row out of order, more is the next day


@dataclass(slots=True)
class TimelineReader:
    """Reads row after row; a time without date belongs to the day of the row before."""

    calendar: Calendar
    windows: list[HistoryWindow]
    rows: list[HistoryTimelineRow] = field(default_factory=list)
    day: date | None = None  # from a line above the rows that is nothing but a date

    def take(self, line: Line) -> bool:
        """Keep the line if it is a row. Raises HistoryError for impossible dates and times."""
        if is_date_line(line.text):
            written = find_days(line.text)[0]
            self.day = self.calendar.full(written, self.calendar.anchor, line.number)
            return False
        head = line.text[:200]
        moments = find_moments(head)
        if not moments or not moments[0].readable:
            return False
        first = moments[0]
        lead = head[: first.start]
        if lead and not _LEAD.fullmatch(lead):
            return False
        span = next((it for it in find_ranges(head) if it.first.start == first.start), None)
        end = span.last.end if span and span.last else first.end
        if not line.bullet and not _MARKED.match(line.text[end : end + 8]):
            return False
        at = self._at(first, span.last if span else None, line.number)
        if at is None:
            return False
        # A row that spans time keeps its wording, for `at` holds its beginning alone.
        text = line.text if span else self._behind(line.text, end)
        self.rows.append(HistoryTimelineRow(at, text or line.text))
        return True

    def extend(self, line: Line) -> None:
        """The line tells more about the last row."""
        last = self.rows[-1]
        self.rows[-1] = HistoryTimelineRow(last.at, f"{last.text}\n{line.shown()}")

    def _behind(self, text: str, end: int) -> str:
        found = _SEPARATOR.match(text, end)
        return text[found.end() if found else end :].strip()

    def _at(self, first: ReadMoment, last: ReadMoment | None, line: int) -> datetime | None:
        anchor = self.windows[0].start.date() if self.windows else self.calendar.anchor
        offset = last.offset if last and last.offset is not None else self.calendar.offset
        written = first.day or (last.day if last else None)
        if not self.calendar.readable and first.offset is None and offset is None:
            return None
        day = self.calendar.full(written, anchor, line) if written else None
        if written and day is None and anchor is not None:
            return None
        if day:
            at = first.on(day, line, offset)
            if last and not first.day and last.minutes() < first.minutes():
                at -= timedelta(days=1)
            return at
        return self._inherited(first, offset, line, anchor)

    def _inherited(
        self, first: ReadMoment, offset: int | None, line: int, anchor: date | None
    ) -> datetime | None:
        if self.day:
            day, self.day = self.day, None
            return first.on(day, line, offset)
        if self.rows:
            before = self.rows[-1].at
            at = first.on(before.date(), line, offset)
            return at + timedelta(days=1) if before - at > _BACKWARDS else at
        if anchor is None:
            return None
        at = first.on(anchor, line, offset)
        end = self.windows[0].end if self.windows else None
        return at - timedelta(days=1) if end and at > end + _BACKWARDS else at
