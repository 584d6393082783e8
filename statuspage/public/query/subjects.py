"""What a question is about: services, regions, or one in the other, in whatever order and language it was typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from incidents.texts.name_search import How, Match, Named, certain, folded, search
from statuspage.public.render import vocabulary

# Words that are looked through, of these that are tried together, and of these those that name something.
LONGEST_SENTENCE, MOST_WORDS, MOST_NAMING = 20, 8, 6
MOST_NAMED = 3  # of several that are meant; more are called as they were typed
# Letters of a word that is looked for alone: every short word begins something.
LEAST_ALONE = {How.EXACT: 1, How.INITIALS: 2, How.ABBREVIATION: 3, How.BEGINS: 5, How.CLOSE: 6}
LEAST_CONTAINED = 4  # letters of a part of a word: fewer are in nearly everything


@dataclass(frozen=True, slots=True)
class Subject:
    """Services or regions that are asked for, and what they are together: a name of its own, or all of theirs."""

    name: str
    members: Sequence[Named]

    @property
    def lists(self) -> bool:
        """Whether it is called by the names of several."""
        return len(self.members) > 1 and self.name == ", ".join(one.name for one in self.members)

    def among(self, hit: set[str]) -> str:
        """Of several that are called by their names only those in `hit`."""
        names = [one.name for one in self.members if one.name in hit]
        return ", ".join(names) if self.lists and names else self.name

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


def _typed(asked: str) -> list[str]:
    return re.split(r"[\s,、’']+", asked.strip())[:LONGEST_SENTENCE]


def _bare(typed: Sequence[str]) -> list[str]:
    """As names are compared, without what only punctuates."""
    plain = [folded(each.strip("?!.:;。؟¿¡")) for each in typed]
    return [word for word in _joined(plain, vocabulary.every().words) if word]


def words_asked(asked: str) -> list[list[str]]:
    """The words as they were typed, then without asides, then in English: tried in this order."""
    asides = vocabulary.every().asides
    typed = _typed(asked)
    named = [word for word in _bare(typed) if word not in asides]
    english = [part for word in named for part in _english(word)]
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


def _english(word: str) -> list[str]:
    known = vocabulary.every().words
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
    spoken = [part for word in _bare(_typed(asked)) for part in _english(word)]
    for each in (spoken, *readings[-1:]):
        if found := _listed(each, kinds):
            return found
    if found := _subjects([words[:MOST_WORDS] for words in readings], kinds):
        return found
    naming = _naming(readings, kinds)
    fewer = [naming[:at] + naming[at + 1 :] for at in range(len(naming))]
    for words in [naming] if naming not in readings else [], fewer:
        if found := _subjects(words, kinds):
            return found
    return None, None


def _listed(words: Sequence[str], kinds: tuple[Askable, Askable]) -> Subjects | None:
    """Several services or regions, each by as many words as name one: `storage and key vault in west europe`. None
    where a word that names something belongs to none of them."""
    asides = vocabulary.every().asides
    named: tuple[list[Subject], list[Subject]] = [], []
    while words:
        aside = words[0] in asides
        for length in range(len(words), int(aside), -1):
            if found := _exactly(" ".join(words[:length]), kinds):
                named[found[0]].append(found[1])
                words = words[length:]
                break
        else:
            if not aside and any(_names(words[0], kind) for kind in kinds):
                return None
            words = words[1:]
    if max(map(len, named)) < 2:
        return None
    services, regions = map(_together_of, named)
    return services, regions


def _exactly(text: str, kinds: tuple[Askable, Askable]) -> tuple[int, Subject] | None:
    """The one or the group that is called so, and whether it is a service (0) or a region (1)."""
    for number, kind in enumerate(kinds):
        if found := _only(How.INITIALS)(text, kind) or _group(text, kind):
            return number, found
    return None


def _together_of(subjects: Sequence[Subject]) -> Subject | None:
    members = {one.slug: one for subject in subjects for one in subject.members}
    names = dict.fromkeys(subject.name for subject in subjects)
    return Subject(", ".join(names), [*members.values()]) if subjects else None


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
