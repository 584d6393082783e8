"""Which stage may follow which. Pure: dictionaries, no Django.

Stages are those of the field's pages: an issue is investigated, identified, mitigated and resolved;
a maintenance is planned, carried out and completed. Writing another update in the same stage is
always allowed while the stage is not a final one.
"""

from __future__ import annotations

from collections.abc import Mapping

from incidents.vocabulary import Kind, Stage


class LifecycleError(ValueError):
    """A step that the table does not have; the message names both stages and what is possible."""


S = Stage
_WORKING = frozenset({S.INVESTIGATING, S.IDENTIFIED, S.MITIGATING, S.MITIGATED, S.RESOLVED})

ISSUE: Mapping[Stage | None, frozenset[Stage]] = {
    None: _WORKING,
    S.INVESTIGATING: _WORKING,
    S.IDENTIFIED: _WORKING,
    S.MITIGATING: _WORKING,
    # Impact may come back: a mitigated or resolved incident can be worked on again (re-opened).
    S.MITIGATED: _WORKING,
    S.RESOLVED: frozenset({S.RESOLVED, S.INVESTIGATING, S.IDENTIFIED, S.MITIGATING}),
}

MAINTENANCE: Mapping[Stage | None, frozenset[Stage]] = {
    None: frozenset({S.PLANNED, S.IN_PROGRESS}),
    S.PLANNED: frozenset({S.PLANNED, S.RESCHEDULED, S.IN_PROGRESS, S.CANCELLED}),
    S.RESCHEDULED: frozenset({S.RESCHEDULED, S.IN_PROGRESS, S.CANCELLED}),
    S.IN_PROGRESS: frozenset({S.IN_PROGRESS, S.COMPLETE, S.CANCELLED}),
    S.COMPLETE: frozenset({S.COMPLETE}),
    S.CANCELLED: frozenset({S.CANCELLED}),
}

CLOSED = frozenset({S.RESOLVED, S.COMPLETE, S.CANCELLED})


def table_for(kind: str) -> Mapping[Stage | None, frozenset[Stage]]:
    return MAINTENANCE if kind == Kind.PLANNED_MAINTENANCE else ISSUE


def successors(kind: str, stage: str | None) -> frozenset[Stage]:
    """The stages that may follow `stage` (None: nothing said yet) in an incident of this kind."""
    return table_for(kind).get(Stage(stage) if stage else None, frozenset())


def check_step(kind: str, before: str | None, after: str) -> None:
    """Raise LifecycleError unless `after` may follow `before`."""
    possible = successors(kind, before)
    if after in possible:
        return
    names = ", ".join(sorted(possible)) or "nothing"
    start = f"after {before}" if before else "as a first stage"
    raise LifecycleError(f"stage {after!r} is not possible {start}; possible: {names}.")


def begins(before: str | None, after: str) -> bool:
    """Whether this step begins a maintenance that was planned."""
    return before in {S.PLANNED, S.RESCHEDULED} and after == S.IN_PROGRESS


def reopens(before: str | None, after: str) -> bool:
    """Whether this step takes up an incident whose impact had ended (its review clocks restart)."""
    ended = {S.MITIGATED, S.RESOLVED}
    return before in ended and after not in ended
