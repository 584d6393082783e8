"""Headings of status-history entries, in their many wordings, and the kind of section each opens."""

from __future__ import annotations

import re
from dataclasses import dataclass

KINDS = (
    "introduction",
    "impact",
    "findings",
    "status",
    "root-cause",
    "mitigation",
    "response",
    "prevention",
    "customer-advice",
    "communication",
    "next-steps",
)

_LONGEST = 220  # a heading and the marks around it; what follows on the line is text


@dataclass(frozen=True, slots=True)
class Heading:
    """`style`: new (the questions of a review) or old (the labels of a mitigation statement).

    `starter`: such a heading opens an entry. `rest` is the text behind it on the same line.
    """

    kind: str
    style: str
    text: str
    rest: str
    starter: bool


_INCIDENT = r"(?:(?:an?\s+|the\s+)?(?:incident|outage|issue|event|problem|disruption)s?)"
_LIKE = r"(?:\s+(?:like|such\s+as)\s+(?:this|these|it|that)(?:\s+one)?)?"

# Questions. They may stand without their question mark when alone on their line.
_QUESTIONS: list[tuple[str, bool, str]] = [
    ("impact", True, r"what\s+(?:has\s+)?happened"),
    ("impact", False, r"what\s+(?:was|is)\s+the\s+(?:customer\s+)?impact"),
    (
        "impact",
        False,
        r"(?:who|which\s+[a-z, ]{1,40})\s+(?:was|were|is|are)\s+(?:affected|impacted)",
    ),
    ("findings", False, r"what\s+(?:do|did)\s+we\s+(?:currently\s+)?know(?:\s+so\s+far)?"),
    ("findings", False, r"what\s+we\s+know(?:\s+so\s+far)?"),
    ("root-cause", False, r"what\s+went\s+wrong(?:\s*,?\s*(?:and|&)\s+why)?"),
    ("root-cause", False, rf"what\s+(?:caused|was\s+the\s+cause\s+of)\s+(?:this\s+)?{_INCIDENT}"),
    ("root-cause", False, r"why\s+did\s+(?:this|it)\s+happen"),
    ("response", False, r"how\s+(?:did|do|have)\s+(?:we|\w{1,30}|the\s+team)\s+respond(?:ed)?"),
    (
        "response",
        False,
        rf"how\s+(?:was|were|did\s+we)\s+(?:this\s+)?{_INCIDENT}?\s*"
        r"(?:mitigated?|resolved?|addressed|fix(?:ed)?)(?:\s+(?:it|this))?",
    ),
    (
        "customer-advice",
        False,
        r"how\s+can\s+(?:our\s+|my\s+)?(?:customers?|you|users?|i)\s+"
        rf"(?:make|prevent|reduce|avoid|prepare)[a-z\s]{{0,60}}?{_LIKE}"
        r"(?:\s+(?:even\s+)?less\s+(?:impactful|likely)(?:\s+or\s+less\s+(?:impactful|likely))?)?",
    ),
    ("customer-advice", False, r"what\s+can\s+(?:our\s+)?(?:customers?|you|i)\s+do[a-z\s]{0,60}"),
    (
        "prevention",
        False,
        r"how\s+(?:(?:are|is|will|do)\s+[\w\s]{1,40}?|can\s+we)\s*(?:making|makes?)\s+"
        rf"(?:{_INCIDENT}){_LIKE}\s*(?:even\s+)?less\s+(?:likely|impactful|frequent)"
        r"(?:\s*(?:,|and|or|/)\s*(?:or\s+)?(?:even\s+)?(?:less\s+)?(?:likely|impactful|frequent))?",
    ),
    (
        "prevention",
        False,
        r"(?:how|what)\s+(?:are|is|will)\s+(?:we|\w{1,30})\s+(?:doing\s+to\s+)?"
        r"(?:prevent|avoid|improv|chang|learn)[a-z]{0,4}[a-z\s]{0,80}",
    ),
    (
        "communication",
        False,
        r"how\s+can\s+we\s+(?:make|improve)\s+(?:our\s+|these\s+)?[a-z\s]{0,30}communications?"
        r"[a-z\s]{0,40}",
    ),
    ("next-steps", False, r"what\s+(?:happens|comes|will\s+happen|is\s+happening)\s+next"),
    ("next-steps", False, r"what(?:'s|\s+is)\s+next"),
]

# Labels. They count with a colon behind them or alone on their line, so that prose doesn't.
_LABELS: list[tuple[str, bool, str]] = [
    ("impact", True, r"summary\s+of\s*(?:the\s+)?(?:customer\s+)?impact"),
    ("impact", True, r"(?:impact|incident|executive)\s+(?:summary|statement)"),
    ("impact", True, r"summary|incident\s+description"),
    ("impact", False, r"(?:customer\s+)?impact|scope\s+of\s+impact"),
    (
        "impact",
        False,
        r"(?:impacted|affected)\s+services?\s+and\s+experience|(?:detailed\s+)?description\s+of\s+(?:the\s+)?impact",
    ),
    ("status", False, r"current\s+status|latest\s+update|status\s+update"),
    ("root-cause", False, r"(?:preliminary|initial|suspected)\s+root[\s-]+cause(?:\s+analysis)?"),
    ("root-cause", False, r"root[\s-]+causes?(?:\s+analysis)?(?:\s+and\s+mitigation)?"),
    ("root-cause", False, r"(?:preliminary\s+)?cause|background|contributing\s+factors"),
    ("mitigation", False, r"mitigations?(?:\s+steps)?|resolution|work-?arounds?"),
    ("response", False, r"(?:incident\s+)?timeline(?:\s+of\s+events)?|our\s+response|response"),
    (
        "prevention",
        False,
        r"remediation(?:\s+and\s+prevention)?|(?:incident\s+)?repair\s+items?|(?:corrective|preventive|preventative)\s+(?:actions?|measures)",
    ),
    ("customer-advice", False, r"(?:customer\s+)?recommendations?|recommended\s+actions?"),
    ("communication", False, r"provide\s*feedback|feedback"),
    ("next-steps", False, r"next\s+(?:steps?|update)"),
]

_MARKS = r"[#>*_\s]{0,12}(?:\d{1,2}[.)]\s{1,4})?[*_]{0,3}"
_CLOSE = r"[*_]{0,3}"
# Later additions are dated behind the label: "Next Steps (updated 27 Apr 2021):".
_UPDATED = r"(?:\s{0,3}\((?:last\s+)?(?:updated?|added|revised)[^()]{0,40}\))?"


def _compiled(
    table: list[tuple[str, bool, str]], style: str, stop: str
) -> list[tuple[str, str, bool, re.Pattern[str]]]:
    return [
        (
            kind,
            style,
            starter,
            re.compile(rf"{_MARKS}(?P<text>(?:{wording}){stop}", re.IGNORECASE),
        )
        for kind, starter, wording in table
    ]


_PATTERNS = [
    *_compiled(_QUESTIONS, "new", rf"\s{{0,3}}\??){_CLOSE}\s{{0,3}}(?:(?<=[?*_])[:\-–—]?|[:–—]|$)"),
    *_compiled(_LABELS, "old", rf"){_CLOSE}{_UPDATED}\s{{0,3}}(?::{_CLOSE}|$|(?<=\*\*)[\-–—]?)"),
]

# A question alone on its line in a wording nobody has seen is placed by its main word.
_QUESTION_LINE = re.compile(
    r"[#>*_\s]{0,12}(?P<text>(?:what|how|why|who|which|when|where|is|are|do|does|did|can|will)\b"
    r"[^?.!;]{3,140}\?)[*_\s:]{0,8}",
    re.IGNORECASE,
)
_MAIN_WORDS = [
    (
        "customer-advice",
        r"\b(?:customers?|you|i)\b.*\b(?:less|prevent|avoid|protect|prepare|reduce)",
    ),
    (
        "prevention",
        r"\bless (?:likely|impactful|frequent)|\bprevent|\bavoid|happening again|\b(?:mov|go)ing forward",
    ),
    ("communication", r"communicat|feedback"),
    ("next-steps", r"\bnext\b"),
    ("response", r"\brespon|\bmitigat|\bresolv|\brecover|\bdetect"),
    ("root-cause", r"\bwrong\b|\bcause"),
    ("findings", r"\bknow\b"),
    ("impact", r"\bhappen|\baffected|\bimpact"),
]
_QUOTES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "\xa0": " "})


def match_heading(line: str) -> Heading | None:
    """The heading that a line is or begins with, else None."""
    head = line[:_LONGEST].translate(_QUOTES)
    for kind, style, starter, pattern in _PATTERNS:
        found = pattern.match(head)
        if found and (found.end() < _LONGEST or len(line) <= _LONGEST):
            rest = line[found.end() :].strip().lstrip("*_").strip()
            if style == "new" and rest and not _stands_apart(head, found.end(), rest):
                continue
            text = line[found.start("text") : found.end("text")].strip().rstrip(":").strip()
            return Heading(kind, style, " ".join(text.split()), rest, starter)
    return _by_main_word(line) if len(line) <= _LONGEST else None


def _stands_apart(head: str, end: int, rest: str) -> bool:
    """Text behind a question on its line is a sentence of its own, not the question going on."""
    return head[end - 1] in "?:*_–—- " and not rest[0].islower()


def _by_main_word(line: str) -> Heading | None:
    text = question(line)
    if text is None:
        return None
    folded = text.translate(_QUOTES).lower()
    for kind, words in _MAIN_WORDS:
        if re.search(words, folded):
            return Heading(kind, "new", text, "", False)
    return None


def question(line: str) -> str | None:
    """The question that fills the line, known or not: what looks like a heading but isn't one."""
    found = _QUESTION_LINE.fullmatch(line[: _LONGEST + 1].translate(_QUOTES))
    return line[found.start("text") : found.end("text")] if found else None
