"""Files that are no text of a status page, told by what they are and where to go instead. Pure."""

from __future__ import annotations

import csv
import json
import re

AS_TEXT = "open the page in a browser and save what it shows as text"
_JSON_START = re.compile(r'[\[{]\s*(?:[\[{"]|\d|\]|\}|true\b|false\b|null\b|-)')
_XML_START = re.compile(r"<(?:\?xml\b|[A-Za-z][\w.-]*(?::[A-Za-z][\w.-]*)?[\s/>])")
_HTML = re.compile(r"<!doctype html|<(?:html|head|body|div|p|h[1-6]|ul|table|main|span)\b", re.I)
_FRONT_MATTER = {"---": "YAML", "+++": "TOML", ";;;": "JSON"}
# A field, an item of a list, a comment, or what is indented below a field; JSON between semicolons, too.
_FIELD = re.compile(r"""["']?[A-Za-z_][\w.-]*["']?\s*[:=](?:\s|$)|- |#|[ \t]|[{}\[\]]""")
_YAML_LINE = re.compile(
    r"""\s*(?:- )*["']?[A-Za-z_][\w.-]*["']?:(?:\s.*)?|\s*- .*|\s*#.*|---|\.\.\."""
)
_TOML_LINE = re.compile(r"""\s*(?:\[+[\w."' -]+\]+|["']?[\w.-]+["']?\s*=\s*\S.*|#.*|["'}\]],?)""")
_MAIL_FIELD = re.compile(r"([A-Za-z][A-Za-z-]{1,40}):\s")
_MAIL_FIELDS = frozenset(
    """received return-path delivered-to from to cc date subject message-id mime-version content-type
    reply-to sender in-reply-to references content-transfer-encoding""".split()  # noqa: SIM905
)
_CALENDAR = re.compile(r"BEGIN:V(?:CALENDAR|EVENT)", re.IGNORECASE)
_SEPARATORS = ",;\t|"


def other_format(text: str) -> tuple[str, str] | None:
    """What a file is that is not the text of a page, and the remedy; None where nothing speaks against it."""
    start = text.lstrip("\ufeff \t\r\n")
    lines = [line for line in start.splitlines()[:400] if line.strip()]
    if not lines:
        return None
    first = lines[0].strip()
    if (matter := _FRONT_MATTER.get(first)) and _closes(lines, first):
        return f"begins with {matter} front matter", f"{AS_TEXT}, with its title and times"
    if _is_json(start):
        return "is JSON, not a text", AS_TEXT
    if _CALENDAR.match(start):
        return "is a calendar, not a text", AS_TEXT
    if _XML_START.match(start) and not _HTML.search(start[:20_000]):
        return "is XML, such as a feed, not a text", AS_TEXT
    if _is_mail(lines):
        return "is a mail with its headers", "save the text of the mail alone"
    if _is_table(start):
        where = "load_customers and load_impacted take CSV"
        return "is CSV, not a text", f"{AS_TEXT}; {where}"
    for name, pattern in (("YAML", _YAML_LINE), ("TOML", _TOML_LINE)):
        if len(lines) > 2 and all(pattern.fullmatch(line) for line in lines):
            return f"is {name}, not a text", f"{AS_TEXT}; load_catalogue takes a catalogue in YAML"
    return None


def is_markup(text: str) -> bool:
    """Whether it is a page saved as HTML: the reader takes it if it holds entries."""
    return _HTML.search(text[:20_000]) is not None


def _closes(lines: list[str], fence: str) -> bool:
    """Front matter: fields between two fences. A line of dashes alone is a line."""
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() in (fence, "..."):
            return number > 1 and all(_FIELD.match(it) for it in lines[1:number])
    return False


def _is_json(start: str) -> bool:
    if start[0] not in "[{":
        return False
    try:
        return isinstance(json.loads(start), (dict, list))
    except (ValueError, RecursionError):
        return _JSON_START.match(start) is not None  # cut off, an object a line, or with comments


def _is_mail(lines: list[str]) -> bool:
    names: set[str] = set()
    for line in lines[:60]:
        field = _MAIL_FIELD.match(line)
        if field is not None:
            names.add(field[1].lower())
        elif not (line[0] in " \t" or line.startswith("From ")):
            break
    return len(names & _MAIL_FIELDS) >= 3


def _is_table(start: str) -> bool:
    """Rows of as many short cells as there are headings; sentences have no such order."""
    head = start[:200_000]
    if told := re.match(r'"?sep=(.)"?[,;\t|]*\s*\n', head, re.IGNORECASE):
        return told[1] in _SEPARATORS
    for separator in _SEPARATORS:
        try:
            rows = [
                row
                for row in csv.reader(head.splitlines(keepends=True), delimiter=separator)
                if any(row)
            ]
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        if width < 3 or len(rows) < 2 or any(len(cell) > 40 for cell in rows[0]):
            continue
        if sum(len(row) == width for row in rows) >= 0.9 * len(rows):
            return True
    return False
