"""Finding the catalogue's services, regions and geographies in prose."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

NameKind = Literal["service", "region", "geography"]

_VENDORS = {"azure", "microsoft", "amazon", "aws", "google"}
_DIRECTIONS = {
    "north", "south", "east", "west", "central", "northeast", "northwest", "southeast", "southwest",
    "northern", "southern", "eastern", "western",
}  # fmt: skip
_PEOPLES = {
    "europe": "european", "asia": "asian", "africa": "african", "australia": "australian",
    "americas": "american", "brazil": "brazilian", "canada": "canadian", "germany": "german",
    "france": "french", "japan": "japanese", "india": "indian", "united states": "us",
    "united kingdom": "uk", "switzerland": "swiss", "norway": "norwegian", "sweden": "swedish",
    "korea": "korean", "china": "chinese", "italy": "italian", "poland": "polish", "spain": "spanish",
}  # fmt: skip
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|\+")
_GAP = re.compile(r"\s{0,2}[-‑–/&]?\s{0,2}|\s\(")
_LABEL_END = re.compile(r"\s?[:–—-]\s")
_ADDRESS = re.compile(r"https?://[^\s<>()]{1,500}")
# What may stand behind a service's name in capitals without making it another product's.
_KINDS = {
    "account", "api", "cluster", "customer", "database", "deployment", "endpoint", "instance", "namespace",
    "resource", "server", "service", "subscription", "user", "vault", "workload", "workspace", "portal", "region",
    "basic", "classic", "flexible", "gen2", "hyperscale", "linux", "premium", "standard", "v1", "v2", "windows",
    "rbac", "sku", "sla", "utc", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
}  # fmt: skip
_NAME_GOES_ON = re.compile(r" ([A-Z][a-z][\w’'-]*)")
_SENTENCE_END = re.compile(r"(?:^|[.!?:]\s+|\n)\W*$")


@dataclass(frozen=True, slots=True)
class NameEntry:
    """One thing of the catalogue. `name` is the canonical name; aliases count as the name does."""

    slug: str
    name: str
    aliases: tuple[str, ...]
    kind: NameKind


@dataclass(frozen=True, slots=True)
class FoundName:
    start: int
    end: int
    kind: NameKind
    name: str


@dataclass(frozen=True, slots=True)
class _Pattern:
    words: tuple[str, ...]
    spelled: tuple[str, ...]
    entry: NameEntry
    exact: bool
    inside: bool  # never at the beginning of a sentence, where any word has a capital

    def fits(self, words: list[re.Match[str]], index: int, text: str) -> bool:
        there = words[index : index + len(self.words)]
        if tuple(_fold(word[0]) for word in there) != self.words:
            return False
        if self.exact:
            if any(
                word[0].removesuffix("'s") not in (spelled, f"{spelled}s")
                for word, spelled in zip(there, self.spelled, strict=True)
            ):
                return False
        elif not (there[0][0][0].isupper() or there[0][0][0].isdigit()):
            return not self.inside and _vendor_before(words, index)
        if self.inside and not _stands_alone(words, index, index + len(self.words), text):
            return False
        return all(
            _GAP.fullmatch(text[left.end() : right.start()]) for left, right in pairwise(there)
        )


class NameIndex:
    """Names by their first word, the longest first: reading takes time linear in the text."""

    def __init__(self, entries: Iterable[NameEntry]) -> None:
        self._by_word: dict[str, list[_Pattern]] = {}
        for entry in entries:
            for spelled in (entry.name, *entry.aliases):
                self._add(entry, spelled)
            if entry.kind == "geography":
                self._add_people(entry)
        for patterns in self._by_word.values():
            patterns.sort(key=lambda it: (-len(it.words), it.inside))

    def _add(self, entry: NameEntry, spelled: str) -> None:
        words = [found[0] for found in _WORD.finditer(spelled)]
        if not words:
            return
        self._put(entry, words, inside=False)
        if len(words) > 2 and words[-1].isdigit():  # "East US2"
            self._put(entry, [*words[:-2], words[-2] + words[-1]], inside=False)
        if entry.kind == "service" and len(words) > 1 and words[0].lower() in _VENDORS:
            self._put(entry, words[1:], inside=len(words) == 2)

    def _add_people(self, entry: NameEntry) -> None:
        people = _PEOPLES.get(entry.name.lower())
        if people:
            for place in (
                "regions",
                "region",
                "geographies",
                "geography",
                "datacenters",
                "locations",
            ):
                spelled = people.upper() if len(people) == 2 else people.capitalize()
                self._put(entry, [spelled, place], inside=False)

    def _put(self, entry: NameEntry, words: list[str], *, inside: bool) -> None:
        exact = len(words) == 1 and (words[0].isupper() or not words[0].islower())
        pattern = _Pattern(tuple(map(_fold, words)), tuple(words), entry, exact, inside)
        self._by_word.setdefault(pattern.words[0], []).append(pattern)

    def find(self, text: str) -> list[FoundName]:
        """All names in a text, in order, none inside another."""
        text = _ADDRESS.sub(lambda it: " " * len(it[0]), text)
        words = list(_WORD.finditer(text))
        found: list[FoundName] = []
        index = 0
        while index < len(words):
            pattern = self._longest(words, index, text)
            if pattern and words[index][0].lower() in _VENDORS and index + 1 < len(words):
                # "Azure SQL Managed Instance" is no "Azure SQL": the name without its vendor is longer.
                later = self._longest(words, index + 1, text)
                if later and len(later.words) + 1 > len(pattern.words):
                    pattern, index = later, index + 1
            if pattern is None:
                index += 1
                continue
            end = index + len(pattern.words)
            if _whole(pattern, words, index, end, text):
                span = words[index].start(), words[end - 1].end()
                found.append(FoundName(*span, pattern.entry.kind, pattern.entry.name))
            index = end
        return [it for it in found if not _of_another_product(it, found, text)]

    def _longest(self, words: list[re.Match[str]], index: int, text: str) -> _Pattern | None:
        for pattern in self._by_word.get(_fold(words[index][0]), ()):
            if pattern.fits(words, index, text):
                return pattern
        return None


def _of_another_product(it: FoundName, found: list[FoundName], text: str) -> bool:
    """ "Storage" in "Storage Explorer": a longer name that the catalogue does not have."""
    if it.kind != "service":
        return False
    behind = _NAME_GOES_ON.match(text, it.end)
    if behind is None or _fold(behind[1]) in _KINDS:
        return False
    return not any(other.start == behind.start(1) for other in found)


def _fold(word: str) -> str:
    low = word.lower().replace("’", "'").removesuffix("'s")
    if len(low) > 3 and low.endswith("s") and not low.endswith(("ss", "us", "is")):
        return low[:-1]
    return low


def _vendor_before(words: list[re.Match[str]], index: int) -> bool:
    return (
        index > 0 and words[index - 1][0].lower() in _VENDORS and words[index - 1][0][0].isupper()
    )


def _stands_alone(words: list[re.Match[str]], start: int, end: int, text: str) -> bool:
    """ "Policy" for Azure Policy: not where any word has a capital, not in "Policy Center"."""
    first, last = words[start], words[end - 1]
    label = _LABEL_END.match(text, last.end()) is not None
    if _SENTENCE_END.search(text[max(0, first.start() - 6) : first.start()]) and not label:
        return False
    before = words[start - 1] if start else None
    adjacent = before is not None and text[before.end() : first.start()] == " "
    if before and adjacent and before[0][0].isupper() and before[0].lower() not in _VENDORS:
        return False
    behind = words[end] if end < len(words) else None
    if behind is None or text[last.end() : behind.start()] != " ":
        return True
    return not behind[0][0].isupper() or behind[0].isupper()


def _whole(pattern: _Pattern, words: list[re.Match[str]], start: int, end: int, text: str) -> bool:
    """Not the tail or head of a longer place: "West Europe" in "North West Europe", "East US 2"."""
    if pattern.entry.kind == "service":
        return True
    if start > 0:
        before = words[start - 1]
        if (
            before[0].lower() in _DIRECTIONS
            and before[0][0].isupper()
            and text[before.end() : words[start].start()].strip() in ("", "-")
        ):
            return False
    if end < len(words):
        behind = words[end]
        adjacent = behind.start() - words[end - 1].end() == 1
        if adjacent and behind[0].lower() in _DIRECTIONS and behind[0][0].isupper():
            return False
        if adjacent and re.fullmatch(r"[2-9]", behind[0]):
            return re.match(r":\d", text[behind.end() : behind.end() + 2]) is not None
    return True
