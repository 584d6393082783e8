from __future__ import annotations

import pytest

from incidents import lifecycle
from incidents.lifecycle import LifecycleError
from incidents.vocabulary import Stage

ISSUE_STAGES = ["investigating", "identified", "mitigating", "mitigated", "resolved"]
MAINTENANCE_STAGES = ["planned", "rescheduled", "in-progress", "complete", "cancelled"]

# (before, after) of every step that is *not* possible; everything else within a family is.
FORBIDDEN_ISSUE = {("resolved", "mitigated")}
POSSIBLE_MAINTENANCE = {
    (None, "planned"), (None, "in-progress"),
    ("planned", "planned"), ("planned", "rescheduled"), ("planned", "in-progress"),
    ("planned", "cancelled"),
    ("rescheduled", "rescheduled"), ("rescheduled", "in-progress"), ("rescheduled", "cancelled"),
    ("in-progress", "in-progress"), ("in-progress", "complete"), ("in-progress", "cancelled"),
    ("complete", "complete"), ("cancelled", "cancelled"),
}  # fmt: skip


@pytest.mark.parametrize("before", [None, *Stage])
@pytest.mark.parametrize("after", list(Stage))
def test_an_issue_steps_only_where_its_table_allows(before: Stage | None, after: Stage) -> None:
    possible = (
        (before is None or before in ISSUE_STAGES)
        and after in ISSUE_STAGES
        and (before, after) not in FORBIDDEN_ISSUE
    )
    assert (after in lifecycle.successors("service-issue", before)) is possible


@pytest.mark.parametrize("before", [None, *Stage])
@pytest.mark.parametrize("after", list(Stage))
def test_a_maintenance_steps_only_where_its_table_allows(
    before: Stage | None, after: Stage
) -> None:
    possible = (before, after) in POSSIBLE_MAINTENANCE
    assert (after in lifecycle.successors("planned-maintenance", before)) is possible


def test_a_refused_step_names_both_stages_and_what_is_possible() -> None:
    with pytest.raises(
        LifecycleError, match=r"'planned' is not possible after investigating.*resolved"
    ):
        lifecycle.check_step("service-issue", "investigating", "planned")


@pytest.mark.parametrize(
    ("before", "after", "reopened"),
    [
        ("mitigated", "investigating", True),
        ("resolved", "identified", True),
        ("mitigated", "resolved", False),
        ("identified", "mitigating", False),
    ],
)
def test_reopening_is_a_step_from_ended_impact_back_to_work(
    before: str, after: str, reopened: bool
) -> None:
    assert lifecycle.reopens(before, after) is reopened
