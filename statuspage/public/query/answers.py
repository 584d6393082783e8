"""Is it me? One sentence about what was asked for: a service, a region, or one in the other.

The browser says the same from the page itself (site.js): there without this process, as on the edge and in an export.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from incidents.texts.name_search import How, Match, Named, certain, search
from statuspage.public import languages
from statuspage.public.render import times, updates, vocabulary
from statuspage.public.render.table import labels, matrix

MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class CellAnswer:
    """`text` has a hole for `since` (UTC) where there is one; `incident` and `updates` are addresses or empty."""

    state: str
    text: str
    since: datetime | None
    shown: str
    detail: str
    incident: str
    updates: str


def meant(matches: Sequence[Match]) -> Named | None:
    """What a reader most likely means: looking does no harm, so that here a slip is enough."""
    if (found := certain(matches)) is not None or not matches:
        return found
    best = [each.named for each in matches if each.how is matches[0].how]
    if matches[0].how is How.CLOSE or len(best) == 1:
        return best[0]
    return None


def words_asked(asked: str) -> list[list[str]]:
    """The words as they were typed, then without asides, then in English: tried in this order."""
    known = vocabulary.every()
    typed = asked.replace(",", " ").split()[:MOST_WORDS]
    bare = [each.strip("?!.:;、。؟") for each in typed]
    named = [word for word in bare if word.casefold() not in known.asides]
    english = [part for word in named for part in _english(word.casefold(), known.words)]
    return [words for words in (typed, named, english) if words]


def _english(word: str, known: Mapping[str, str]) -> list[str]:
    if word in known:
        return known[word].split("|")
    if word.isascii():
        return [word]
    # Nothing need stand between words: those that are known, one after the other, and what is Latin.
    found = re.findall("|".join([*map(re.escape, known), "[a-z0-9]+"]), word)
    return [part for each in found for part in known.get(each, each).split("|")] or [word]


def pair(
    asked: str, services: Sequence[Named], regions: Sequence[Named]
) -> tuple[Named, Named] | None:
    """A service and a region out of one question, in any order."""
    for words in words_asked(asked):
        for cut in range(1, len(words)):
            halves = " ".join(words[:cut]), " ".join(words[cut:])
            for left, right in (halves, halves[::-1]):
                service = meant(search(left, services))
                region = meant(search(right, regions)) if service else None
                if service and region:
                    return service, region
    return None


def single(asked: str, among: Sequence[Named]) -> Named | None:
    """The one thing that is asked for, if the question names no other."""
    for words in words_asked(asked):
        found = search(" ".join(words), among)
        if one := meant(found):
            return one
    return None


def absent(service: str, region: str, filters: Mapping[str, str]) -> CellAnswer:
    """About a service where it is not offered; `filters` are those of what may be heard of it elsewhere."""
    text = str(labels.NOT_OFFERED) % {"service": service, "region": region}
    return CellAnswer("absent", text, None, "", "", "", _updates(filters))


def answer(
    what: str,
    chips: Sequence[matrix.Chip],
    possible: str,
    now: datetime,
    filters: Mapping[str, str],
) -> CellAnswer:
    """`chips`: what is not good of it, all of one state; `possible`: the sentence on what it depends on, or nothing."""
    state = chips[0].state if chips else "possible" if possible else "good"
    since = min((chip.since for chip in chips), default=None)
    leading = {chip.href for chip in chips}
    return CellAnswer(
        state,
        str(labels.ANSWERS[state]).replace("%(what)s", what),
        since,
        times.brief(since, now) if since else "",
        possible,
        leading.pop() if len(leading) == 1 else "",
        _updates(filters),
    )


def _updates(filters: Mapping[str, str]) -> str:
    return f"{languages.root()}{updates.UPDATES}?{urlencode(filters)}"


def worst(chips: Sequence[matrix.Chip]) -> list[matrix.Chip]:
    """Those in the gravest of their states: what a sentence says must be true of all of them."""
    state = min((chip.state for chip in chips), key=labels.TROUBLE.index, default="")
    return [chip for chip in chips if chip.state == state]


def pair_name(service: str, region: str) -> str:
    return _("%(service)s in %(region)s") % {"service": service, "region": region}
