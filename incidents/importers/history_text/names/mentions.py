"""Who is named in an entry, in which role, and whose own recovery is stated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from incidents.importers.history_text.model import HistoryRecovery, HistoryTimelineRow
from incidents.importers.history_text.names.index import FoundName, NameIndex
from incidents.importers.history_text.times.moments import find_moments
from incidents.importers.history_text.times.windows import Calendar, Range, resolve

_SENTENCE = re.compile(r"(?<=[.!?])[\"”’)]?\s+(?=[A-Z“\"(•-])|\n+")
_SPARED = re.compile(
    r"\b(?:not|n't|never)\s+(?:\w+\s+){0,2}(?:impacted|affected)|\bunaffected\b|\bunimpacted\b"
    r"|\bno\s+(?:customer\s+)?impact\b|\bwithout\s+impact\b",
    re.IGNORECASE,
)
_IMPACT_LIST = re.compile(
    r"\b(?:impact|affect|downstream|degrad|disrupt)\w*[^.]{0,200}?"
    r"\b(?:including|include[sd]?|such as|namely|were|are)\b",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"\b(?:including|included?|includes|such as|namely|following (?:services|regions)"
    r"|not limited to|affected were|impacted were)\b[^A-Z]{0,40}(?=[A-Z'‘“])"
    r"|\b(?:services|regions|products)(?: (?:impacted|affected)[^A-Z]{0,60})?\s?[–—:-]\s(?=[A-Z'‘“])"
)
_OF_OURS = re.compile(r"\b(?:services?|regions?|products?|offerings?)\b", re.IGNORECASE)
_SERVICES = re.compile(r"service|\b(?:Azure|cloud) resources\b", re.IGNORECASE)
_ITEM = re.compile(r",\s*(?:and\s+|or\s+|as well as\s+)?|;\s*|\s+and\s+(?=[A-Z])|\s+&\s+")
_NAME = re.compile(
    r"[A-Z][\w'’+./-]*(?:\s(?:[A-Z0-9][\w'’+./-]*|for|of|and|to|on|in|the|with|[a-z]{3,12})){0,7}"
)
_BRACKETS = re.compile(r"\([^()]{0,300}\)")
_VENDOR = re.compile(r"^(?:the\s+|'|‘|“)*(?:Azure|Microsoft)\s+(?=\S)")
_TOLD = re.compile(
    r"\b(?:updates?|notif\w+|communicat\w+|informed|alerts?|sent|PIR|messages?)\b[^.]{0,120}"
    r"\b(?:via|through|within|using|in|on|from)\s+(?:the\s+|our\s+)?(?:Azure\s+)?$",
    re.IGNORECASE,
)
# "customers using Quantum Ledger in West Europe": a name outside any list.
_USED = re.compile(
    r"\b(?:using|us(?:e|ers) of|access(?:ing)?|access to|leveraging|consuming|managing|deploying|connect(?:ing)? to)\s+"
    r"(?:(?:the|their|our|an?)\s+)?(?=[A-Z])",
)
_NO_PRODUCTS = frozenset(
    {"Azure", "Microsoft", "UTC", "API", "APIs", "REST", "HTTP", "HTTPS", "CLI", "SDK", "SDKs"}
)
_USED_NAME = re.compile(r"[A-Z][\w’'+-]*(?:\s(?:[A-Z0-9][\w’'+-]*|for|of))*")
_RECOVERED = re.compile(
    r"\b(?:(?:had |was |were |has |have )?(?:fully |completely )?"
    r"(?:recovered|restored|mitigated)|to recover|confirmed (?:full )?recovery)\b"
)
_NOT_YET = re.compile(
    r"\b(?:started|starting|began|begin|beginning|partial\w*|some|gradual\w*|most|not|slow\w*|"
    r"\d{1,3}\s?%|majority|subset|signs)\b",
    re.IGNORECASE,
)
_STATED_AT = re.compile(r"\b(?:by|at)\s+(?:approximately\s+|around\s+|about\s+)?$", re.IGNORECASE)


@dataclass(slots=True)
class Mentions:
    services: list[str] = field(default_factory=list)
    regions: list[str] = field(default_factory=list)
    impacted_services: list[str] = field(default_factory=list)
    impacted_regions: list[str] = field(default_factory=list)
    geographies: list[str] = field(default_factory=list)
    unknown_names: list[str] = field(default_factory=list)

    def add(self, found: Sequence[FoundName], *, impacted: bool) -> None:
        for it in found:
            if it.kind == "geography":
                if impacted:
                    _once(self.geographies, it.name)
                continue
            service = it.kind == "service"
            _once(self.services if service else self.regions, it.name)
            if impacted:
                _once(self.impacted_services if service else self.impacted_regions, it.name)


def _once(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)


def sentences(text: str) -> Iterator[str]:
    return (part for part in _SENTENCE.split(text) if part.strip())


def read_mentions(parts: Sequence[tuple[bool, str]], names: NameIndex) -> Mentions:
    """`parts`: (is it a statement of impact, its text), in the order of the entry."""
    mentions = Mentions()
    for is_impact, text in parts:
        for sentence in sentences(text):
            mentions.add(
                [it for it in names.find(sentence) if _is_channel(sentence, it)], impacted=False
            )
            found = [it for it in names.find(sentence) if not _is_channel(sentence, it)]
            if is_impact:
                mentions.add(found, impacted=not _SPARED.search(sentence))
                for name in _unknown(sentence, found):
                    _once(mentions.unknown_names, name)
            else:
                _add_aside(mentions, sentence, found)
    return mentions


def _is_channel(sentence: str, found: FoundName) -> bool:
    """Where news is told ("updates via Azure Service Health") is not what the news is about."""
    return _TOLD.search(sentence[max(0, found.start - 160) : found.start]) is not None


def _add_aside(mentions: Mentions, sentence: str, found: Sequence[FoundName]) -> None:
    """Outside the statement of impact, only what "impacted services, including …" lists."""
    listed = _IMPACT_LIST.search(sentence) if len(sentence) < 4000 else None
    for it in found:
        inside = (
            listed is not None and it.start >= listed.end() and bool(_SERVICES.search(listed[0]))
        )
        mentions.add([it], impacted=inside and it.kind == "service")


def _unknown(sentence: str, found: Sequence[FoundName]) -> Iterator[str]:
    """Names that the catalogue doesn't have: of what is used, and in a list ("including A, B and C")."""
    for used in _USED.finditer(sentence):
        if unknown := _used_name(sentence, used.end(), found):
            yield unknown
    opening = _LIST.search(sentence)
    if not opening or not _OF_OURS.search(sentence[: opening.end()]):
        return
    start = opening.end()
    listed = sentence[start:].rstrip(" .")
    # What stands in brackets explains an item and is none.
    items = _items(_BRACKETS.sub(lambda it: " " * len(it[0]), listed), start)
    for begin, end in items:
        if any(it.start < end and it.end > begin for it in found):
            continue
        name = _NAME.match(_VENDOR.sub("", sentence[begin:end].strip(" '‘’“”()")))
        if name and len(name[0]) > 1:
            yield name[0].strip()


def _used_name(sentence: str, start: int, found: Sequence[FoundName]) -> str:
    name = _USED_NAME.match(sentence, start)
    if name is None or any(it.start < name.end() and it.end > start for it in found):
        return ""
    own = _VENDOR.sub("", re.sub(r"(?:\s(?:for|of))+$", "", name[0]))
    return own if own not in _NO_PRODUCTS and len(own) > 2 else ""


def _items(listed: str, offset: int) -> list[tuple[int, int]]:
    spans, at = [], 0
    for found in _ITEM.finditer(listed):
        spans.append((offset + at, offset + found.start()))
        at = found.end()
    spans.append((offset + at, offset + len(listed)))
    return [(a, b) for a, b in spans if b > a]


def read_recoveries(
    rows: Sequence[HistoryTimelineRow], paragraphs: Sequence[tuple[int, str]], names: NameIndex,
    calendar: Calendar,
) -> list[HistoryRecovery]:  # fmt: skip
    """Recoveries of single services, from rows and from "X recovered in Y by 05:30 UTC"."""
    recoveries: dict[tuple[str, str | None], HistoryRecovery] = {}
    for row in rows:
        sentence = next(sentences(row.text), row.text)
        _keep(recoveries, _recoveries(sentence, row.at, names))
    for number, text in paragraphs:
        for sentence in sentences(text):
            at = _stated_time(sentence, calendar, number)
            if at:
                _keep(recoveries, _recoveries(sentence, at, names))
    return list(recoveries.values())


def _keep(
    recoveries: dict[tuple[str, str | None], HistoryRecovery], found: Iterator[HistoryRecovery]
) -> None:
    for it in found:
        recoveries.setdefault((it.service, it.region), it)


def _stated_time(sentence: str, calendar: Calendar, line: int) -> datetime | None:
    verb = _RECOVERED.search(sentence)
    if not verb:
        return None
    for moment in find_moments(sentence):
        if moment.start > verb.end() and _STATED_AT.search(
            sentence[max(0, moment.start - 25) : moment.start]
        ):
            ends = resolve(Range(moment, None), calendar, line)
            return ends[0] if ends else None
    return None


def _recoveries(sentence: str, at: datetime, names: NameIndex) -> Iterator[HistoryRecovery]:
    for verb in _RECOVERED.finditer(sentence):
        found = names.find(sentence)
        before = [it for it in found if it.kind == "service" and it.end <= verb.start()]
        if not before or verb.start() - before[-1].end > 45:
            continue
        clause = sentence[max(0, before[-1].start - 30) : verb.end() + 3]
        if _NOT_YET.search(clause) or _SPARED.search(clause):
            continue
        regions = _regions_of(sentence, verb.end(), found)
        for region in regions or [None]:
            yield HistoryRecovery(before[-1].name, region, at)
        return


def _regions_of(sentence: str, start: int, found: Sequence[FoundName]) -> list[str | None]:
    """The regions behind the verb; none where they are what is excepted."""
    end = next((i for i in range(start, len(sentence)) if sentence[i] in ",;"), len(sentence))
    behind = [it for it in found if it.kind == "region" and start <= it.start]
    excepted = re.search(r"\b(?:except|excluding|apart from|other than)\b", sentence[start:])
    if excepted:
        end = min(end, start + excepted.start())
    return [it.name for it in behind if it.start < end]
