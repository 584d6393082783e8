"""What a person may have tried once more: what failed, and what an address has missed; and what they may not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from incidents.services.retraction import retract
from notifications.delivery import claims, plan, retry, settlement
from notifications.models import Delivery, Endpoint
from notifications.vocabulary.delivery_states import State
from tests.conftest import declaration
from tests.notifications.cast import endpoint, last, tenant

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")
LONGEST = retry.LONGEST_REPLAY
MOMENT = timedelta(microseconds=1)


def declare(operator: User, now: datetime) -> Incident:
    made = incident_service.declare(
        declaration=declaration(statement=Statement("", "For you.")), now=now, actor=operator
    )
    plan.plan(communication_id=last(made).pk, now=now)
    return made


@pytest.fixture
def failed(operator: User, now: datetime) -> Delivery:
    """The one message of an incident, and it has failed."""
    tenant("here", WEST)
    made = declare(operator, now)
    Delivery.objects.update(state="failed", created_at=now)
    return Delivery.objects.get(incident=made)


def missed_since(since: datetime, now: datetime, at: Endpoint | None = None) -> list[int]:
    found = retry.missed(endpoint_id=(at or Endpoint.objects.get()).pk, since=since, now=now)
    return sorted(found.values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("audience", "left", "is_retryable"),
    [
        ("targeted", "left_posts_at", True),
        ("targeted", "left_alerts_at", False),
        ("public", "left_posts_at", False),
        ("public", "left_alerts_at", True),
    ],
)
def test_who_left_posts_or_alerts_is_not_tried_again_with_those_but_with_the_others(
    failed: Delivery, now: datetime, audience: str, left: str, is_retryable: bool
) -> None:
    Delivery.objects.update(audience=audience)
    assert retry.retryable(incident_id=failed.incident_id).exists()
    Endpoint.objects.update(**{left: now})
    assert retry.retryable(incident_id=failed.incident_id).exists() is is_retryable


def test_a_retry_is_of_one_incident(failed: Delivery, operator: User, now: datetime) -> None:
    other = declare(operator, now)
    Delivery.objects.update(state="failed")
    assert retry.retry(incident_id=other.pk, now=now, actor=operator) == 1
    failed.refresh_from_db()
    assert failed.state == "failed"


def test_the_retraction_of_a_false_positive_is_tried_again_and_nothing_else_of_it(
    failed: Delivery, operator: User, now: datetime
) -> None:
    Delivery.objects.update(state="sent", sent_at=now)
    retract(incident_id=failed.incident_id, now=now, actor=operator, reason="A faulty probe.")
    plan.plan_due(now=now)
    retraction = Delivery.objects.exclude(pk=failed.pk).get()
    Delivery.objects.update(state="failed", sent_at=None, created_at=now)
    again = retry.retryable(incident_id=failed.incident_id)
    assert list(again.values_list("pk", flat=True)) == [retraction.pk]
    assert missed_since(now, now) == [retraction.pk]


def test_what_an_address_has_missed_is_its_own_and_what_failed_or_was_not_sent_to_it(
    failed: Delivery, operator: User, now: datetime
) -> None:
    tenant("there", WEST)
    suppressed = declare(operator, now)
    declare(operator, now)
    Delivery.objects.exclude(pk=failed.pk).update(created_at=now, state="sent", sent_at=now)
    Delivery.objects.filter(incident=suppressed).update(
        state="skipped", skip_reason="suppressed", sent_at=None
    )
    here = endpoint("here@example.com")
    own = Delivery.objects.filter(endpoint=here, incident__in=[failed.incident_id, suppressed.pk])
    assert missed_since(now, now, here) == sorted(own.values_list("pk", flat=True))
    Delivery.objects.filter(incident=suppressed).update(skip_reason="left")
    assert missed_since(now, now, here) == [failed.pk]


@pytest.mark.parametrize(
    ("since", "age", "is_sent"),
    [
        (timedelta(days=3), timedelta(days=3), True),
        (timedelta(days=3), timedelta(days=3) + MOMENT, False),
        (timedelta(days=60), LONGEST, True),
        (timedelta(days=60), LONGEST + MOMENT, False),
    ],
)
def test_what_was_missed_counts_from_when_nothing_was_sent_any_more_at_most_two_weeks_back(
    failed: Delivery, now: datetime, since: timedelta, age: timedelta, is_sent: bool
) -> None:
    Delivery.objects.update(created_at=now - age)
    assert missed_since(now - since, now) == ([failed.pk] if is_sent else [])


@pytest.mark.parametrize("is_lost", [True, False], ids=["its worker is lost", "it is put off"])
def test_the_steps_a_machine_missed_do_not_give_way_because_anothers_message_waits_again(
    failed: Delivery, operator: User, now: datetime, is_lost: bool
) -> None:
    tenant("there", WEST)
    incident_service.post_update(
        incident_id=failed.incident_id,
        stage="identified",
        statement=Statement("", "We know why."),
        now=now,
        actor=operator,
    )
    plan.plan(communication_id=last(failed.incident).pk, now=now)
    machine = failed.endpoint
    steps = Delivery.objects.filter(endpoint=machine)
    steps.update(channel="webhook", state="failed", created_at=now)
    assert retry.replay_missed(endpoint_id=machine.pk, since=now, now=now, actor=operator) == 2
    batch = claims.claim(most=10, channel="mail")
    (delivery,) = batch.deliveries
    if is_lost:
        Delivery.objects.filter(pk=delivery.pk).update(lease_until=now - timedelta(days=1))
        assert settlement.expire_leases() == 1
    else:
        put_off = settlement.SendOutcome(delivery, State.PENDING)
        assert settlement.settle(batch.claim, [put_off], clock=0.0) == 1
    assert list(steps.values_list("state", flat=True)) == ["pending"] * 2
