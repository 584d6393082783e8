"""What a time line says of the response: detected, told, posted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.importers.history_text.times.milestones import Milestones, milestones

START = datetime(2024, 1, 21, 1, 30, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def test_the_first_line_that_says_so_counts_whatever_the_order() -> None:
    rows = [
        (at(147), "We posted broad communications via the status page."),
        (at(29), "Monitoring detected additional failures, and engineers began to investigate."),
        (at(90), "Monitoring detected further regions."),
        (at(53), "Automated communication sent to impacted customers started."),
        (at(0), "Initial customer impact."),
    ]
    assert milestones(rows) == Milestones(at(29), at(53), at(147))


@pytest.mark.parametrize(
    "text",
    [
        "Customers monitored the status page.",
        "We are improving monitoring of role crashes.",
        "The fix was published to all regions.",
        "Messages piled up in the queue.",
        "Affected customers were few.",
    ],
)
def test_lines_about_something_else_are_no_milestones(text: str) -> None:
    assert milestones([(START, text)]) == Milestones(None, None, None)


@given(st.lists(st.tuples(st.datetimes(), st.text(max_size=60)), max_size=6))
def test_every_milestone_is_the_moment_of_a_line(rows: list[tuple[datetime, str]]) -> None:
    found = milestones(rows)
    moments = {moment for moment, _ in rows} | {None}
    assert {found.detected_at, found.targeted_at, found.public_at} <= moments
