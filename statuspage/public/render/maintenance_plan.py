"""A maintenance plan at a point in time: ahead of it, late, in it, over it. Pure.

What nobody has confirmed is said to be unconfirmed: a plan alone begins and ends nothing.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from django.utils.translation import gettext

from incidents.vocabulary import NOT_BEGUN, Kind, Stage
from statuspage.public.render import times


class Planned(Protocol):
    """An incident of the database or of a snapshot; times in UTC."""

    @property
    def kind(self) -> str: ...
    @property
    def stage(self) -> str: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def scheduled_for(self) -> datetime | None: ...
    @property
    def scheduled_until(self) -> datetime | None: ...


class PlanPhase(StrEnum):
    AHEAD = "ahead"
    LATE = "late"  # its time has come, and nobody has said that it began
    LAPSED = "lapsed"  # its time is over, and nobody has said that it began
    RUNNING = "running"
    OVERTIME = "overtime"
    OVER = "over"


def phase(one: Planned, now: datetime) -> PlanPhase | None:
    """None for what is no planned maintenance."""
    if one.kind != Kind.PLANNED_MAINTENANCE:
        return None
    is_past_end = one.scheduled_until is not None and one.scheduled_until <= now
    if one.stage in NOT_BEGUN:
        if (one.scheduled_for or one.started_at) > now:
            return PlanPhase.AHEAD
        return PlanPhase.LAPSED if is_past_end else PlanPhase.LATE
    if one.stage == Stage.IN_PROGRESS:
        return PlanPhase.OVERTIME if is_past_end else PlanPhase.RUNNING
    return PlanPhase.OVER


OFF_PLAN = frozenset({PlanPhase.LATE, PlanPhase.LAPSED, PlanPhase.OVERTIME})


def sentence(one: Planned, now: datetime) -> tuple[str, datetime] | None:
    """What its plan means now, with `%(time)s` where the time belongs; None where the plan says it all."""
    start, end = one.scheduled_for or one.started_at, one.scheduled_until
    now_in = phase(one, now)
    if now_in is PlanPhase.LATE:
        return gettext("Planned for %(time)s; it has not been confirmed yet that it began."), start
    if end is None:
        return None
    if now_in is PlanPhase.LAPSED:
        return gettext(
            "Planned until %(time)s; it has not been confirmed yet whether it took place."
        ), end
    if now_in is PlanPhase.RUNNING:
        return gettext("Planned until %(time)s."), end
    if now_in is PlanPhase.OVERTIME:
        return gettext("Planned until %(time)s; it takes longer than planned."), end
    return None


def in_words(one: Planned, now: datetime) -> str:
    """The sentence with its time written out (UTC); empty where there is none."""
    found = sentence(one, now)
    return found[0] % {"time": times.full(found[1])} if found else ""
