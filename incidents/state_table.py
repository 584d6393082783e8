"""What a decision leads to, by where the incident stands: written once, as data. Pure.

Rows: whether the incident is public. Columns: what was decided, a person's override included. Cells:
what the world sees, who is told directly, and for whom a review is due. `visibility.apply_verdict` follows it;
ARCHITECTURE prints it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from incidents.vocabulary import Audience, Scenario


class Standing(StrEnum):
    """Where an incident stands."""

    TARGETED = "targeted"  # never public
    WAITING = "waiting"  # its public post waits for a person
    PUBLIC = "public"
    WITHDRAWN = "withdrawn"


class Decided(StrEnum):
    """What was decided."""

    KEPT = "kept targeted"
    BROAD = "broad (scenario 1)"
    FOR_NOW = "public for now (scenario 2, 3)"
    POSTED = "public (advisory, override, kept entry)"
    RETRACTED = "false positive"


class WorldSees(StrEnum):
    """What the world sees of it."""

    NOTHING = "nothing"
    POST = "entry; a machine's waits ≤ 15 min"
    STAYS = "entry stays"
    UNTIL_REVIEW = "entry stays until the review is delivered"
    RETRACTION = "entry stays, with the retraction"
    GONE = "410"
    GONE_ALARM = "410; the desk is alarmed"


class ToldDirectly(StrEnum):
    """Who is told directly, besides the readers of public posts."""

    AUDIENCE = "matching, and told before"
    ONCE_KNOWN = "scenario 3: once the audience is known"
    THOSE_TOLD = "exactly those told"


class ReviewFor(StrEnum):
    """For whom a review is due after mitigation."""

    AFFECTED = "the affected"
    EVERYBODY = "everybody"
    AS_DECIDED = "the affected; none for advisories"
    NOBODY = "nobody"


class Consequence(NamedTuple):
    shown: WorldSees
    told: ToldDirectly
    review: ReviewFor


S, D = Standing, Decided
_AS_DECIDED = (ToldDirectly.AUDIENCE, ReviewFor.AS_DECIDED)
_BROAD = (ToldDirectly.AUDIENCE, ReviewFor.EVERYBODY)
_FOR_NOW = (ToldDirectly.ONCE_KNOWN, ReviewFor.AFFECTED)
_RETRACTED = (ToldDirectly.THOSE_TOLD, ReviewFor.NOBODY)

TABLE: Mapping[tuple[Standing, Decided], Consequence] = {
    (S.TARGETED, D.KEPT): Consequence(WorldSees.NOTHING, *_AS_DECIDED),
    (S.TARGETED, D.BROAD): Consequence(WorldSees.POST, *_BROAD),
    (S.TARGETED, D.FOR_NOW): Consequence(WorldSees.POST, *_FOR_NOW),
    (S.TARGETED, D.POSTED): Consequence(WorldSees.POST, *_AS_DECIDED),
    (S.TARGETED, D.RETRACTED): Consequence(WorldSees.NOTHING, *_RETRACTED),
    # What still waits has made nothing public: it lapses when nothing wants it public any more.
    (S.WAITING, D.KEPT): Consequence(WorldSees.NOTHING, *_AS_DECIDED),
    (S.WAITING, D.BROAD): Consequence(WorldSees.POST, *_BROAD),
    (S.WAITING, D.FOR_NOW): Consequence(WorldSees.POST, *_FOR_NOW),
    (S.WAITING, D.POSTED): Consequence(WorldSees.POST, *_AS_DECIDED),
    (S.WAITING, D.RETRACTED): Consequence(WorldSees.NOTHING, *_RETRACTED),
    # A verdict never takes an entry down: withdrawing is a verb of its own.
    (S.PUBLIC, D.KEPT): Consequence(WorldSees.STAYS, *_AS_DECIDED),
    (S.PUBLIC, D.BROAD): Consequence(WorldSees.STAYS, *_BROAD),
    (S.PUBLIC, D.FOR_NOW): Consequence(WorldSees.UNTIL_REVIEW, *_FOR_NOW),
    (S.PUBLIC, D.POSTED): Consequence(WorldSees.STAYS, *_AS_DECIDED),
    (S.PUBLIC, D.RETRACTED): Consequence(WorldSees.RETRACTION, *_RETRACTED),
    # Withdrawn is final: what is broad after all is declared anew, and somebody has to know.
    (S.WITHDRAWN, D.KEPT): Consequence(WorldSees.GONE, *_AS_DECIDED),
    (S.WITHDRAWN, D.BROAD): Consequence(
        WorldSees.GONE_ALARM, ToldDirectly.AUDIENCE, ReviewFor.AFFECTED
    ),
    (S.WITHDRAWN, D.FOR_NOW): Consequence(
        WorldSees.GONE, ToldDirectly.AUDIENCE, ReviewFor.AFFECTED
    ),
    (S.WITHDRAWN, D.POSTED): Consequence(WorldSees.GONE, *_AS_DECIDED),
    (S.WITHDRAWN, D.RETRACTED): Consequence(WorldSees.GONE, *_RETRACTED),
}


def waits_for_audience(
    standing: Standing, decided: Decided, *, scenario: int | None, audience: str
) -> bool:
    """Whether targeted alerts wait until it is known who is affected: asked by planner, dry run and review.

    `scenario`: the last that made the incident public. What is not public, or no more, waits for nobody:
    else nobody would hear of it at all.
    """
    if standing not in (Standing.WAITING, Standing.PUBLIC):
        return False
    once_known = TABLE[standing, decided].told is ToldDirectly.ONCE_KNOWN
    return once_known and is_audience_unknown(scenario=scenario, audience=audience)


def is_audience_unknown(*, scenario: int | None, audience: str) -> bool:
    """Whether it was made public because nobody knows who is affected, and nobody knows yet."""
    return scenario == Scenario.AUDIENCE_UNKNOWN and audience == Audience.UNKNOWN


def as_markdown() -> str:
    """The table as ARCHITECTURE prints it: one line a cell."""
    lines = [
        "| Incident | Decided | The world sees | Told directly | Review for |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {standing} | {decided} | {cell.shown} | {cell.told} | {cell.review} |"
        for (standing, decided), cell in TABLE.items()
    ]
    return "\n".join(lines)
