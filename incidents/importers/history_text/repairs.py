"""Repair items: what is promised, by whom, and by when."""

from __future__ import annotations

import re

from incidents.importers.history_text.model import HistoryRepair
from incidents.importers.history_text.times.moments import MONTH_NUMBERS

_STATED = (
    r"(?:estimated\s+(?:completion|complete|time|date)(?:\s+(?:date|of\s+completion))?|e\.?t\.?a\.?"
    r"|expected(?:\s+(?:completion|by))?|target(?:ed)?(?:\s+(?:completion|date))?|due(?:\s+(?:date|by))?"
    r"|completion(?:\s+date)?|planned(?:\s+for)?|completed?|done|in[\s-]progress|ongoing|under\s+way"
    r"|tbd|tba|to\s+be\s+(?:determined|confirmed|scheduled)|scheduled(?:\s+for)?|status)"
)
_IN_BRACKETS = re.compile(rf"[(\[]\s{{0,3}}({_STATED}\b[^()\[\]]{{0,120}})[)\]]", re.IGNORECASE)
_AT_END = re.compile(
    rf"(?:[.;!]\s{{1,3}}|\s[–—-]\s{{0,3}})({_STATED}\b[^.;()]{{0,60}})[.\s]{{0,3}}$", re.IGNORECASE
)
_DONE = re.compile(r"(?:status\s*:?\s*|completion\s*:?\s*)?(?:completed?|done)\b", re.IGNORECASE)
_ALSO_DONE = re.compile(r":\s*(?:already\s+)?(?:completed?|done)\b", re.IGNORECASE)
_RUNNING = re.compile(r"in[\s-]progress|ongoing|under\s?way", re.IGNORECASE)
_NAMED_MONTH = re.compile(r"\b([A-Za-z]{3,9})\.?(?:\s+\d{1,2}(?:st|nd|rd|th)?)?,?\s+(20\d\d)\b")
_NUMERIC = re.compile(r"\b(20\d\d)[-/](0[1-9]|1[0-2])\b")
_MONTH_FIRST = re.compile(r"(?<![\d/])(0?[1-9]|1[0-2])/(20\d\d)\b")
_QUARTER = re.compile(
    r"\bQ([1-4])[\s-]*(?:of\s*)?(?:CY|FY)?\s*'?(20\d\d|(?<=CY)\d\d)\b"
    r"|(?:\b|(?<=CY))(20\d\d|(?<=CY)\d\d)[\s-]*Q([1-4])\b",
    re.IGNORECASE,
)
_PROMISED = re.compile(
    r"\b(?:by|in|before|during|until|for)\s+(?:the\s+)?(?:(?:end|middle|beginning)\s+of\s+|early\s+|mid[- ]"
    r"|late\s+)?(?:[A-Z][a-z]{2,8}\.?(?:\s+\d{1,2}(?:st|nd|rd|th)?)?,?\s+20\d\d\b|Q[1-4]\s+20\d\d\b)"
)
_PLAIN = re.compile(
    r"(?:completed?|estimated\s+completion(?:\s+date)?|eta)(?:\s*:)?\s*(?:[A-Za-z]{3,9}\s+20\d\d)?",
    re.IGNORECASE,
)
_OWNER = re.compile(
    r"(?:[A-Z][a-z]{2,14},?\s+)?(?:Our|The|our|the)\s+"
    r"([^.;:()]{2,120}?\bteams?)(?=\s+(?:\w{1,10}\s+){0,2}?(?:will|have|has|are|is|had|improved|fixed"
    r"|added|updated|completed|plan|plans|continue|continues|\w{2,20}(?:ed|ing))\b)"
)
_FINISHED = re.compile(
    r"\b(?:we|teams?)\s+(?:have|has)\s+(?:already\s+|now\s+|since\s+)?"
    r"(?:\w{2,20}ed|put|built|made|set|rolled|begun)\b(?!\s+(?:work|plan|to))",
    re.IGNORECASE,
)
_GOING_ON = re.compile(
    r"\b(?:we|teams?)(?:\s+(?:are|is)|'re)\s+(?:\w{2,20}ly\s+)?\w{2,20}ing\b", re.IGNORECASE
)
_SHARED_VERBS = re.compile(r"\b(?:have|has)\s+(?:begun|started|been|planned)\b", re.IGNORECASE)


_LEADS = [
    ("planned", re.compile(r"\b(?:remaining|upcoming|planned|future|next steps|will)\b", re.I)),
    ("in-progress", re.compile(r"\bin[ -]progress\b|\bunder way\b|\bare currently\b", re.I)),
    ("done", re.compile(r"\balready\b|\bcompleted?\b|^done\b", re.I)),
]


def has_marker(text: str) -> bool:
    """Does the text say how far it is ("(Completed)", "(ETA: March 2024)", "… Completed.")?"""
    return _marker(text) is not None


def state_of_lead(text: str) -> str | None:
    """What a line above items says of them all: "We have already:", "The remaining steps are:"."""
    clause = re.split(r"[.!?]\s", text.strip())[-1]
    if len(clause) > 160 or clause.endswith("."):
        return None
    return next((state for state, words in _LEADS if words.search(clause)), None)


def read_repair_item(text: str, lead: str | None = None) -> HistoryRepair:
    """One item. A marker that says more than state and month stays in the text.

    `lead`: the state of items that say nothing of it themselves, from the line above them.
    """
    marker = _marker(text)
    owner = _owner(text)
    if marker is None:
        state = _state_of_sentence(text, lead)
        promised = _PROMISED.search(text, max(0, len(text) - 400)) if state != "done" else None
        return HistoryRepair(text, owner, state, _due(promised[0]) if promised else None)
    said = marker[1].strip(" .")
    state, due = _state(said), _due(said)
    if state == "done":
        due = None
    if not _PLAIN.fullmatch(said) or (state == "planned" and due is None):
        return HistoryRepair(text, owner, state, due)
    rest = (text[: marker.start()].rstrip() + text[marker.end() :].rstrip(" .")).rstrip(" –—-")
    rest = rest.lstrip(" :–—-")
    return HistoryRepair(rest if rest.endswith((".", "!", "?")) else f"{rest}.", owner, state, due)


def _marker(text: str) -> re.Match[str] | None:
    last = None
    for found in _IN_BRACKETS.finditer(text):
        last = found
    return last or _AT_END.search(text, max(0, len(text) - 160))


def _state(said: str) -> str:
    if _DONE.match(said) and not re.match(r"completion\b", said, re.IGNORECASE):
        return "done"
    if _ALSO_DONE.search(said):
        return "done"
    return "in-progress" if _RUNNING.search(said) else "planned"


def _due(said: str) -> str | None:
    """The last month that is named; of a quarter its last month."""
    months = [
        (found.start(), f"{found[2]}-{MONTH_NUMBERS[found[1].lower()]:02d}")
        for found in _NAMED_MONTH.finditer(said)
        if found[1].lower() in MONTH_NUMBERS
    ]
    months += [(found.start(), f"{found[1]}-{found[2]}") for found in _NUMERIC.finditer(said)]
    months += [
        (found.start(), f"{found[2]}-{int(found[1]):02d}") for found in _MONTH_FIRST.finditer(said)
    ]
    for found in _QUARTER.finditer(said):
        year, quarter = found[2] or found[3], int(found[1] or found[4])
        months.append((found.start(), f"20{year[-2:]}-{quarter * 3:02d}"))
    return max(months)[1] if months else None


def _owner(text: str) -> str | None:
    """The team that acts ("Our Storage team will …"); None where it is just "we"."""
    found = _OWNER.match(text[:240])
    return found[1].strip() if found else None


def _state_of_sentence(text: str, lead: str | None) -> str:
    head = text[:240]
    if _FINISHED.search(head) and not _SHARED_VERBS.search(head):
        return "done"
    if _GOING_ON.search(head) or _SHARED_VERBS.search(head):
        return "in-progress"
    return lead or "planned"
