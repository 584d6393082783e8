"""What stands above an entry's first heading: title, tracking ID, notes, lead, video."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from incidents.importers.history_text.structure.layout import Line
from incidents.importers.history_text.times.moments import starts_with_moment

_ID = r"[A-Z0-9_]{4}-[A-Z0-9_]{3}(?![A-Za-z0-9_-])"
# One review may stand for several incidents: "(Tracking IDs FNJ8-VQZ and _M5B-9RZ)".
_MORE = rf"(?:\s{{0,2}}(?:,|&|/|and)\s{{0,2}}(?:and\s)?{_ID}){{0,6}}"
_TRACKING = re.compile(rf"[(\[]?\s?\b[Tt]racking\s?I[Dd]s?\s{{0,2}}[:#–-]?\s{{0,2}}[*_]{{0,2}}(?P<id>{_ID})"
                       rf"(?P<more>{_MORE})\s?[)\]]?|"
                       rf"[(\[]?\bTRACKING\sID\s{{0,2}}[:#–-]?\s{{0,2}}(?P<id2>{_ID})\s?[)\]]?")  # fmt: skip
_BARE_ID = re.compile(rf"[(\[]\s?(?P<id>{_ID})\s?[)\]]$|^(?P<id2>{_ID})$")
_LINKED_ID = re.compile(
    rf"(?i:/AIR/|/AzPIR/|/PIR/|trackingId=|incident-history-collapse-|TrackingID%22:%22)(?P<id>{_ID})"
)
_VIDEO = re.compile(
    r"\b(?:watch|join|view|register|see|recording|video|livestream)\b.{0,120}"
    r"\b(?:retrospective|livestream)s?\b|\bretrospective\b.{0,40}\b(?:video|recording|livestream)",
    re.IGNORECASE,
)
_NOTE = re.compile(r"[*_]{0,3}(?:please\s+)?note[*_]{0,3}\s?[:–-]", re.IGNORECASE)
_TOLD_IN_PUBLIC = re.compile(
    r"(?:initially|originally|at first|while ongoing)?,?\s{0,2}(?:this|the) (?:issue|incident|event|outage)"
    r" (?:was|is|has been)(?: initially| first| being)? (?:communicated|posted|published|announced|shared)"
    r"[^.]{0,60}\bpublic\b[^.]{0,40}\bstatus page\b",
    re.IGNORECASE,
)
_EXPLAINS = re.compile(
    r"\bscenario\s{0,2}['‘’\"“]?#?[123]\b|\bpublic\b.{0,60}\bstatus page\b|\bstatus history page\b"
    r"|\bstatus page\b.{0,160}\bsubscriptions?\b",
    re.IGNORECASE,
)
_REVIEW = re.compile(r"\bpost[ -]incident review\b|\bRCA\b|\bPIR\b", re.IGNORECASE)
_SEPARATED = re.compile(r"\s[–—-]\s.{2,80}\s[–—-]\s")
_VERBAL = re.compile(r"\b(?:will|this is|we|was|were|has been|can be)\b", re.IGNORECASE)
_PREFIX = re.compile(
    r"[#*_\s]{0,8}(?:mitigated|resolved|active|monitoring|investigating|rca|pir|post[ -]incident|"
    r"preliminary|final|root cause analysis|update|advisory|title)\b\s?(?:\(pir\)|rca|pir|post[ -]"
    r"incident[ a-z]*(?:\(pir\))?|root cause[ a-z]*|review)?\s?[:–—-]",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"\b(?:preliminary|final)\b.{0,12}\b(?:PIR|RCA|review|post[ -]incident)|\bpost[ -]incident review"
    r"|\binternal retrospective\b|\bPIR\b|\bwe (?:endeavor|endeavour) to publish",
    re.IGNORECASE,
)
_FACTS = re.compile(
    r"(?:impacted |affected )?(?:services?|products?|regions?|status|severity|published|last updated?"
    r"|updated|start(?: time)?|end(?: time)?|duration|category|impact(?:ed)? window)\s?:\s?\S"
    r"|(?:the\s)?(?:incident|outage|event|impact)\s(?:began|started)\s(?:at|on)\s",
    re.IGNORECASE,
)
_CHROME = re.compile(
    r"(?:skip to (?:main )?content|skip navigation|stay informed about|azure status(?: history)?$"
    r"|this page contains\b|(?:product|region|date|service)s?\s?:\s?(?:all)?$|status$|history$|home$"
    r"|show (?:more|less)|load more|back to top|© |was this (?:page|article) helpful|refresh every"
    r"|incident report for\b|posted\s.{0,12}\d.{0,40}\d\d:\d\d|(?:resolved|update|identified|monitoring|investigating)$"
    r"|privacy|terms of use|previous$|next$|cookies?$|sign in$|rss$|subscribe$)",
    re.IGNORECASE,
)
_URL = re.compile(r"https?://[^\s<>()\[\]\"']{4,400}")
_LINK_BEHIND = re.compile(r"\s{0,3}\(https?://[^\s()]{1,600}\)$")
_SENTENCE_END = re.compile(r"[.!?;:,]['\"”’)]?$")


def is_boilerplate(text: str) -> bool:
    """Words of the web page around the entries, and its standing advice below them."""
    return _CHROME.match(text[:200]) is not None


def is_video(text: str) -> bool:
    found = _VIDEO.search(text) if len(text) < 400 else None
    return found is not None and found.start() <= 30 and ". " not in text[: found.start()]


def is_note(text: str) -> bool:
    """A paragraph that explains why the entry is public."""
    if _TOLD_IN_PUBLIC.match(text):
        return True
    return _NOTE.match(text) is not None and _EXPLAINS.search(text[:3000]) is not None


def link_in(text: str) -> str | None:
    found = _URL.search(text)
    return found[0].rstrip(".,;:") if found else None


def behind_link(text: str) -> list[str]:
    """What a line goes on to say behind its address, which its value does not keep."""
    link = link_in(text)
    rest = text.partition(link)[2].strip(" .") if link else ""
    return [rest] if rest else []


def stated_id(text: str) -> str | None:
    """The tracking ID that a line states as its own, not one that a sentence refers to."""
    if len(text) > 400:
        return None
    text = text.replace("**", "")
    found = _TRACKING.search(text) or _BARE_ID.search(text)
    if not found or text[found.end() :].strip(" .*_):") or ". " in text[: found.start()]:
        return None
    return found["id"] or found["id2"]


def is_tracking_line(text: str) -> bool:
    """Nothing but a tracking ID."""
    return stated_id(text) is not None and not without_id(text)


def other_ids(text: str) -> list[str]:
    """The line's statement of several IDs, for only the first of them is the entry's own."""
    found = _TRACKING.search(text)
    return [found[0].strip(" ()[]")] if found and found["more"] else []


def linked_id(text: str) -> str | None:
    found = _LINKED_ID.search(text)
    return found["id"] if found else None


def without_id(text: str) -> str:
    """A title without its tracking ID and without marks around it."""
    text = text.replace("**", "").strip("#* ")
    text = _LINK_BEHIND.sub("", text)
    text = _BARE_ID.sub("", _TRACKING.sub("", text).strip())
    text = re.sub(r"^[Tt]itle\s?:\s?", "", text)
    return text.strip("#*_ ").rstrip(" –—-|:,").strip()


def _link_behind(text: str) -> list[str]:
    found = _LINK_BEHIND.search(text)
    return [found[0].strip(" ()")] if found else []


def could_be_title(line: Line) -> bool:
    """A short line that is no sentence."""
    text = line.text
    if line.bullet or len(text) > 250 or text.lower().startswith("http"):
        return False
    if starts_with_moment(text) or "\t" in text:
        return False
    if text.startswith("#") or (text.startswith("**") and text.endswith("**")):
        return True
    if stated_id(text) or _PREFIX.match(text):
        return not text.endswith(".")
    if _REVIEW.search(text) and len(text.split()) <= 25 and _SEPARATED.search(text):
        return not _VERBAL.search(text)
    bare = text.rstrip("*_ ")
    return not _SENTENCE_END.search(bare) and len(text.split()) <= 25 and not text[0].islower()


def is_certain_title(line: Line) -> bool:
    """A title that needs no heading behind it to be known as one."""
    marked = stated_id(line.text) is not None or line.text.startswith("#")
    return could_be_title(line) and bool(without_id(line.text)) and (
        marked or _PREFIX.match(line.text) is not None
    )  # fmt: skip


def opens_entry(line: Line) -> bool:
    """May this line stand above the first heading of an entry, with no month or day above it?"""
    text = line.text
    return (
        is_certain_title(line)
        or is_tracking_line(text)
        or is_video(text)
        or _NOTE.match(text) is not None
        or (not line.bullet and _LEAD.search(text[:300]) is not None and _says_this_is(text))
        or (text.startswith("**") and could_be_title(line))
    )


def _says_this_is(text: str) -> bool:
    return (
        re.match(r"(?:this is|after our internal|these are|the following)\b", text, re.I)
        is not None
    )


@dataclass(slots=True)
class Preamble:
    """The lines above the first heading, sorted by what they are."""

    title: str | None = None
    tracking_id: str | None = None
    note: list[str] = field(default_factory=list)
    video: str | None = None
    lead: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def read_preamble(lines: list[Line]) -> Preamble:
    found = Preamble()
    rest: list[Line] = []
    last = ""
    for line in lines:
        last = _take(found, line, last)
        if not last:
            rest.append(line)
    title = _best_title(rest)
    for line in rest:
        if line is title:
            found.title = without_id(line.text)
            found.unread += [*other_ids(line.text), *_link_behind(line.text)]
            found.tracking_id = found.tracking_id or stated_id(line.text)
        else:
            found.unread.append(line.shown())
    return found


def _take(found: Preamble, line: Line, last: str) -> str:
    """Place one line; the answer says as what, and is empty for what may be the title."""
    text = line.text
    if is_boilerplate(text):
        found.unread.append(line.shown())
        return "boilerplate"
    if is_tracking_line(text) and found.tracking_id is None:
        found.tracking_id = stated_id(text)
        return "id"
    if is_video(text) and found.video is None:
        found.video = link_in(text) or text
        found.unread += behind_link(text)
        return "video"
    if (
        last == "video"
        and text.lower().lstrip("(<").startswith("http")
        and "://" not in (found.video or "")
    ):
        found.video = link_in(text)
        return "link"
    if _NOTE.match(text) or (len(text) > 80 and _EXPLAINS.search(text[:3000])):
        found.note.append(text)
        return "note"
    if is_certain_title(line):
        return ""
    if last == "note" and len(text) > 80:
        found.note.append(text)
        return "note"
    if (_LEAD.search(text[:300]) and not could_be_title(line)) or _FACTS.match(text):
        found.lead.append(line.shown())
        return "lead"
    return ""


def _best_title(lines: list[Line]) -> Line | None:
    titles = [line for line in lines if could_be_title(line)]
    if not titles:
        return None

    def weight(line: Line) -> tuple[bool, bool, bool, int]:
        text = line.text
        separated = re.search(r"\s[–—|-]\s", text) is not None
        return stated_id(text) is not None, is_certain_title(line), separated, line.number

    return max(titles, key=weight)
