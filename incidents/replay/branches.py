"""Where a recording assumes a fact: what would have been decided if it had been otherwise. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from incidents.derived_facts import Graph
from incidents.policy import PRESETS, Policy
from incidents.replay.recordings import Moment, Recording
from incidents.replay.replay import Replay, points_of, replay
from incidents.texts.timestamps import seconds
from incidents.vocabulary import Audience, FactBasis, Level


@dataclass(frozen=True, slots=True)
class Branch:
    """An assumed fact, and both sides of it. `decides`: whether it makes a difference here."""

    at: datetime
    fact: str
    why: str
    assumed: str
    otherwise: str
    as_assumed: Replay
    if_otherwise: Replay

    @property
    def decides(self) -> bool:
        return self.as_assumed.moments() != self.if_otherwise.moments()

    def as_dict(self) -> dict[str, object]:
        return {
            "at": seconds(self.at),
            "fact": self.fact,
            "why": self.why,
            "decides": self.decides,
            "assumed": {"value": self.assumed, **self.as_assumed.moments()},
            "otherwise": {"value": self.otherwise, **self.if_otherwise.moments()},
        }


def branches_of(recording: Recording, policy: Policy, graph: Graph | None = None) -> list[Branch]:
    """Each assumed fact of the recording that decides something under one of the presets or this policy."""
    found = []
    for moment, fact, assumed, otherwise, other in _alternatives(recording):
        sides = {
            each.name: (_replayed(recording, each, graph), _replayed(other, each, graph))
            for each in (*PRESETS.values(), policy)
        }
        if any(one.moments() != two.moments() for one, two in sides.values()):
            one, two = sides[policy.name]
            found.append(Branch(moment.at, fact, moment.why, assumed, otherwise, one, two))
    return found


def _replayed(recording: Recording, policy: Policy, graph: Graph | None) -> Replay:
    return replay(list(points_of(recording, graph)), policy, recording.first_public_post)


def _alternatives(recording: Recording) -> Iterator[tuple[Moment, str, str, str, Recording]]:
    """Moment, fact, what is assumed, what else it may have been, and the recording with that."""
    level, audience, named = Level.WARNING, Audience.UNKNOWN, False
    for index, moment in enumerate(recording.moments):
        for fact, assumed, otherwise, other in _of_moment(moment, level, audience, named):
            moments = (*recording.moments[:index], other, *recording.moments[index + 1 :])
            yield moment, fact, assumed, otherwise, replace(recording, moments=moments)
        level, audience = moment.level or level, moment.audience or audience
        named = named or bool(moment.hit)


def _of_moment(
    moment: Moment, level: Level, audience: Audience, named: bool
) -> Iterator[tuple[str, str, str, Moment]]:
    """`level` and `audience` as they were before, `named`: whether any cell was."""
    if moment.basis != FactBasis.ASSUMED:
        return
    if moment.level and (moment.level != level or not named):
        other = Level.ERROR if moment.level == Level.WARNING else level
        yield "level", moment.level, other, replace(moment, level=other)
    if moment.audience and moment.audience != audience:
        yield "audience", moment.audience, audience, replace(moment, audience=audience)
    if moment.dependents is not None:
        yield "dependents", str(moment.dependents), "0", replace(moment, dependents=None)
    left = moment.hit[: 0 if named else 1]
    if len(moment.hit) > len(left):
        cells = f"{len(moment.hit)} cells", f"{len(left)} of them"
        yield "hit", *cells, replace(moment, hit=left)
