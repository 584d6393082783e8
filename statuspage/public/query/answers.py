"""Is it me? One sentence about what was asked for: a service, a region, or one in the other.

The browser says the same from the page itself (search.js): there without this process, as on the edge and in an export.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from incidents.texts.name_search import How, Match, Named, certain, folded, search
from statuspage import languages
from statuspage.public.render import times, updates, vocabulary
from statuspage.public.render.table import labels

# Words that are looked through, of these that are tried together, and of these those that name something.
LONGEST_SENTENCE, MOST_WORDS, MOST_NAMING = 20, 8, 6
MOST_NAMED = 3  # of several that are meant; more are called as they were typed
# Letters of a word that is looked for alone: every short word begins something.
LEAST_ALONE = {How.EXACT: 1, How.INITIALS: 2, How.ABBREVIATION: 3, How.BEGINS: 5, How.CLOSE: 6}
LEAST_CONTAINED = 4  # letters of a part of a word: fewer are in nearly everything


@dataclass(frozen=True, slots=True)
class HitCell:
    """What is not good: the names of a service and a region, since when (UTC), and the address that says why."""

    service: str
    region: str
    state: str
    href: str
    since: datetime


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


@dataclass(frozen=True, slots=True)
class Subject:
    """Services or regions that are asked for, and what they are together."""

    name: str
    members: Sequence[Named]

    @property
    def only(self) -> Named | None:
        return self.members[0] if len(self.members) == 1 else None


@dataclass(frozen=True, slots=True)
class Askable:
    """The services with their categories, or the regions with their geographies (name, members)."""

    among: Sequence[Named]
    groups: Sequence[tuple[Named, Sequence[Named]]]
    # What was looked for already: the halves of a question are tried more than once.
    found: dict[tuple[str, bool], list[Match]] = field(default_factory=dict)


Subjects = tuple[Subject | None, Subject | None]  # services, regions
Readings = Sequence[Sequence[str]]
Find = Callable[[str, Askable], Subject | None]


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
    typed = re.split(r"[\s,、’']+", asked.strip())[:LONGEST_SENTENCE]
    bare = _joined([folded(each.strip("?!.:;。؟¿¡")) for each in typed], known.words)
    named = [word for word in bare if word and word not in known.asides]
    english = [part for word in named for part in _english(word, known.words)]
    return [words for words in (typed, named, english) if any(words)]


def words_found(asked: str, services: Askable, regions: Askable) -> str:
    """What of a question names something, though it be many: `data` of "is data down?"; else the whole of it."""
    everything = [*services.among, *regions.among]
    readings = words_asked(asked)
    tried = [asked, *map(" ".join, [*readings, _naming(readings, (services, regions))])]
    return next((words for words in tried if search(words, everything, most=1)), asked)


def _naming(readings: Readings, kinds: Sequence[Askable]) -> list[str]:
    """The words that name something: what else there is in a sentence tells nothing here."""
    words = readings[-1] if readings else ()
    return [word for word in words if any(_names(word, kind) for kind in kinds)][:MOST_NAMING]


def _names(word: str, kind: Askable) -> bool:
    """Whether a name has this word, is abbreviated so, begins so for as long as no other word does, or is a slip
    away."""
    found = search(word, [*kind.among, *(group for group, _ in kind.groups)])
    if any(word in words for match in found for words in match.named.names):
        return True
    least = LEAST_ALONE.get(found[0].how) if found else None
    return least is not None and len(word) >= least


def _joined(words: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """With those beside each other made one that only together mean something: `log in`."""
    found: list[str] = []
    for word in words:
        if found and f"{found[-1]}-{word}" in known:
            found[-1] += f"-{word}"
        else:
            found.append(word)
    return found


def _english(word: str, known: Mapping[str, str]) -> list[str]:
    if word in known:
        return known[word].split("|")
    if word.isascii():
        return [word]
    # Nothing need stand between words: those that are known, one after the other, and what is Latin.
    found = re.findall("|".join([*map(re.escape, known), "[a-z0-9]+"]), word)
    return [part for each in found for part in known.get(each, each).split("|")] or [word]


def subjects(asked: str, services: Askable, regions: Askable) -> Subjects:
    """The services and the regions that a question is about; neither where that is not certain.

    All that was asked if that can be understood; else those of its words that name something, then all but one of
    these.
    """
    readings, kinds = words_asked(asked), (services, regions)
    if found := _subjects([words[:MOST_WORDS] for words in readings], kinds):
        return found
    naming = _naming(readings, kinds)
    fewer = [naming[:at] + naming[at + 1 :] for at in range(len(naming))]
    for words in [naming] if naming not in readings else [], fewer:
        if found := _subjects(words, kinds):
            return found
    return None, None


def _subjects(readings: Readings, kinds: tuple[Askable, Askable]) -> Subjects | None:
    """One in the other, in any order; then one alone; then several, such as a category in a geography."""
    for found in (
        _alone(readings, kinds, _only(How.INITIALS)),
        _pair(readings, kinds, _only(How.CONTAINS)),
        _alone(readings, kinds, _only(How.CONTAINS)),
        _pair(readings, kinds, _one_or_group),
        _pair(readings, kinds, _together),
        _alone(readings, kinds, _group),
        _alone(readings, kinds, _few),
        _pair(readings, kinds, _only(How.CLOSE)),
        _alone(readings, kinds, _only(How.CLOSE)),
    ):
        if found:
            return found
    return None


def _pair(readings: Readings, kinds: tuple[Askable, Askable], find: Find) -> Subjects | None:
    services, regions = kinds
    for words in readings:
        for cut in range(1, len(words)):
            halves = " ".join(words[:cut]), " ".join(words[cut:])
            for left, right in (halves, halves[::-1]):
                service = find(left, services)
                region = find(right, regions) if service else None
                if service and region:
                    return service, region
    return None


def _alone(readings: Readings, kinds: tuple[Askable, Askable], find: Find) -> Subjects | None:
    for kind in kinds:
        for words in readings:
            if found := find(" ".join(words), kind):
                return (found, None) if kind is kinds[0] else (None, found)
    return None


def _sure(text: str, kind: Askable, limit: How) -> list[Match]:
    """What fits at least as well as `limit`; a few letters within a word are in nearly everything."""
    asked = text, limit is How.CLOSE
    if asked not in kind.found:
        kind.found[asked] = search(text, kind.among, most=len(kind.among), slips=asked[1])
    found = kind.found[asked]
    if not found or found[0].how > limit:
        return []
    return [] if found[0].how is How.CONTAINS and len(text) < LEAST_CONTAINED else found


def _only(limit: How) -> Find:
    def find(text: str, kind: Askable) -> Subject | None:
        one = meant(_sure(text, kind, limit))
        return Subject(one.name, [one]) if one else None

    return find


def _one_or_group(text: str, kind: Askable) -> Subject | None:
    for find in (_only(How.INITIALS), _group, _only(How.CONTAINS)):
        if found := find(text, kind):
            return found
    return None


def _together(text: str, kind: Askable) -> Subject | None:
    if found := _one_or_group(text, kind):
        return found
    members = [each.named for each in _sure(text, kind, How.CONTAINS)]
    if not members:
        return None
    few = len(members) <= MOST_NAMED
    return Subject(", ".join(each.name for each in members) if few else f"“{text}”", members)


def _few(text: str, kind: Askable) -> Subject | None:
    """Those that a word is part of, if they can all be named: a country with two regions."""
    found = _together(text, kind) if len(text) >= LEAST_CONTAINED else None
    return found if found and len(found.members) <= MOST_NAMED else None


def _group(text: str, kind: Askable) -> Subject | None:
    members = {group.slug: members for group, members in kind.groups}
    found = search(text, [group for group, _ in kind.groups], slips=False)
    if not found or found[0].how > How.INITIALS:
        return None
    return Subject(found[0].named.name, members[found[0].named.slug])


def absent(service: str, region: str, filters: Mapping[str, str]) -> CellAnswer:
    """About a service where it is not offered; `filters` are those of what may be heard of it elsewhere."""
    text = str(labels.NOT_OFFERED) % {"service": service, "region": region}
    return CellAnswer("absent", text, None, "", "", "", _updates(filters))


def answer(
    what: str,
    cells: Sequence[HitCell],
    possible: str,
    now: datetime,
    filters: Mapping[str, str],
) -> CellAnswer:
    """`cells`: what is not good of it, all of one state; `possible`: the sentence on what it depends on, or nothing."""
    state = cells[0].state if cells else "possible" if possible else "good"
    since = min((cell.since for cell in cells), default=None)
    leading = {cell.href for cell in cells}
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
    asked = f"?{urlencode(filters)}" if filters else ""
    return f"{languages.root()}{updates.UPDATES}{asked}"


def worst(cells: Sequence[HitCell]) -> list[HitCell]:
    """Those in the gravest of their states: what a sentence says must be true of all of them."""
    state = min((cell.state for cell in cells), key=labels.TROUBLE.index, default="")
    return [cell for cell in cells if cell.state == state]


def called(services: Subject | None, regions: Subject | None, cells: Sequence[HitCell]) -> str:
    """What a sentence is about: what was asked for, as narrow as `cells`, all in one state, allow."""
    whole = pair_name(services.name if services else "", regions.name if regions else "")
    alone = bool(services and services.only and regions and regions.only)
    if alone or not cells:
        return whole
    hit, places = {cell.service for cell in cells}, {cell.region for cell in cells}
    if len(hit) == len(places) == 1:
        return pair_name(hit.pop(), places.pop())
    if services and regions:
        return whole
    if regions:
        return _("Several services in %(region)s") % {"region": regions.name}
    name = hit.pop() if len(hit) == 1 else whole
    if len(places) == 1:
        return pair_name(name, places.pop())
    return _("%(service)s in several regions") % {"service": name}


def pair_name(service: str, region: str) -> str:
    if not service or not region:
        return service or region
    return _("%(service)s in %(region)s") % {"service": service, "region": region}
