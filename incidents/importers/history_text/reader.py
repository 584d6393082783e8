"""The reader of status-history texts: text in, incidents out. Pure: no clock, no database."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import date

from incidents.importers.history_text.model import HistoryError, HistoryIncident, HistoryWindow, iso
from incidents.importers.history_text.names.index import NameIndex
from incidents.importers.history_text.names.mentions import read_mentions, read_recoveries
from incidents.importers.history_text.names.titles import derived_title, shortened
from incidents.importers.history_text.structure.blocks import Block, Part, cut, is_span, names_entry
from incidents.importers.history_text.structure.headings import Heading
from incidents.importers.history_text.structure.layout import Line, read_lines
from incidents.importers.history_text.structure.page import HistoryPage, with_zones
from incidents.importers.history_text.structure.parts import Parts, read_parts
from incidents.importers.history_text.structure.preamble import Preamble, linked_id, read_preamble
from incidents.importers.history_text.times.windows import Calendar, Paragraph, find_windows
from incidents.importers.other_formats import AS_TEXT, is_markup, other_format

_ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
_SCENARIO = re.compile(r"\bscenario\s{0,2}['‘’\"“]?#?([123])\b", re.IGNORECASE)
_AUDIENCE_UNKNOWN = re.compile(
    r"\b(?:delay|difficult\w*|unable|not (?:yet )?possible|could ?n[o'’]t|can ?n[o'’]t|not yet able)\b"
    r".{0,80}\b(?:determin|identif|establish|know|work out)\w*\b.{0,80}"
    r"\b(?:subscriptions?|customers?|audience)\b",
    re.IGNORECASE,
)
_EXTENT_UNKNOWN = re.compile(
    r"\b(?:full |exact |whole )?(?:impact|scope|extent|set of (?:customers|subscriptions))\b.{0,30}"
    r"\b(?:not|n't|unable)\b.{0,40}\b(?:determin|identif|establish|known|understood)",
    re.IGNORECASE,
)
_CHANNEL_BROKEN = re.compile(
    r"\b(?:unable|could ?n[o'’]t|can ?n[o'’]t|not able|prevent\w*)\b.{0,80}"
    r"\b(?:reach|access|sign in|log in|open|us)\w*\b.{0,60}\b(?:portal|service health)\b",
    re.IGNORECASE,
)
_SAYS_KIND = re.compile(r"\bthis is (?:our|the|a)\s+['‘’\"“]?(preliminary|final)\b", re.IGNORECASE)
_TITLE_KIND = re.compile(
    r"\b(preliminary|final)\b.{0,3}(?:\bPIR\b|\bRCA\b|\bpost\b|\broot\b|\breview\b)"
    r"|(?:\bPIR\b|\bRCA\b|\breview\b|\banalysis\b)\W{0,4}(preliminary|final)\b",
    re.IGNORECASE,
)
_REVIEW = r"(?:PIRs?\b|RCAs?\b|post[ -]incident reviews?|root cause analys[ie]s|reviews?\b)"
# What will come is not there yet: "We will publish a Preliminary Post Incident Review within 72 hours."
_ANNOUNCED = re.compile(
    rf"\b(?:will|shall|plan(?:s|ning)? to|aim(?:s|ing)? to|expects? to|intends? to|going to|to follow|due)\b"
    rf"[^.!?]{{0,80}}?\b(?:(preliminary|final)\b[^.!?]{{0,40}}?)?\b{_REVIEW}"
    rf"|\b(?:(preliminary|final)\b[^.!?]{{0,30}})?\b{_REVIEW}[^.!?]{{0,60}}?\b(?:will|shall|to follow|is due)\b",
    re.IGNORECASE,
)
_REVIEW_TITLE = re.compile(
    r"\b(?:RCA|PIR)\b|\bpost[ -]incident review|\broot cause analysis", re.IGNORECASE
)


def read_history(
    text: str, names: NameIndex, *, today: date | None = None
) -> list[HistoryIncident]:
    """All incidents of a status-history text, in its order.

    `today`: a date without a year is not taken for a day after it.

    Raises HistoryError, with the line and the remedy, for a file of another format, a text without any
    incident, for impact
    that ends before it starts, for impossible dates and times, and for one tracking ID on two
    different incidents.
    """
    if other := other_format(text):
        raise HistoryError(f"{other[0]}; {other[1]}.")
    incidents: list[HistoryIncident] = []
    strays: list[str] = []
    seen: dict[str, HistoryIncident] = {}
    text = with_zones(text)
    blocks = cut(read_lines(text))
    months = {block.month for block in blocks if block.known()}
    page = HistoryPage.of(text, {block.month for block in blocks}, today)
    for block in blocks:
        ready = _with_heading(block, page)
        if ready is None:
            strays += _stray_lines(block, months)
            continue
        incident = _read_block(ready, names, page)
        incident.unread[:0] = strays
        strays = []
        if _is_new(incident, seen, ready.number()):
            incidents.append(incident)
    if not incidents:
        if is_markup(text):
            raise HistoryError(f"is HTML without any entry; {AS_TEXT}.")
        raise HistoryError(
            'no incident found; expected a heading such as "What happened?" or "Summary of Impact:"'
            ' with times such as "between 09:00 and 10:48 UTC on 07 Feb 2024".'
        )
    incidents[-1].unread += strays
    return incidents


def _stray_lines(block: Block, months: set[str | None]) -> list[str]:
    lines = [*(block.marks if block.month not in months else ()), *block.head]
    for part in block.parts:
        lines += [part.line, *part.lines]
    return [line.shown() for line in lines]


def _with_heading(block: Block, page: HistoryPage) -> Block | None:
    """The block itself, or with its text as an impact statement if it tells of times of impact."""
    if block.known():
        return block
    candidates = [line for line in block.head if len(line.text) > 60 or is_span(line.text)]
    if not any(len(line.text) > 60 for line in candidates):
        return _with_title_alone(block)
    calendar = Calendar.of([line.text for line in candidates], block.month, block.day, page)
    paragraphs = [Paragraph(line.number, line.text) for line in candidates]
    if not any(window for window in find_windows(paragraphs, calendar)[0]):
        return _with_title_alone(block)
    first = next(i for i, line in enumerate(block.head) if line is candidates[0])
    heading = Heading("impact", "old", "", "", starter=True)
    part = Part(block.head[first], heading, block.head[first:])
    return replace(block, head=block.head[:first], parts=[part, *block.parts])


def _with_title_alone(block: Block) -> Block | None:
    """A title with its tracking ID is an entry even where the page shows nothing of its text."""
    index = next((i for i, line in enumerate(block.head) if names_entry(line)), None)
    if index is None:
        return None
    heading = Heading("impact", "old", "", "", starter=True)
    part = Part(block.head[index], heading, block.head[index + 1 :])
    return replace(block, head=block.head[: index + 1], parts=[part, *block.parts])


def _is_new(incident: HistoryIncident, seen: dict[str, HistoryIncident], line: int) -> bool:
    """False for the same entry once more. Raises HistoryError for another entry under its ID."""
    known = seen.setdefault(incident.tracking_id, incident)
    if known is incident:
        return True
    same = replace(incident, unread=[]).to_dict() == replace(known, unread=[]).to_dict()
    if not same:
        raise HistoryError(
            f"tracking ID {incident.tracking_id} stands above two different incidents;"
            " give each its own.",
            line,
        )
    known.unread += [it for it in incident.unread if it not in known.unread]
    return False


def _read_block(block: Block, names: NameIndex, page: HistoryPage) -> HistoryIncident:
    head = read_preamble(block.head)
    calendar = Calendar.of(_all_texts(block), block.month, block.day, page)
    windows, unread = _read_windows(block, head, calendar)
    parts = read_parts(block, calendar, windows, head)
    note = "\n\n".join([*head.note, *parts.note]) or None
    mentions = read_mentions(_mention_parts(block, head), names)
    month = block.month or (iso(windows[0].start)[:7] if windows else None)
    impact = " ".join(line.text for line in _impact_lines(block))
    title = shortened(head.title) if head.title else derived_title(mentions, impact, names)
    if head.lead:
        parts.sections.insert(0, parts.lead(head.lead))
    return HistoryIncident(
        tracking_id=_tracking_id(block, head, parts)
        or derived_tracking_id(month, windows, impact or title),
        title=title,
        kind=_kind(block, head, parts),
        month=month,
        windows=windows,
        regions=mentions.regions,
        services=mentions.services,
        impacted_regions=mentions.impacted_regions,
        impacted_services=mentions.impacted_services,
        geographies=mentions.geographies,
        recoveries=read_recoveries(parts.timeline, parts.paragraphs, names, calendar),
        unknown_names=mentions.unknown_names,
        scenario=_scenario(note),
        note=note,
        sections=parts.sections,
        timeline=parts.timeline,
        repair_items=parts.repair_items,
        retrospective_video=head.video or parts.video,
        survey=parts.survey,
        unread=[*head.unread, *parts.unread, *unread],
    )


def _all_texts(block: Block) -> list[str]:
    lines = [*_impact_lines(block), *block.head]
    lines += [line for part in block.parts for line in part.lines]
    return [line.text for line in lines]


def _impact_lines(block: Block) -> list[Line]:
    return _lines_of(block, "impact")


def _lines_of(block: Block, *kinds: str) -> list[Line]:
    return [
        line
        for part in block.parts
        if part.heading and part.heading.kind in kinds
        for line in part.lines
    ]


def _read_windows(
    block: Block, head: Preamble, calendar: Calendar
) -> tuple[list[HistoryWindow], list[str]]:
    """From the statement of impact; where it has no times, from what is said of the state so far."""
    unread: list[str] = []
    leads = [Line(block.number(), text) for text in head.lead]
    for lines in (_impact_lines(block), leads, _lines_of(block, "status", "findings")):
        windows, unsure = find_windows([Paragraph(it.number, it.text) for it in lines], calendar)
        unread += unsure
        if windows:
            return windows, unread
    return [], unread


def _mention_parts(block: Block, head: Preamble) -> list[tuple[bool, str]]:
    parts = [(True, head.title)] if head.title else []
    parts += [(True, text) for text in head.lead]
    # What the statement of impact names comes first, wherever the page has put it.
    for part in sorted(
        block.parts, key=lambda it: not (it.heading and it.heading.kind == "impact")
    ):
        is_impact = part.heading is not None and part.heading.kind == "impact"
        parts += [(is_impact, line.text) for line in part.lines]
    return parts


def _tracking_id(block: Block, head: Preamble, parts: Parts) -> str | None:
    if head.tracking_id or parts.tracking_id:
        return head.tracking_id or parts.tracking_id
    for line in [*block.head, *(line for part in block.parts for line in part.lines)]:
        found = linked_id(line.text)
        if found:
            return found
    return None


def derived_tracking_id(month: str | None, windows: list[HistoryWindow], summary: str) -> str:
    """An ID that says the same facts every time: month, first start, the words of the summary."""
    words = " ".join(re.findall(r"[a-z0-9]+", summary.lower()))
    start = iso(min(window.start for window in windows)) if windows else ""
    digest = hashlib.sha256(f"{month}|{start}|{words}".encode()).digest()
    number = int.from_bytes(digest[:8], "big")
    letters = []
    for _ in range(7):
        number, index = divmod(number, len(_ID_LETTERS))
        letters.append(_ID_LETTERS[index])
    return f"{''.join(letters[:4])}-{''.join(letters[4:])}"


def _scenario(note: str | None) -> int | None:
    if not note:
        return None
    stated = _SCENARIO.search(note)
    if stated:
        return int(stated[1])
    if _AUDIENCE_UNKNOWN.search(note) or _EXTENT_UNKNOWN.search(note):
        return 3
    return 2 if _CHANNEL_BROKEN.search(note) else None


def _kind(block: Block, head: Preamble, parts: Parts) -> str:
    """What the entry is: a statement after mitigation, or a review, preliminary or final."""
    headings = [part.heading for part in block.parts if part.heading]
    new = {it.kind for it in headings if it.style == "new"}
    title = head.title or ""
    if not new:
        if not _REVIEW_TITLE.search(title):
            return "mitigation-statement"
        return "preliminary-review" if _title_kind(title) == "preliminary" else "final-review"
    says = _SAYS_KIND.search(" ".join(head.lead))
    if says:
        return f"{says[1].lower()}-review"
    if titled := _title_kind(title):
        return f"{titled}-review"
    if "root-cause" not in new and _announces_first(block):
        return "mitigation-statement"
    if _REVIEW_TITLE.search(title) and not new & {"findings"}:
        return "final-review"  # a preliminary one says so in its title or above its headings
    if new & {"findings", "next-steps"} or "root-cause" not in new:
        return "preliminary-review"
    settled = "prevention" in new or bool(parts.repair_items)
    return "final-review" if settled else "preliminary-review"


def _title_kind(title: str) -> str:
    found = _TITLE_KIND.search(title)
    return (found[1] or found[2]).lower() if found else ""


def _announces_first(block: Block) -> bool:
    """The text promises the first review, not the final one that follows a preliminary one."""
    promises = [found for text in _all_texts(block) for found in _ANNOUNCED.finditer(text)]
    words = [(found[1] or found[2] or "").lower() for found in promises]
    return bool(words) and "final" not in words
