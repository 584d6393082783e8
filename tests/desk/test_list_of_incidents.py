"""A row of the desk's list says what is hit, and when the next word is due to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from incidents.models import Incident
from incidents.services.incident import declare, post_update, recover
from incidents.services.inputs import Statement
from statuspage.desk.incidents.incident_list import listing, promise_of
from tests.conftest import declaration, hit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


@pytest.fixture
def incident(now: datetime, operator: User) -> Incident:
    cells = [
        hit("key-vault", "west-europe"),
        hit("storage", "north-europe"),
        hit("storage", "east-us"),
    ]
    return declare(declaration=declaration(*cells), now=now, actor=operator)


def test_it_names_no_pair_that_is_not_hit(
    incident: Incident, now: datetime, operator: User
) -> None:
    def where() -> str:
        (row,) = listing(Incident.objects.all(), now).open
        return row.where

    assert where() == "Storage in East US and North Europe; Key Vault in West Europe"
    east = hit("storage", "east-us").region
    recover(incident_id=incident.pk, regions=[east], at=now, now=now, actor=operator)
    assert where() == "Storage in North Europe; Key Vault in West Europe"


def test_without_a_promise_the_next_update_is_due_by_the_policys_cadence(
    incident: Incident, now: datetime
) -> None:
    (row,) = listing(Incident.objects.all(), now + timedelta(minutes=31)).open
    assert row.update_due is not None
    assert (row.update_due.due, row.update_due.over) == (now + timedelta(minutes=30), True)


def test_the_earliest_of_the_promises_is_shown(
    incident: Incident, now: datetime, operator: User
) -> None:
    Incident.objects.update(published_at=now)
    incident.refresh_from_db()

    def post(hours: int, words: Statement) -> None:
        promise = now + timedelta(hours=hours)
        statement = replace(words, next_update_by=promise)
        post_update(incident_id=incident.pk, statement=statement, now=now, actor=operator)
        (row,) = listing(Incident.objects.all(), now).open
        assert row.promised == promise_of(incident) == now + timedelta(hours=1)
        assert row.update_due is None

    post(1, Statement(public_text="We know more at ten."))
    post(2, Statement(targeted_text="Yours comes back at eleven."))
