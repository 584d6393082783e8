"""The same facts, one notch away: how far a decision is from another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Literal, NamedTuple

from incidents.policy.facts import GLOBAL, MAX_DEPENDENTS, Facts, ImpactFact
from incidents.policy.rules import Size, measure
from incidents.vocabulary import (
    EXTENT_RANK,
    LEVEL_RANK,
    Audience,
    Extent,
    Level,
    TargetedChannel,
)

NotchFact = Literal["level", "services", "regions", "extent", "audience", "targeted_channel"]
STEPS = (-1, 1)
# Going through an enumeration anew costs more than a verdict's comparison.
LEVELS, EXTENTS, AUDIENCES, CHANNELS = (
    tuple(Level),
    tuple(Extent),
    tuple(Audience),
    tuple(TargetedChannel),
)


class Counterfactual(NamedTuple):
    """One step of one aggregate (numbers) or one fact (words)."""

    fact: NotchFact
    before: int | str
    after: int | str


def neighbours(facts: Facts) -> Iterator[tuple[Counterfactual, Facts]]:
    """Every valid set of facts one notch away, with the notch, in a fixed order.

    Each changes one of level, services, regions, extent, audience and targeted channel by one
    step (the last two: to each other value) and leaves the others alone, how long it has been
    spreading among them, with one exception that
    lies in the matter: between Informational and Warning the impacts that follow the incident's
    level begin or cease to count. No notch leads where facts cannot be: to no service or no
    region at all, or to a false positive with a broken channel. The order of impacts is
    irrelevant to the notches and to every decision about the facts.
    """
    size = measure(facts)
    yield from _levels(facts)
    yield from _services(facts, size)
    yield from _regions(facts, size)
    yield from _extents(facts, size)
    for audience in AUDIENCES:
        if audience != facts.audience:
            yield (
                Counterfactual("audience", facts.audience, audience),
                facts.but(audience=audience),
            )
    for channel in CHANNELS:
        if channel != facts.targeted_channel and not facts.false_positive:
            counterfactual = Counterfactual("targeted_channel", facts.targeted_channel, channel)
            yield counterfactual, facts.but(targeted_channel=channel)


def _step(rank: int, step: int, length: int) -> int | None:
    return rank + step if 0 <= rank + step < length else None


def _counts(impact: ImpactFact) -> bool:
    return impact.level != Level.INFORMATIONAL


def _changed(
    facts: Facts, which: Callable[[ImpactFact], bool], change: Callable[[ImpactFact], ImpactFact]
) -> Facts:
    impacts = tuple(change(each) if which(each) else each for each in facts.impacts)
    return facts.but(impacts=impacts)


def _levels(facts: Facts) -> Iterator[tuple[Counterfactual, Facts]]:
    for step in STEPS:
        rank = _step(LEVEL_RANK[facts.level], step, len(LEVELS))
        if rank is not None:
            level = LEVELS[rank]
            yield Counterfactual("level", facts.level, level), facts.at_level(level)


def _services(facts: Facts, size: Size) -> Iterator[tuple[Counterfactual, Facts]]:
    """One service fewer or more, named where that can be: it counts wherever a dependent counts.

    Fewer: the last one's impacts count as the first one's, which keeps regions and extent.
    """
    fewer = Counterfactual("services", size.services, size.services - 1)
    counted = [each for each in facts.impacts if _counts(each)]
    if size.named > 1:
        names = sorted({each.service for each in counted})
        yield (
            fewer,
            _changed(
                facts,
                lambda each: each.service == names[-1] and _counts(each),
                lambda each: each.elsewhere(service=names[0]),
            ),
        )
    elif facts.dependents:
        yield fewer, facts.but(dependents=facts.dependents - 1)
    more = Counterfactual("services", size.services, size.services + 1)
    if counted:
        taken = {each.service for each in facts.impacts}
        added = _first(counted).elsewhere(service=_fresh(taken))
        yield more, facts.but(impacts=(*facts.impacts, added))
    elif facts.dependents < MAX_DEPENDENTS:
        yield more, facts.but(dependents=facts.dependents + 1)


def _regions(facts: Facts, size: Size) -> Iterator[tuple[Counterfactual, Facts]]:
    """One region fewer: the last one's impacts count as the first one's; "global" goes first, so
    that one region left means one region and not the world. One more: an impact again elsewhere.
    """
    if not size.regions:
        return
    counted = [each for each in facts.impacts if _counts(each)]
    if size.regions > 1:
        names = sorted({each.region for each in counted}, key=lambda name: (name == GLOBAL, name))
        yield (
            Counterfactual("regions", size.regions, size.regions - 1),
            _changed(
                facts,
                lambda each: each.region == names[-1] and _counts(each),
                lambda each: each.elsewhere(region=names[0]),
            ),
        )
    taken = {each.region for each in facts.impacts}
    added = _first(counted).elsewhere(region=_fresh(taken))
    yield (
        Counterfactual("regions", size.regions, size.regions + 1),
        facts.but(impacts=(*facts.impacts, added)),
    )


def _first(impacts: list[ImpactFact]) -> ImpactFact:
    """The same one in whatever order they come."""
    return min(impacts, key=lambda each: (each.service, each.region, each.level, each.extent))


def _fresh(taken: set[str]) -> str:
    names = (f"another-{number}" for number in count(1))
    return next(name for name in names if name not in taken)


def _extents(facts: Facts, size: Size) -> Iterator[tuple[Counterfactual, Facts]]:
    """The widest impacts one step narrower or wider, together: the widest of all moves by one."""
    widest = size.extent
    if widest is None:
        return
    for step in STEPS:
        rank = _step(EXTENT_RANK[widest], step, len(EXTENTS))
        if rank is not None:
            extent = EXTENTS[rank]
            impacts = tuple(
                each.at(extent=extent) if each.extent == widest and _counts(each) else each
                for each in facts.impacts
            )
            yield Counterfactual("extent", widest, extent), facts.but(impacts=impacts)


MOST_STEPS = 100


def walk(facts: Facts) -> Iterator[tuple[Counterfactual, Facts]]:
    """Facts ever further away along one fact at a time: all one step away, then two, and so on.

    The notch names the fact, what it was and what it has become; the others stand as they are.
    """
    ways = list(neighbours(facts))
    before = {counterfactual.fact: counterfactual.before for counterfactual, _ in ways}
    for _ in range(MOST_STEPS):
        yield from ways
        ways = [
            (Counterfactual(counterfactual.fact, before[counterfactual.fact], further.after), there)
            for counterfactual, here in ways
            if (onward := _onward(counterfactual, here)) is not None
            for further, there in [onward]
        ]
        if not ways:
            return


def _onward(counterfactual: Counterfactual, facts: Facts) -> tuple[Counterfactual, Facts] | None:
    """One step more in the direction of a notch."""
    size = measure(facts)
    steps: dict[NotchFact, Callable[[], Iterator[tuple[Counterfactual, Facts]]]] = {
        "level": lambda: _levels(facts),
        "services": lambda: _services(facts, size),
        "regions": lambda: _regions(facts, size),
        "extent": lambda: _extents(facts, size),
    }
    if counterfactual.fact not in steps:
        return None
    up = _rank(counterfactual.after) > _rank(counterfactual.before)
    for further, there in steps[counterfactual.fact]():
        if (_rank(further.after) > _rank(further.before)) == up:
            return further, there
    return None


def _rank(value: int | str) -> int:
    if isinstance(value, int):
        return value
    words: tuple[str, ...] = LEVELS if value in LEVELS else EXTENTS
    return words.index(value)
