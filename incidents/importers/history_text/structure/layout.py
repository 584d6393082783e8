"""From pasted text to clean lines: noise of web pages, bullets, wrapped lines, months, days."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from incidents.importers.history_text.structure.headings import match_heading
from incidents.importers.history_text.structure.markup import without_tags
from incidents.importers.history_text.times.moments import (
    MONTH_NUMBERS,
    find_days,
    starts_with_moment,
)

_INVISIBLE = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, 0xFEFF, 0xAD]
    + [c for c in range(0x20) if c not in (9, 10, 13)]
    + list(range(0x7F, 0xA0))
)
_SPACES = str.maketrans({chr(c): " " for c in (0xA0, 0x202F, 0x3000, *range(0x2000, 0x200B))})
_BULLET = re.compile(r"([•·●◦▪■‣⁃*\-–—−o➢►∙]|\d{1,2}[.)]|[a-z][.)])(?:[ \t]+|$)")
_FOLDED = re.compile(
    r"(?<=[.!?\s])(?:(?:preliminary\s)?root[\s-]cause|mitigation|next\ssteps?|current\sstatus)\s?:",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"(?m)^[ \t]{0,8}>(?:[ \t]?>){0,9}[ \t]?")
_FIRST_ITEM = re.compile(r":\s{1,3}[-•*–]\s(?=[A-Z])")
_LEFT_OPEN = re.compile(
    r"(?:\b(?:and|to|at|from|on|by|between|until|the|in|of|for|with|UTC|[A-Z][a-z]{2})|,)$"
)


@dataclass(frozen=True, slots=True)
class Line:
    """`bullet` is the mark that was stripped from `text`; `gap` says that a blank line is above."""

    number: int
    text: str
    bullet: str = ""
    indent: int = 0
    gap: bool = False

    def shown(self) -> str:
        """The line as a section's text keeps it: bullets of every shape become dashes."""
        text = self.text.replace("\t", " ")
        if not self.bullet:
            return text
        return f"{self.bullet if self.bullet[0].isdigit() else '-'} {text}"


def read_lines(text: str) -> list[Line]:
    """The non-blank lines of a pasted text, cleaned; wrapped paragraphs become one line."""
    return [part for line in _joined(_split(without_tags(text))) for part in _unfolded(line)]


def _unfolded(line: Line) -> list[Line]:
    """Feeds put a whole statement on one line: "Summary of impact: … Mitigation: … Next steps: …"."""
    heading = match_heading(line.text)
    if heading is None or heading.style != "old" or not heading.rest:
        return [line]
    cuts = [
        0,
        *(it.start() for it in _FOLDED.finditer(line.text, len(heading.text))),
        len(line.text),
    ]
    texts = [line.text[a:b].strip() for a, b in pairwise(cuts)]
    return [part for it in texts if it for part in _listed(replace(line, text=it))]


def _listed(line: Line) -> list[Line]:
    """Next steps whose list a feed has put on one line: "…: - Mend it [COMPLETED] - Watch it"."""
    heading = match_heading(line.text)
    first = _FIRST_ITEM.search(line.text) if heading and heading.kind == "next-steps" else None
    if first is None:
        return [line]
    items = re.split(r"\s[-•*–]\s(?=[A-Z])", line.text[first.end() - 1 :])
    lead = replace(line, text=line.text[: first.start() + 1])
    return [lead, *(Line(line.number, it.strip(), "-") for it in items if it.strip())]


def _split(text: str) -> list[Line]:
    lines: list[Line] = []
    gap, mark = True, ""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.replace("\u2028", "\n").replace("\u2029", "\n").replace("\v", "\n")
    text = _unquoted(text.replace("\f", "\n").translate(_INVISIBLE).translate(_SPACES))
    for number, raw in enumerate(text.split("\n"), start=1):
        stripped = raw.strip()
        if not stripped or (set(stripped) <= {"-", "_", "=", "*"} and len(stripped) > 2):
            gap = True
            continue
        indent = len(raw) - len(raw.lstrip())
        found = _BULLET.match(stripped)
        rest = stripped[found.end() :].strip() if found else stripped
        if found and not rest:
            mark = found[1]  # browsers may put the bullet on a line of its own
            continue
        bullet = found[1] if found else mark
        lines.append(Line(number, rest, bullet, indent, gap))
        gap, mark = False, ""
    return lines


def _unquoted(text: str) -> str:
    """A page that a mail or a forum quotes: the marks before most of its lines are not its own."""
    lines = [line for line in text.split("\n") if line.strip()]
    marked = sum(line.lstrip().startswith(">") for line in lines)
    return _QUOTED.sub("", text) if marked * 2 > len(lines) else text


def _joined(lines: list[Line]) -> list[Line]:
    """Undo hard wrapping: as mail programs break lines, and as list items hang."""
    width = _wrap_width(lines)
    joined: list[Line] = []
    last = None
    for line in lines:
        if joined and last and _continues(joined[-1], last, line, width):
            joined[-1] = replace(joined[-1], text=f"{joined[-1].text} {line.text}")
        else:
            joined.append(line)
        last = line
    return joined


def _wrap_width(lines: list[Line]) -> int:
    """The width at which a text was wrapped; 0 for a text with a line for each paragraph."""
    longest = max((len(line.text) + line.indent for line in lines), default=0)
    begun_below = sum(not line.gap and not line.bullet and line.text[0].islower() for line in lines)
    return longest if longest <= 110 and begun_below >= 2 else 0


def _continues(whole: Line, last: Line, line: Line, width: int) -> bool:
    if line.gap or line.bullet or _stands_alone(line):
        return False
    if _stands_alone(whole) and not _inline(whole):
        return False
    if whole.bullet and line.indent > whole.indent:
        return True
    if not width:
        return False
    if starts_with_moment(line.text):
        return _LEFT_OPEN.search(last.text) is not None
    word = line.text.split(" ", 1)[0]
    forced = last.indent + len(last.text) + 1 + len(word) > width * 0.85
    return forced or line.text[0].islower() or _LEFT_OPEN.search(last.text) is not None


def _stands_alone(line: Line) -> bool:
    return (
        match_heading(line.text) is not None
        or month_heading(line.text) is not None
        or is_day_mark(line.text)
        or line.text.startswith("#")
    )


def _inline(line: Line) -> bool:
    heading = match_heading(line.text)
    return heading is not None and bool(heading.rest)


_MONTH_LINE = re.compile(r"([^\W\d_]{3,12})\.?,?\s{1,4}(?:d[ei]l?\s+|of\s+)?(20\d\d)(?:\s?г\.|\.)?")
_NUMERIC_MONTH = re.compile(r"(20\d\d)(?:[-/.]|年\s?|년\s?)(\d{1,2})(?:月|월)?")
_FULL_DATE = re.compile(
    r"(20\d\d[-/](?:0[1-9]|1[0-2])[-/](?:[0-2]\d|3[01]))|(\d\d?)/(\d\d?)/(20\d\d)"
)
_DAY_MARK = re.compile(r"(\d{1,2})(?:[./-](\d{1,2})\.?)?")


def month_heading(text: str) -> str | None:
    """`2024-01` for a line that is nothing but a month ("January 2024", "enero de 2024")."""
    if len(text) > 60:
        return None
    bare = text.strip("#*_ :")
    found = _MONTH_LINE.fullmatch(bare)
    if found:
        number = MONTH_NUMBERS.get(found[1].lower())
        return f"{found[2]}-{number:02d}" if number else None
    found = _NUMERIC_MONTH.fullmatch(bare)
    if found and 1 <= int(found[2]) <= 12:
        return f"{found[1]}-{int(found[2]):02d}"
    return None


def is_day_mark(text: str) -> bool:
    """A line such as "21", "2/3" or "25-1": the day that history pages print above an entry."""
    if _FULL_DATE.fullmatch(text):
        return True
    found = _DAY_MARK.fullmatch(text) if len(text) <= 6 else None
    return found is not None and 1 <= int(found[1]) <= 31


def day_of(text: str, month: str | None) -> int:
    """The day in "21", "25-1" (25 January) or "2/3" (3 February, as the month above tells)."""
    full = _FULL_DATE.fullmatch(text)
    if full:
        text = "/".join(text.replace("-", "/").split("/")[1:] if full[1] else [full[2], full[3]])
    parts = [int(part) for part in text.rstrip(".").replace("-", "/").replace(".", "/").split("/")]
    if len(parts) == 2 and month and parts[0] == int(month[5:]) and 1 <= parts[1] <= 31:
        return parts[1]
    return parts[0]


def month_of_day(text: str) -> str | None:
    """The month of a full date on a line of its own, where it can be told from the day."""
    full = _FULL_DATE.fullmatch(text)
    if not full:
        return None
    if full[1]:
        return text[:7].replace("/", "-")
    first, second = int(full[2]), int(full[3])
    if min(first, second) > 12 or (first <= 12 and second <= 12 and first != second):
        return None
    return f"{full[4]}-{min(first, second):02d}"


def is_date_line(text: str) -> bool:
    """Nothing but a date with its year: above rows of a timeline that have times alone."""
    days = find_days(text) if len(text) <= 40 else []
    return len(days) == 1 and not (text[: days[0].start] + text[days[0].end :]).strip(" :-–—*_,")
