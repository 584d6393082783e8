"""Services, regions and their groups by the words people type: exact first, mistyped last. Pure.

One ranking for the desk's pickers, pasted lists and the public search:

    exact         the name or an alias, however it is spelled (`keyvault`, `key vaults`, `europe west`)
    initials      the first letters of its words, or the count of those left out (`vm`, `vms`, `k8s`)
    begins        a name or alias begins with it
    abbreviation  its letters begin the words of the name in turn (`weu`: West EUrope)
    contains      every word is in the name or its aliases
    close         a slip of the fingers away (`storrage`)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

LONGEST = 100  # characters that are looked at
LEAST_CLOSE = 4  # shorter words are within a slip of too many others
CLOSE = 82.0  # percent; measured on the shipped catalogue: one slip in five letters is found
_WORDS = re.compile(r"[^\W_]+")
# In front of nearly every name, so that it tells nothing apart.
_VENDORS = frozenset({"azure", "microsoft", "amazon", "aws", "google", "cloud"})
# Accents, and in Arabic vowel signs and what an alef carries: left out by many who type.
_ACCENTS = re.compile("[\u0300-\u036f\u064b-\u0655]")
_SEPARATORS = re.compile(r"[\n\r\t;,|]+|\s+(?:and|und|et|y)\s+|\s+(?:in|at)\s+")


class How(IntEnum):
    """How well a name fits, the best first."""

    EXACT = 0
    INITIALS = 1
    BEGINS = 2
    ABBREVIATION = 3
    CONTAINS = 4
    CLOSE = 5


@dataclass(frozen=True)
class Named:
    """Something with a name. `kind` and `slug` are the caller's own; `vendor` words in front count for nothing."""

    kind: str
    slug: str
    name: str
    aliases: tuple[str, ...] = ()

    @cached_property
    def names(self) -> tuple[tuple[str, ...], ...]:
        """The words of each of its names, with and without the vendor in front."""
        found: dict[tuple[str, ...], None] = {}
        for name in (self.name, *self.aliases, self.slug):
            words = words_of(name)
            found[words] = None
            if len(words) > 1 and words[0] in _VENDORS:
                found[words[1:]] = None
        return tuple(words for words in found if words)

    @cached_property
    def joined(self) -> tuple[str, ...]:
        """Each of its names without blanks."""
        return tuple("".join(words) for words in self.names)

    @cached_property
    def everything(self) -> str:
        return " ".join(" ".join(words) for words in self.names)

    @cached_property
    def spellings(self) -> frozenset[str]:
        """Each of its names without blanks, and with its words in order."""
        return frozenset(
            _singular("".join(each)) for words in self.names for each in (words, sorted(words))
        )

    @cached_property
    def initials(self) -> frozenset[str]:
        """Its initials and its numeronym."""
        found = {"".join(word[0] for word in words) for words in self.names if len(words) > 1}
        found |= {_numeronym("".join(words)) for words in self.names}
        return frozenset(each for each in found if len(each) > 1)

    @cached_property
    def numeronyms(self) -> frozenset[str]:
        """Those of its words."""
        return frozenset(_numeronym(word) for words in self.names for word in words)


@dataclass(frozen=True, slots=True)
class Match:
    named: Named
    how: How


@dataclass(frozen=True, slots=True)
class Pasted:
    """What a pasted list names: each once, in its order; and the pieces that name nothing for certain."""

    found: tuple[Named, ...]
    unknown: tuple[str, ...]


def words_of(text: str) -> tuple[str, ...]:
    """`West-Europe (zone 1)` is west, europe, zone, 1."""
    return tuple(_WORDS.findall(folded(text[:LONGEST])))


def folded(text: str) -> str:
    """Without case, width and accents: `São` is sao."""
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    return unicodedata.normalize("NFC", bare)


def telling(name: str, aliases: Iterable[str]) -> tuple[str, ...]:
    """Those of the aliases that find what the name alone would not."""
    plain = Named("", "", name)
    known = plain.spellings | plain.initials
    return tuple(each for each in aliases if _singular("".join(words_of(each))) not in known)


def search(text: str, among: Iterable[Named], *, most: int = 20, slips: bool = True) -> list[Match]:
    """The names that fit, the best first and else in their order. What is only close counts if nothing fits, and
    not without `slips`."""
    wanted = words_of(text)
    if len(wanted) > 1 and wanted[0] in _VENDORS:
        wanted = wanted[1:]
    if not wanted:
        return []
    everything = list(among)
    found = [
        (how, place)
        for place, each in enumerate(everything)
        if (how := _fits(wanted, each)) is not None
    ]
    if not found and slips:
        scored = [(-_closeness(wanted, each), place) for place, each in enumerate(everything)]
        near = sorted(each for each in scored if -each[0] >= CLOSE)[:most]
        return [Match(everything[place], How.CLOSE) for _, place in near]
    return [Match(everything[place], how) for how, place in sorted(found)[:most]]


def certain(matches: Sequence[Match]) -> Named | None:
    """The one that was meant, if no other could be: by all of its name, or else by its beginning or as an
    abbreviation."""
    if not matches or matches[0].how > How.ABBREVIATION:
        return None
    best = [each.named for each in matches if each.how is matches[0].how]
    if len(best) == 1:
        return best[0]
    if matches[0].how is not How.BEGINS:
        return None
    # `key va` is Key Vault, though Key Vault Managed HSM begins so, too.
    shortest = min(best, key=lambda each: len(each.name))
    rest = [words_of(each.name)[: len(words_of(shortest.name))] for each in best]
    return shortest if all(words == words_of(shortest.name) for words in rest) else None


def pasted(text: str, among: Sequence[Named]) -> Pasted:
    """Names out of a list, a table or a sentence: one a piece, each piece as `certain` would have it."""
    found: dict[tuple[str, str], Named] = {}
    unknown: dict[str, None] = {}
    for piece in _SEPARATORS.split(text):
        words = " ".join(piece.split()).strip("-*•. ")
        if not words_of(words):
            continue
        meant = certain(search(words, among))
        if meant is None:
            unknown[words[:LONGEST]] = None
        else:
            found[meant.kind, meant.slug] = meant
    return Pasted(tuple(found.values()), tuple(unknown))


def _fits(wanted: Sequence[str], named: Named) -> How | None:
    joined = "".join(wanted)
    single = _singular(joined)
    if single in named.spellings or _singular("".join(sorted(wanted))) in named.spellings:
        return How.EXACT
    if joined in named.initials or single in named.initials:
        return How.INITIALS
    if any(name.startswith(joined) for name in named.joined):
        return How.BEGINS
    if len(joined) > 1 and (
        joined in named.numeronyms
        or any(
            words[0][0] == joined[0] and _abbreviates(joined, words)
            for words, name in zip(named.names, named.joined, strict=True)
            if len(joined) <= len(name)
        )
    ):
        return How.ABBREVIATION
    if all(word in named.everything for word in wanted):
        return How.CONTAINS
    return None


def _abbreviates(short: str, words: Sequence[str]) -> bool:
    """Whether `short` has the first letter of each word, or all of it, and some of the last: `weu`, `eus2`."""
    first, *rest = words
    if not rest:
        return bool(short) and first.startswith(short)
    return any(
        short.startswith(part) and _abbreviates(short[len(part) :], rest)
        for part in {first[0], first}
    )


def _singular(joined: str) -> str:
    return joined.removesuffix("s") if len(joined) > 2 else joined


def _numeronym(word: str) -> str:
    """`k8s` for kubernetes."""
    return f"{word[0]}{len(word) - 2}{word[-1]}" if len(word) > LEAST_CLOSE else word


def _closeness(wanted: Sequence[str], named: Named) -> float:
    """0 to 100. Whole against whole, joined, so that a blank too many or too few costs nothing."""
    joined = "".join(wanted)
    if len(joined) < LEAST_CLOSE:
        return 0.0
    from rapidfuzz import fuzz  # four megabytes, which a publisher never needs

    return max(fuzz.ratio(joined, name, score_cutoff=CLOSE) for name in named.joined)
