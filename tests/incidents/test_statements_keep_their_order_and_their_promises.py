"""Statements follow their numbers, not a clock; a promised next update stays until it is kept."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from incidents.models import Communication, Incident, Region
from incidents.services.incident import declare, post_update, recover
from incidents.services.inputs import Changes, Statement
from tests.conftest import declaration, hit

pytestmark = pytest.mark.usefixtures("catalogue")
MINUTE = timedelta(minutes=1)
UNCHANGED = Statement(public_text="Still working on it.")


@pytest.fixture
def incident(now: datetime, operator: User) -> Incident:
    """Two regions hit, and the next update promised in half an hour."""
    two = [hit("storage", "west-europe"), hit("storage", "north-europe")]
    promise = Statement(next_update_by=now + 30 * MINUTE)
    return declare(
        declaration=declaration(*two, audience="unknown", statement=promise),
        now=now,
        actor=operator,
    )


def promised(incident: Incident) -> datetime | None:
    return Communication.objects.filter(incident=incident).latest("number").next_update_by


def test_a_promise_stays_through_an_update_with_the_field_empty(
    incident: Incident, now: datetime
) -> None:
    post_update(incident_id=incident.pk, statement=UNCHANGED, now=now + 10 * MINUTE)
    assert promised(incident) == now + 30 * MINUTE


def test_a_promise_stays_when_a_region_recovers(incident: Incident, now: datetime) -> None:
    at = now + 5 * MINUTE
    one = Region.objects.filter(slug="west-europe")
    recover(incident_id=incident.pk, regions=list(one), at=at, now=at)
    assert promised(incident) == now + 30 * MINUTE
    recover(incident_id=incident.pk, regions=list(Region.objects.all()), at=at, now=at)
    incident.refresh_from_db()
    assert incident.stage == "mitigated"
    assert promised(incident) == now + 30 * MINUTE


def test_a_promise_stays_when_the_audience_becomes_known(incident: Incident, now: datetime) -> None:
    known = Changes(audience="estimated")
    post_update(incident_id=incident.pk, changes=known, statement=UNCHANGED, now=now + MINUTE)
    assert promised(incident) == now + 30 * MINUTE


@pytest.mark.parametrize("minutes", [20, 29, 45])
def test_an_update_about_then_or_later_keeps_it(
    incident: Incident, now: datetime, minutes: int
) -> None:
    post_update(incident_id=incident.pk, statement=UNCHANGED, now=now + minutes * MINUTE)
    assert promised(incident) is None


def test_another_promise_replaces_it(incident: Incident, now: datetime) -> None:
    other = Statement(public_text="Later.", next_update_by=now + 90 * MINUTE)
    post_update(incident_id=incident.pk, statement=other, now=now + MINUTE)
    assert promised(incident) == now + 90 * MINUTE


def test_the_end_of_the_incident_ends_it(incident: Incident, now: datetime) -> None:
    post_update(incident_id=incident.pk, stage="resolved", now=now + MINUTE)
    assert promised(incident) is None


def test_a_clock_that_is_behind_dates_no_statement_before_the_last(
    incident: Incident, now: datetime
) -> None:
    said = post_update(incident_id=incident.pk, statement=UNCHANGED, now=now - 30 * MINUTE)
    assert (said.number, said.at, said.public_at) == (2, now, now)


def test_a_recovery_that_is_told_late_keeps_its_time_but_not_its_place(
    incident: Incident, now: datetime
) -> None:
    post_update(incident_id=incident.pk, statement=UNCHANGED, now=now + 10 * MINUTE)
    one = list(Region.objects.filter(slug="west-europe"))
    said = recover(incident_id=incident.pk, regions=one, at=now + 5 * MINUTE, now=now + 12 * MINUTE)
    assert said.at == now + 10 * MINUTE
    assert "recovered at 09:35 UTC" in said.public_text
