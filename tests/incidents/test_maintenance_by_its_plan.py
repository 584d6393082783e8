"""A maintenance begins and ends by its plan where that was chosen, and when somebody says so else."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from incidents.models import Impact, Incident, Occurrence
from incidents.services.corrections import reschedule
from incidents.services.errors import EntryError
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Declaration
from incidents.services.scheduled.maintenance import follow_plans
from tests.conftest import declaration, hit

pytestmark = pytest.mark.usefixtures("catalogue")
HOUR = timedelta(hours=1)


def work(now: datetime, *, follows_plan: bool, **other: object) -> Declaration:
    facts: dict[str, object] = {
        "kind": "planned-maintenance",
        "stage": "planned",
        "started_at": now + HOUR,
        "scheduled_for": now + HOUR,
        "scheduled_until": now + 3 * HOUR,
        **other,
    }
    cells = hit("storage", "west-europe"), hit("key-vault", "north-europe")
    return declaration(*cells, follows_plan=follows_plan, **facts)


def stages(incident: Incident) -> list[str]:
    return list(incident.communications.order_by("number").values_list("stage", flat=True))


def test_it_begins_and_ends_by_itself(now: datetime, operator: User) -> None:
    incident = declare(declaration=work(now, follows_plan=True), now=now, actor=operator)
    assert follow_plans(now=now + HOUR * 0.9) == []
    assert follow_plans(now=now + HOUR) == [incident.tracking_id]
    assert follow_plans(now=now + 2 * HOUR) == []
    assert follow_plans(now=now + 3 * HOUR) == [incident.tracking_id]
    assert follow_plans(now=now + 4 * HOUR) == []
    assert stages(incident) == ["planned", "in-progress", "complete"]
    begun, over = incident.communications.filter(number__gt=1).order_by("number")
    assert "is in progress since" in begun.public_text
    assert "and planned to end at 12:30 UTC" in begun.public_text
    assert "its planned time ended at 12:30 UTC" in over.public_text
    assert begun.automated
    incident.refresh_from_db()
    assert (incident.mitigated_at, incident.closed_at) == (now + 3 * HOUR, now + 3 * HOUR)


def test_a_clock_that_slept_through_the_window_makes_both_steps(
    now: datetime, operator: User
) -> None:
    incident = declare(declaration=work(now, follows_plan=True), now=now, actor=operator)
    assert follow_plans(now=now + 5 * HOUR) == [incident.tracking_id] * 2
    assert stages(incident) == ["planned", "in-progress", "complete"]


def test_nothing_begins_by_itself_where_that_was_not_chosen(now: datetime, operator: User) -> None:
    incident = declare(declaration=work(now, follows_plan=False), now=now, actor=operator)
    assert follow_plans(now=now + 5 * HOUR) == []
    assert stages(incident) == ["planned"]


def test_it_began_when_it_was_said_to_begin(now: datetime, operator: User) -> None:
    incident = declare(declaration=work(now, follows_plan=False), now=now, actor=operator)
    early = now + HOUR / 2
    post_update(incident_id=incident.pk, stage="in-progress", now=early, actor=operator)
    incident.refresh_from_db()
    assert (incident.started_at, incident.scheduled_for) == (early, now + HOUR)
    assert set(Impact.objects.values_list("started_at", flat=True)) == {early}
    assert set(Occurrence.objects.values_list("started_at", flat=True)) == {early}


def test_one_declared_in_progress_did_not_begin_in_the_future(
    now: datetime, operator: User
) -> None:
    begun = work(now, follows_plan=False, stage="in-progress")
    incident = declare(declaration=begun, now=now, actor=operator)
    assert incident.started_at == now


def test_one_cancelled_before_it_began_was_never_mitigated(now: datetime, operator: User) -> None:
    incident = declare(declaration=work(now, follows_plan=True), now=now, actor=operator)
    post_update(incident_id=incident.pk, stage="cancelled", now=now + HOUR / 2, actor=operator)
    incident.refresh_from_db()
    assert incident.mitigated_at is None
    assert incident.closed_at == now + HOUR / 2
    assert follow_plans(now=now + 2 * HOUR) == []


def test_ending_by_itself_needs_a_planned_end(now: datetime, operator: User) -> None:
    endless = work(now, follows_plan=True, scheduled_until=None)
    with pytest.raises(EntryError, match="scheduled_until: is needed to end by itself"):
        declare(declaration=endless, now=now, actor=operator)
    incident = declare(declaration=work(now, follows_plan=True), now=now, actor=operator)
    with pytest.raises(EntryError, match="scheduled_until: is needed to end by itself"):
        reschedule(
            incident_id=incident.pk,
            scheduled_for=now + 5 * HOUR,
            scheduled_until=None,
            reason="The window moved.",
            now=now,
            actor=operator,
        )
