"""Counts and moments that are kept per statement and per incident."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from notifications.delivery import plan, retry, send
from notifications.evidence import delivery_statistics
from notifications.models import Delivery, DeliveryStatistics, Endpoint, FanOut, OperatorAct
from tests.conftest import declaration
from tests.notifications.cast import endpoint, last, tenant
from tests.notifications.conftest import Sink

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")


@pytest.fixture
def told(operator: User, now: datetime) -> Incident:
    """Planned for five tenants, nothing sent."""
    for number in range(5):
        tenant(f"t{number}", WEST)
    incident = incident_service.declare(
        declaration=declaration(statement=Statement("For all.", "For you.")),
        now=now,
        actor=operator,
    )
    plan.plan(communication_id=last(incident).pk, now=now)
    return incident


def sent_after(*seconds: int, now: datetime) -> None:
    for delivery, after in zip(Delivery.objects.order_by("id"), seconds, strict=True):
        delivery.state, delivery.sent_at = "sent", now + timedelta(seconds=after)
        delivery.save()


def whole(incident: Incident) -> DeliveryStatistics:
    return DeliveryStatistics.objects.get(incident=incident, communication=None)


def test_moments_are_those_of_what_was_sent(told: Incident, now: datetime) -> None:
    sent_after(10, 20, 30, 40, 500, now=now)
    delivery_statistics.refresh(incident_id=told.pk, now=now)
    for kept in DeliveryStatistics.objects.all():
        seconds = [
            (at - now).total_seconds() if at else None
            for at in (kept.first_at, kept.half_at, kept.most_at, kept.last_at)
        ]
        assert seconds == [10, 30, 500, 500]
        assert (kept.planned, kept.endpoints, kept.settled) == (5, 5, True)
        assert kept.counts == {"targeted": {"sent": 5}}


def test_an_endpoint_counts_once_for_the_incident_with_what_it_heard_first(
    told: Incident, operator: User, now: datetime
) -> None:
    later = now + timedelta(minutes=10)
    incident_service.post_update(
        incident_id=told.pk,
        stage="identified",
        statement=Statement("p", "t"),
        now=later,
        actor=operator,
    )
    sent_after(1, 2, 3, 4, 5, now=now)
    plan.plan(communication_id=last(told).pk, now=later)
    Delivery.objects.filter(communication=last(told)).update(state="sent", sent_at=later)
    delivery_statistics.refresh(incident_id=told.pk, now=later)
    assert (whole(told).endpoints, whole(told).planned) == (5, 10)
    assert whole(told).last_at == now + timedelta(seconds=5)


def test_what_is_settled_is_not_counted_again_until_it_is_planned_or_retried_again(
    told: Incident, now: datetime, operator: User, django_assert_num_queries: Any
) -> None:
    sent_after(1, 2, 3, 4, 5, now=now)
    assert delivery_statistics.refresh_due(now=now) == 1
    assert delivery_statistics.refresh_due(now=now + timedelta(hours=1)) == 0
    with django_assert_num_queries(2):
        delivery_statistics.of_incident(told.pk)

    FanOut.objects.create(
        communication=last(told), audience_version=2, started_at=now, done_at=now, phase="done"
    )
    assert delivery_statistics.refresh_due(now=now) == 1

    Delivery.objects.filter(pk=Delivery.objects.first().pk).update(state="failed", sent_at=None)  # type: ignore[union-attr]  # five are there
    assert retry.retry(incident_id=told.pk, now=now, actor=operator) == 1
    assert delivery_statistics.refresh_due(now=now + timedelta(hours=1)) == 1
    assert not whole(told).settled


def test_while_messages_wait_they_are_counted_once_a_minute(told: Incident, now: datetime) -> None:
    assert delivery_statistics.refresh_due(now=now) == 1
    assert not whole(told).settled
    assert delivery_statistics.refresh_due(now=now + timedelta(seconds=30)) == 0
    assert delivery_statistics.refresh_due(now=now + timedelta(seconds=61)) == 1


def test_skipped_is_counted_by_its_reason(told: Incident, now: datetime) -> None:
    first = Delivery.objects.order_by("id")[0]
    Delivery.objects.update(state="skipped", skip_reason="superseded")
    Delivery.objects.filter(pk=first.pk).update(skip_reason="left")
    delivery_statistics.refresh(incident_id=told.pk, now=now)
    assert whole(told).counts == {"targeted": {"skipped:superseded": 4, "skipped:left": 1}}
    assert (whole(told).settled, whole(told).first_at) == (True, None)


def test_what_has_aged_out_is_never_counted_again(told: Incident, now: datetime) -> None:
    sent_after(1, 2, 3, 4, 5, now=now)
    delivery_statistics.refresh(incident_id=told.pk, now=now)
    DeliveryStatistics.objects.update(aged_at=now)
    Delivery.objects.all().delete()
    delivery_statistics.refresh(incident_id=told.pk, now=now)
    assert whole(told).counts == {"targeted": {"sent": 5}}
    statements, incident = delivery_statistics.of_incident(told.pk)
    assert [each.planned for each in statements] == [5]
    assert incident.endpoints == 5


def test_a_retry_leaves_alone_whom_it_may_not_reach(
    told: Incident, now: datetime, operator: User, sink: Sink
) -> None:
    Delivery.objects.update(state="failed")
    Endpoint.objects.filter(address="t0@example.com").update(
        suppressed_at=now, suppressed_because="550"
    )
    endpoint("t1@example.com").__class__.objects.filter(address="t1@example.com").update(
        left_alerts_at=now
    )
    assert retry.retry(incident_id=told.pk, now=now, actor=operator) == 3
    assert retry.retry(incident_id=told.pk, now=now, actor=operator) == 0
    act = OperatorAct.objects.get()
    assert (act.what, act.count, act.incident, act.actor) == ("retry", 3, told, operator)
    send.work()
    assert sorted(sink.receivers) == [f"t{n}@example.com" for n in (2, 3, 4)]


def test_a_retry_never_tells_the_old_after_the_new(
    told: Incident, now: datetime, operator: User
) -> None:
    Delivery.objects.update(state="failed")
    incident_service.post_update(
        incident_id=told.pk,
        stage="identified",
        statement=Statement("p", "t"),
        now=now,
        actor=operator,
    )
    plan.plan(communication_id=last(told).pk, now=now)
    Delivery.objects.filter(communication=last(told), endpoint__address="t0@example.com").update(
        state="sent", sent_at=now
    )
    again = retry.retryable(incident_id=told.pk)
    assert "t0@example.com" not in again.values_list("endpoint__address", flat=True)
    assert again.count() == 4


def test_of_a_false_positive_nothing_but_the_retraction_is_tried_again(
    told: Incident, now: datetime
) -> None:
    Delivery.objects.update(state="failed")
    Incident.objects.filter(pk=told.pk).update(false_positive=True)
    assert not retry.retryable(incident_id=told.pk).exists()


STATES = st.sampled_from(
    [("pending", ""), ("sent", ""), ("failed", ""), ("skipped", "left"), ("skipped", "superseded")]
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(states=st.lists(STATES, min_size=5, max_size=5))
def test_no_delivery_is_lost_between_the_outcomes(
    states: list[tuple[str, str]], told: Incident
) -> None:
    now = timezone.now()
    for delivery, (state, reason) in zip(Delivery.objects.order_by("id"), states, strict=True):
        delivery.state, delivery.skip_reason = state, reason
        delivery.sent_at = now if state == "sent" else None
        delivery.save()
    DeliveryStatistics.objects.all().delete()
    delivery_statistics.refresh(incident_id=told.pk, now=now)
    counts = whole(told).counts["targeted"]
    assert sum(counts.values()) == whole(told).planned == 5
    assert whole(told).settled == all(state != "pending" for state, _ in states)
