from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from incidents.policy import PRESETS
from incidents.review_deadlines import promise_missed, review_deadlines_of

MITIGATED = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PRELIMINARY, FINAL = MITIGATED + 72 * HOUR, MITIGATED + 14 * DAY
Published = list[tuple[str, datetime]]


def owed(
    review: str,
    now: datetime,
    published: Published,
    *,
    mitigated_at: datetime | None = MITIGATED,
    policy: str = "azure",
) -> list[tuple[str, datetime, bool]]:
    clocks = review_deadlines_of(
        review=review,
        mitigated_at=mitigated_at,
        published=published,
        policy=PRESETS[policy],
        now=now,
    )
    return [(clock.kind, clock.due, clock.overdue) for clock in clocks]


@pytest.mark.parametrize(
    ("review", "after", "published", "expected"),
    [
        ("public", HOUR, [], [("preliminary", PRELIMINARY, False), ("final", FINAL, False)]),
        ("public", 72 * HOUR, [], [("preliminary", PRELIMINARY, False), ("final", FINAL, False)]),
        ("public", 73 * HOUR, [], [("preliminary", PRELIMINARY, True), ("final", FINAL, False)]),
        ("public", 15 * DAY, [], [("preliminary", PRELIMINARY, True), ("final", FINAL, True)]),
        ("public", 4 * DAY, [("preliminary", MITIGATED + DAY)], [("final", FINAL, False)]),
        ("public", 4 * DAY, [("final", MITIGATED + DAY)], []),
        ("targeted", HOUR, [], [("final", FINAL, False)]),
        ("targeted", 15 * DAY, [], [("final", FINAL, True)]),
        ("targeted", 4 * DAY, [("preliminary", MITIGATED + DAY)], [("final", FINAL, False)]),
        ("targeted", 15 * DAY, [("final", MITIGATED)], []),
        ("none", 15 * DAY, [], []),
    ],
)
def test_what_is_owed_when(
    review: str,
    after: timedelta,
    published: Published,
    expected: list[tuple[str, datetime, bool]],
) -> None:
    assert owed(review, MITIGATED + after, published) == expected


def test_nothing_is_owed_before_mitigation() -> None:
    assert owed("public", MITIGATED, [], mitigated_at=None) == []


def test_impact_that_came_back_restarts_the_clocks() -> None:
    before: Published = [("preliminary", MITIGATED - DAY), ("final", MITIGATED - HOUR)]

    assert owed("public", MITIGATED, before) == owed("public", MITIGATED, [])


def test_the_numbers_are_the_policys_own() -> None:
    class Slower:
        preliminary_review_hours = 24 * 20
        final_review_days = 10

    clocks = review_deadlines_of(
        review="public", mitigated_at=MITIGATED, published=(), policy=Slower(), now=MITIGATED
    )

    assert [(c.kind, c.due - MITIGATED, c.goal) for c in clocks] == [
        ("final", 10 * DAY, "10 d"),
        ("preliminary", 20 * DAY, "480 h"),
    ]


@pytest.mark.parametrize(
    ("promised", "closed", "missed"),
    [
        (None, False, False),
        (MITIGATED - HOUR, False, True),
        (MITIGATED, False, False),
        (MITIGATED + HOUR, False, False),
        (MITIGATED - HOUR, True, False),
    ],
)
def test_a_promise_is_missed_once_its_time_is_over(
    promised: datetime | None, closed: bool, missed: bool
) -> None:
    assert promise_missed(promised, closed=closed, now=MITIGATED) is missed
