"""The deadlines a person is held to: reviews after mitigation, and the next update as promised. Pure.

Azure's goal for reviews is Preliminary within 3 days and Final within 14 days of mitigation; the
numbers come with the policy. All times are UTC, the present is an argument.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from incidents.vocabulary import PromisedReview


class ReviewGoals(Protocol):
    """What a policy says about the time that reviews may take."""

    @property
    def preliminary_review_hours(self) -> int: ...

    @property
    def final_review_days(self) -> int: ...


@dataclass(frozen=True, slots=True)
class ReviewDeadline:
    """A review that is owed. `kind`: preliminary or final; `goal` in words, as in `72 h`."""

    kind: str
    due: datetime
    goal: str
    overdue: bool


def review_deadlines_of(
    *,
    review: str,
    mitigated_at: datetime | None,
    published: Iterable[tuple[str, datetime]],
    policy: ReviewGoals,
    now: datetime,
) -> tuple[ReviewDeadline, ...]:
    """The reviews still owed, the earliest first.

    `review`: what the latest decision promises (public, targeted, none); a Preliminary is owed to
    the public only. `published`: kind and time of the versions that are out. Impact that came back
    restarts the deadlines, so what was published before this mitigation keeps none of them; a Final
    keeps the Preliminary, too.
    """
    if mitigated_at is None:
        return ()
    out = {kind for kind, at in published if at >= mitigated_at}
    deadlines = _deadlines(review, mitigated_at, policy, now)
    return tuple(deadline for deadline in deadlines if not out & _kept_by(deadline))


def reviews_on_time(
    *,
    review: str,
    mitigated_at: datetime | None,
    published: Iterable[tuple[str, datetime]],
    policy: ReviewGoals,
    now: datetime,
) -> tuple[int, int]:
    """How many reviews were promised and are out or overdue, and how many of them were out in time.

    Arguments as of `review_deadlines_of`.
    """
    if mitigated_at is None:
        return 0, 0
    out = [(kind, at) for kind, at in published if at >= mitigated_at]
    due = in_time = 0
    for deadline in _deadlines(review, mitigated_at, policy, now):
        first = min((at for kind, at in out if kind in _kept_by(deadline)), default=None)
        due += first is not None or deadline.overdue
        in_time += first is not None and first <= deadline.due
    return due, in_time


def _deadlines(
    review: str, mitigated_at: datetime, policy: ReviewGoals, now: datetime
) -> list[ReviewDeadline]:
    deadlines = []
    if review == PromisedReview.PUBLIC:
        hours = policy.preliminary_review_hours
        deadlines.append(
            _deadline("preliminary", mitigated_at + timedelta(hours=hours), f"{hours} h", now)
        )
    if review in (PromisedReview.PUBLIC, PromisedReview.TARGETED):
        days = policy.final_review_days
        deadlines.append(_deadline("final", mitigated_at + timedelta(days=days), f"{days} d", now))
    return sorted(deadlines, key=lambda deadline: deadline.due)


def _kept_by(deadline: ReviewDeadline) -> set[str]:
    """The kinds of a review that keep this one."""
    return {deadline.kind, "final"}


# An update in the last minutes before the promised time is the one that was promised; the operator is
# reminded when they begin.
PROMISE_NEAR = timedelta(minutes=10)


def promise_carried(promised: datetime | None, now: datetime) -> datetime | None:
    """What a statement without a promise of its own leaves standing of the one before it.

    Readers go on waiting for the update they were promised, whatever is said long before its time.
    """
    return promised if promised is not None and now < promised - PROMISE_NEAR else None


def promise_missed(next_update_by: datetime | None, *, closed: bool, now: datetime) -> bool:
    """Whether the next update was promised for a time that is over; a closed incident owes none."""
    return next_update_by is not None and not closed and next_update_by < now


def _deadline(kind: str, due: datetime, goal: str, now: datetime) -> ReviewDeadline:
    return ReviewDeadline(kind, due, goal, overdue=due < now)
