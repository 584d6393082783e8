"""Scenario 3 holds targeted alerts back until the audience is known: only while the world is told instead."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from incidents.models import Communication, Incident
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Changes, Override, Statement
from incidents.services.visibility import waits_for_audience, withdraw
from incidents.state_table import TABLE, Decided, Standing, ToldDirectly
from incidents.state_table import waits_for_audience as waits
from notifications.delivery import plan
from statuspage.desk.preview.dry_run import look_at
from tests.conftest import declaration, hit
from tests.notifications.cast import tenant, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

UPDATE = Statement(targeted_text="We have found the cause.")


def unclear(now: datetime, operator: User, override: Override | None = None) -> Incident:
    """Two regions, a warning, nobody knows who is affected: scenario 3. One tenant runs in one of them."""
    tenant("alice", ("key-vault", "west-europe"))
    return declare(
        declaration=declaration(
            hit("key-vault", "west-europe"),
            hit("key-vault", "north-europe"),
            level="warning",
            audience="unknown",
        ),
        override=override,
        now=now,
        actor=operator,
    )


def updated(incident: Incident, now: datetime, operator: User) -> Communication:
    said = post_update(incident_id=incident.pk, statement=UPDATE, now=now, actor=operator)
    plan.plan_due(now=now)
    return said


def test_while_it_is_public_for_now_the_affected_wait(now: datetime, operator: User) -> None:
    incident = unclear(now, operator)
    said = updated(incident, now, operator)
    assert told(said) == {}
    assert look_at(said, was_public=True).hears.waits


def test_an_incident_kept_targeted_tells_by_footprint_and_its_preview_says_so(
    now: datetime, operator: User
) -> None:
    incident = unclear(now, operator, Override(public=False, reason="Only three customers."))
    said = updated(incident, now, operator)
    assert set(told(said)) == {"alice@example.com"}
    assert not look_at(said, was_public=False).hears.waits


def test_after_its_public_entry_was_withdrawn_an_update_tells_the_matching_customers(
    now: datetime, operator: User
) -> None:
    incident = unclear(now, operator)
    withdraw(incident_id=incident.pk, reason="It leaves.", now=now, actor=operator)
    assert not waits_for_audience(Incident.objects.get())
    later = now + timedelta(minutes=5)
    assert set(told(updated(incident, later, operator))) == {"alice@example.com"}


def test_a_known_audience_waits_no_longer(now: datetime, operator: User) -> None:
    incident = unclear(now, operator)
    post_update(
        incident_id=incident.pk, changes=Changes(audience="estimated"), now=now, actor=operator
    )
    plan.plan_due(now=now)
    assert set(told(Communication.objects.latest("id"))) == {"alice@example.com"}


@pytest.mark.parametrize("standing", Standing)
@pytest.mark.parametrize("decided", Decided)
@pytest.mark.parametrize("scenario", [None, 1, 2, 3])
@pytest.mark.parametrize("audience", ["unknown", "estimated", "confirmed"])
def test_only_scenario_3_waits_and_only_where_the_table_says_so(
    standing: Standing, decided: Decided, scenario: int | None, audience: str
) -> None:
    expected = (
        standing in {Standing.WAITING, Standing.PUBLIC}
        and TABLE[standing, decided].told is ToldDirectly.ONCE_KNOWN
        and (scenario, audience) == (3, "unknown")
    )
    assert waits(standing, decided, scenario=scenario, audience=audience) is expected
