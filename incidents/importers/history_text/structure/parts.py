"""The parts of an entry under their headings: text, rows of the timeline, repair items."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from incidents.importers.history_text.model import (
    HistoryRepair,
    HistorySection,
    HistoryTimelineRow,
    HistoryWindow,
)
from incidents.importers.history_text.repairs import has_marker, read_repair_item, state_of_lead
from incidents.importers.history_text.structure.blocks import Block, Part
from incidents.importers.history_text.structure.headings import Heading
from incidents.importers.history_text.structure.layout import Line
from incidents.importers.history_text.structure.preamble import (
    Preamble,
    behind_link,
    is_boilerplate,
    is_note,
    is_tracking_line,
    is_video,
    link_in,
    stated_id,
)
from incidents.importers.history_text.times.timeline import SECTIONS, TimelineReader
from incidents.importers.history_text.times.windows import Calendar

_SURVEY = re.compile(r"\bsurvey\b", re.IGNORECASE)
_PROMISE = re.compile(
    r"(?:finally,?\s+|additionally,?\s+)?(?:we|our|the\s[^.]{2,60}\bteam)\b", re.IGNORECASE
)
_PROMISES = re.compile(
    r"\bthis includes\b|\bsteps\b|\bwe (?:have|are|will)\b|\bactions\b|\bimprovements\b",
    re.IGNORECASE,
)
_POINTER = re.compile(r"(?:https?:|learn more|read more|for more|see )", re.IGNORECASE)


@dataclass(slots=True)
class Parts:
    sections: list[HistorySection] = field(default_factory=list)
    timeline: list[HistoryTimelineRow] = field(default_factory=list)
    repair_items: list[HistoryRepair] = field(default_factory=list)
    paragraphs: list[tuple[int, str]] = field(default_factory=list)
    note: list[str] = field(default_factory=list)
    tracking_id: str | None = None
    video: str | None = None
    survey: str | None = None
    unread: list[str] = field(default_factory=list)

    @staticmethod
    def lead(lines: Sequence[str]) -> HistorySection:
        return HistorySection("introduction", "", "\n\n".join(lines))


def read_parts(
    block: Block, calendar: Calendar, windows: list[HistoryWindow], head: Preamble
) -> Parts:
    """Place every line below a heading. Raises HistoryError for impossible times in a timeline."""
    parts = Parts()
    timeline = TimelineReader(calendar, windows, parts.timeline)
    for part in block.parts:
        if part.heading is None:
            parts.unread += [line.shown() for line in (part.line, *part.lines)]
        else:
            _read_part(parts, part, part.heading, timeline, head)
    return parts


def _read_part(
    parts: Parts, part: Part, heading: Heading, timeline: TimelineReader, head: Preamble
) -> None:
    kind = heading.kind
    kept: list[Line] = []
    row: Line | None = None
    lead: str | None = None
    listed = False  # a line that announces a list stands above, and its bullets are lost
    bare = not any(line.bullet for line in part.lines)
    several = (
        sum(has_marker(line.text) for line in part.lines) >= 2 if kind == "prevention" else False
    )
    for line in part.lines:
        if _is_aside(parts, line, head):
            continue
        _note_survey(parts, kind, line)
        if kind in SECTIONS and timeline.take(line):
            row = line
        elif row and line.bullet and line.indent > row.indent:
            timeline.extend(line)
        elif _is_repair_item(heading, line, bare and several, bare and listed):
            parts.repair_items.append(read_repair_item(line.text, lead))
        else:
            row = None
            kept.append(line)
            lead = state_of_lead(line.text)
            listed = line.text.endswith(":") and _PROMISES.search(line.text) is not None
    parts.paragraphs += [(line.number, line.text) for line in kept]
    parts.sections.append(HistorySection(kind, heading.text, _text(kept)))


def _is_aside(parts: Parts, line: Line, head: Preamble) -> bool:
    """Lines that stand in a section but don't belong to its text."""
    if is_boilerplate(line.text):
        parts.unread.append(line.shown())
    elif is_tracking_line(line.text) and not (head.tracking_id or parts.tracking_id):
        parts.tracking_id = stated_id(line.text)
    elif not (head.video or parts.video) and is_video(line.text) and not line.bullet:
        parts.video = link_in(line.text) or line.text
        parts.unread += behind_link(line.text)
    elif is_note(line.text) and not head.note and not parts.note:
        parts.note.append(line.text)
    else:
        return False
    return True


def _note_survey(parts: Parts, kind: str, line: Line) -> None:
    if (
        parts.survey is None
        and kind in ("communication", "next-steps")
        and _SURVEY.search(line.text)
    ):
        parts.survey = link_in(line.text) or line.text
    elif (
        parts.survey
        and "://" not in parts.survey
        and line.text.lower().lstrip("(<").startswith("http")
    ):
        parts.survey = link_in(line.text)


def _is_repair_item(heading: Heading, line: Line, lost_bullets: bool, listed: bool) -> bool:
    """Bullets below "How are we making …" and, in older reviews, below "Next Steps"."""
    old = heading.style == "old"
    if heading.kind not in ("prevention", "next-steps") or line.text.endswith(":"):
        return False
    if has_marker(line.text):
        return True
    if _POINTER.match(line.text):
        return False
    if line.bullet:
        return heading.kind == "prevention" or old
    return listed or (lost_bullets and _PROMISE.match(line.text) is not None)


def _text(lines: Sequence[Line]) -> str:
    """Paragraphs with a blank line between them, list items without."""
    text = ""
    for before, line in zip([None, *lines], lines, strict=False):
        if before:
            text += "\n" if before.bullet and line.bullet else "\n\n"
        text += line.shown()
    return text
