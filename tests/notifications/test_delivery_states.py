"""The tables of deliveries, cell by cell."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from notifications.vocabulary.delivery_states import (
    FIRST_WAIT,
    GIVE_UP_AFTER,
    LONGEST_WAIT,
    MOST_ATTEMPTS,
    NEXT_PHASE,
    TRANSITIONS,
    Failure,
    Phase,
    SkipReason,
    State,
    after_failure,
    asks_first,
    may_hear_drill,
    priority,
    skip_reason,
    wait_after,
)

DAY = timedelta(days=1)


def test_what_is_over_stays_over_except_a_failure_tried_again_and_what_a_digest_dropped() -> None:
    assert {state for state in State if not TRANSITIONS[state]} == {State.SENT}
    assert TRANSITIONS[State.FAILED] == TRANSITIONS[State.SKIPPED] == {State.PENDING}


@pytest.mark.parametrize(
    ("kind", "stage", "number", "receivers", "threshold", "expected"),
    [
        ("update", "identified", 2, 10_000, 10_000, True),
        ("update", "identified", 2, 9_999, 10_000, False),
        ("update", "investigating", 1, 10**6, 10_000, False),
        ("update", "resolved", 5, 10**6, 10_000, False),
        ("retraction", "resolved", 5, 10**6, 10_000, False),
        ("correction", "resolved", 5, 10_000, 10_000, True),
        ("review", "resolved", 6, 10_000, 10_000, True),
        ("update", "identified", 2, 10**6, 0, False),
    ],
)
def test_a_number_is_asked_for_when_many_hear_and_no_minute_counts(
    kind: str, stage: str, number: int, receivers: int, threshold: int, expected: bool
) -> None:
    asked = asks_first(
        kind=kind, stage=stage, number=number, receivers=receivers, threshold=threshold
    )
    assert asked is expected


@pytest.mark.parametrize(
    ("address", "heard"),
    [
        ("Olga@example.com", True),
        ("someone@drill.example", True),
        ("someone@not-drill.example", False),
        ("someone@drill.example.org", False),
        ("https://hooks.example/drill/a", True),
        ("https://hooks.example/drill", False),
        ("https://hooks.example/drills", False),
        ("https://hooks.example/real?x=@drill.example", False),
    ],
)
def test_a_drill_reaches_whom_its_list_names(address: str, heard: bool) -> None:
    allowed = ["olga@example.com", "@drill.example", "https://hooks.example/drill/"]
    assert may_hear_drill(address, allowed) is heard


def test_nothing_is_sent_without_having_been_claimed() -> None:
    before_sent = [state for state in State if State.SENT in TRANSITIONS[state]]
    assert before_sent == [State.SENDING]


def test_phases_lead_from_matching_to_done() -> None:
    walked = [Phase.MATCHING]
    while walked[-1] in NEXT_PHASE:
        walked.append(NEXT_PHASE[walked[-1]])
    assert walked == list(Phase)


def test_waits_double_up_to_a_limit_and_are_stretched_by_jitter() -> None:
    waits = [wait_after(attempts, jitter=0) for attempts in range(1, 30)]
    assert waits[0] == FIRST_WAIT
    assert waits[1] == 2 * FIRST_WAIT
    assert waits[-1] == LONGEST_WAIT
    assert waits == sorted(waits)
    assert wait_after(1, jitter=1) == FIRST_WAIT * 1.5


def test_a_longer_wait_that_is_asked_for_wins_up_to_an_hour() -> None:
    assert wait_after(1, jitter=0, retry_after=timedelta(minutes=20)) == timedelta(minutes=20)
    assert wait_after(1, jitter=0, retry_after=timedelta(seconds=1)) == FIRST_WAIT
    assert wait_after(1, jitter=0, retry_after=DAY) == timedelta(hours=1)


@pytest.mark.parametrize("failure", list(Failure))
@pytest.mark.parametrize(
    ("attempts", "age", "over"),
    [
        (1, timedelta(0), False),
        (1, GIVE_UP_AFTER, True),
        (MOST_ATTEMPTS, timedelta(0), True),
    ],
)
def test_only_a_refusal_or_age_ends_the_trying(
    failure: Failure, attempts: int, age: timedelta, over: bool
) -> None:
    expected = State.FAILED if over or failure is Failure.PERMANENT else State.PENDING
    assert after_failure(failure, attempts=attempts, age=age) is expected
    assert expected in TRANSITIONS[State.SENDING]


@pytest.mark.parametrize(
    ("kind", "stage", "number", "expected"),
    [
        ("update", "investigating", 1, 0),
        ("update", "identified", 2, 1),
        ("update", "mitigated", 5, 0),
        ("update", "resolved", 5, 0),
        ("update", "cancelled", 5, 0),
        ("retraction", "identified", 3, 0),
        ("correction", "identified", 3, 0),
        ("review", "resolved", 9, 2),
        ("review", "resolved", 1, 2),
    ],
)
def test_first_notices_and_ends_come_first_and_reviews_last(
    kind: str, stage: str, number: int, expected: int
) -> None:
    assert priority(kind=kind, stage=stage, number=number) == expected


def test_every_combination_has_the_gravest_reason_to_be_skipped() -> None:
    for audience in ("targeted", "public"):
        for suppressed, confirmed, left, withdrawn in itertools.product([True, False], repeat=4):
            found = skip_reason(
                audience,
                suppressed=suppressed,
                confirmed=confirmed,
                left=left,
                withdrawn=withdrawn,
            )
            public = audience == "public"
            reasons = [
                (suppressed, SkipReason.SUPPRESSED),
                (left, SkipReason.LEFT),
                (public and not confirmed, SkipReason.UNCONFIRMED),
                (public and withdrawn, SkipReason.WITHDRAWN),
            ]
            assert found == next((reason for holds, reason in reasons if holds), None)
