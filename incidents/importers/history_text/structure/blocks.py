"""Cutting a page into entries, and an entry into its parts under headings."""

from __future__ import annotations

from dataclasses import dataclass, field

from incidents.importers.history_text.structure.headings import Heading, match_heading, question
from incidents.importers.history_text.structure.layout import (
    Line,
    day_of,
    is_day_mark,
    month_heading,
    month_of_day,
)
from incidents.importers.history_text.structure.preamble import (
    could_be_title,
    is_certain_title,
    opens_entry,
    stated_id,
)
from incidents.importers.history_text.times.windows import find_ranges

_LOOK_BACK = 12  # lines that may stand above an entry's first heading


@dataclass(slots=True)
class Part:
    """A heading with the lines below it. `heading` is None where the heading is unknown."""

    line: Line
    heading: Heading | None
    lines: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class Block:
    """One entry. `head` are the lines above its first heading; `strays` belong to no entry."""

    month: str | None
    day: int | None = None
    head: list[Line] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    strays: list[Line] = field(default_factory=list)
    marks: list[Line] = field(default_factory=list)

    def started(self) -> bool:
        return any(part.heading and part.heading.starter for part in self.parts)

    def known(self) -> bool:
        return any(part.heading for part in self.parts)

    def number(self) -> int:
        lines = [*self.head, *(part.line for part in self.parts)]
        return min((line.number for line in lines), default=1)


def cut(lines: list[Line]) -> list[Block]:
    """The entries of a page in order, and blocks without any heading between them."""
    cutter = _Cutter(lines)
    for index, line in enumerate(lines):
        cutter.take(index, line)
    return [*cutter.blocks, cutter.block]


class _Cutter:
    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.headings = [match_heading(line.text) for line in lines]
        self.blocks: list[Block] = []
        self.block = Block(None)
        self._next = self._next_headings()

    def _next_headings(self) -> list[int | None]:
        following: list[int | None] = []
        upcoming: int | None = None
        for index in range(len(self.lines) - 1, -1, -1):
            following.append(upcoming)
            if self.headings[index] is not None:
                upcoming = index
        return following[::-1]

    def take(self, index: int, line: Line) -> None:
        month = None if line.bullet else month_heading(line.text)
        heading = self._heading(index, line)
        if month:
            self._new(month)
            self.block.marks.append(line)
        elif not line.bullet and is_day_mark(line.text) and self._is_above_entry(index):
            self._take_day(line)
        elif heading:
            self._take_heading(line, heading)
        elif self.block.known() and is_certain_title(line) and self._names_new_entry(index, line):
            self._new(self.block.month)
            self.block.head.append(line)
        elif not self.block.parts and names_entry(line) and any(map(names_entry, self.block.head)):
            self._new(self.block.month, self.block.day)
            self.block.head.append(line)
        elif self._is_behind_closed_entry(line):
            self._new(self.block.month)
            self.block.head.append(line)
        elif self.block.parts and self._is_unknown_heading(line):
            self.block.parts.append(Part(line, None))
        elif self.block.parts:
            self.block.parts[-1].lines.append(line)
        else:
            self.block.head.append(line)

    def _is_behind_closed_entry(self, line: Line) -> bool:
        """Pages without headings end each entry with its span: "Oct 29, 16:17 - 23:15 UTC"."""
        head = self.block.head
        if self.block.parts or len(head) < 2 or not is_span(head[-1].text):
            return False
        return could_be_title(line)

    def _heading(self, index: int, line: Line) -> Heading | None:
        heading = self.headings[index]
        if heading and line.bullet and not line.bullet[0].isdigit():
            # A bullet may carry a question as its text only if nothing follows on the line.
            return heading if heading.style == "new" and not heading.rest else None
        return heading

    def _new(self, month: str | None, day: int | None = None) -> None:
        if self.block.head or self.block.parts or self.block.marks:
            self.blocks.append(self.block)
        self.block = Block(month, day)

    def _take_day(self, line: Line) -> None:
        month = self.block.month or month_of_day(line.text)
        day = day_of(line.text, month)
        if self.block.head or self.block.parts:
            self._new(self.block.month, day)
        self.block.month = self.block.month or month
        self.block.day = day
        self.block.marks.append(line)

    def _is_above_entry(self, index: int) -> bool:
        """A lone number is a day where the page has months, or where an entry opens below it."""
        if self.block.month and len(self.lines[index].text) <= 6:
            return True
        upcoming = self._next[index]
        heading = self.headings[upcoming] if upcoming is not None else None
        return bool(heading and heading.starter and upcoming and upcoming - index <= _LOOK_BACK)

    def _names_new_entry(self, index: int, line: Line) -> bool:
        upcoming = self._next[index]
        if upcoming is None:
            return stated_id(line.text) is not None
        heading = self.headings[upcoming]
        return bool(heading and heading.starter and upcoming - index <= _LOOK_BACK)

    def _is_unknown_heading(self, line: Line) -> bool:
        if line.bullet:
            return False
        marked = line.text.startswith("#") or (
            line.text.startswith("**") and line.text.endswith("**") and len(line.text) < 120
        )
        return marked or question(line.text) is not None

    def _take_heading(self, line: Line, heading: Heading) -> None:
        if heading.starter and self._begins_another(heading):
            head = self._look_back(line)
            self._new(self.block.month, self.block.day)
            self.block.head = head
        part = Part(line, heading)
        if heading.rest:
            part.lines.append(Line(line.number, heading.rest))
        self.block.parts.append(part)

    def _begins_another(self, heading: Heading) -> bool:
        if not self.block.started():
            return False
        last = self.block.parts[-1]
        if last.heading and not last.lines and last.heading.text.lower() == heading.text.lower():
            return False  # pages that fold their entries print a heading twice
        known = [part.heading for part in self.block.parts if part.heading]
        repeated = any(it.text.lower() == heading.text.lower() for it in known)
        return repeated or any(it.kind != "impact" for it in known)

    def _look_back(self, heading: Line) -> list[Line]:
        """Take from the entry above the lines that already belong to the next one."""
        head: list[Line] = []
        below = heading
        while len(head) < _LOOK_BACK and self.block.parts:
            part = self.block.parts[-1]
            line = part.lines[-1] if part.lines else part.line
            if part.heading and not part.lines:
                break
            plain = not any(could_be_title(it) for it in head) and _is_plain_title(line, below)
            if not (opens_entry(line) or plain):
                break
            if part.lines:
                part.lines.pop()
            else:
                self.block.parts.pop()
            head.insert(0, line)
            below = line
        return head


def is_span(text: str) -> bool:
    """Nothing but a span of time."""
    spans = find_ranges(text) if len(text) <= 80 else []
    if len(spans) != 1:
        return False
    return not (text[: spans[0].first.start] + text[spans[0].end() :]).strip(" .,")


def names_entry(line: Line) -> bool:
    """A title with its tracking ID: an entry, even where the page keeps its text folded."""
    return stated_id(line.text) is not None and is_certain_title(line)


def _is_plain_title(line: Line, below: Line) -> bool:
    apart = line.gap and (below.gap or below.number == line.number + 1)
    return apart and could_be_title(line) and len(line.text.split()) <= 16
