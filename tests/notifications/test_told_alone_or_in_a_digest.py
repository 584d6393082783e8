"""Whoever is told in a digest is told: in the counts, in the evidence, and on the customer's page."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django.fixtures import Settings

from incidents.models import Incident
from notifications.audience.tenants.tenant_events import Asked, EventBasis, events_of
from notifications.delivery import retry, send
from notifications.evidence import delivery_log, delivery_statistics, when_told
from notifications.models import Delivery, DeliveryStatistics, Tenant
from notifications.models.delivery.told import TOLD
from statuspage.desk.delivery_statistics import deliveries_of, reason_of
from tests.notifications.cast import tenant
from tests.notifications.conftest import Sink
from tests.notifications.test_no_storms import NORTH, WEST, declare, pass_time, update

pytestmark = pytest.mark.usefixtures("catalogue")


@pytest.fixture
def here(settings: Settings) -> Tenant:
    settings.HOURLY_LIMIT, settings.UPDATE_INTERVAL = 2, 0
    return tenant("here", WEST, NORTH)


@pytest.fixture
def two(here: Tenant, operator: User, now: datetime, sink: Sink) -> list[Incident]:
    """Red and Blue; the hour is used up, and Red's update waits as an item of Blue's digest."""
    made = [declare(operator, now, title) for title in ("Red", "Blue")]
    send.work()
    for each in made:
        update(each, operator, now, f"We know why {each.public_title} fails.")
    send.work()
    return made


def item() -> Delivery:
    return Delivery.objects.select_related("digest").get(skip_reason="in_digest")


def counts_of(incident: Incident) -> dict[str, int]:
    delivery_statistics.refresh_due(now=timezone.now())
    statements, _ = delivery_statistics.of_incident(incident.pk)
    return statements[-1].counts["targeted"]


def test_an_item_waits_with_its_digest_and_is_told_with_it(
    two: list[Incident], here: Tenant
) -> None:
    red, _ = two
    assert counts_of(red) == {"pending:in_digest": 1}
    assert deliveries_of(red).all.held == [("in a digest that waits", 1)]
    assert reason_of(item()) == "in a digest that waits"
    assert delivery_log.log_of(here, [red.pk])[0].what.startswith("part of a digest: waits: ")
    assert when_told.told_of(here, red.pk)[-1].at is None

    pass_time(61)
    assert send.work().sent == 1
    assert counts_of(red) == {"skipped:in_digest": 1}
    assert deliveries_of(red).all.skipped_for == [("told in a digest", 1)]
    assert reason_of(item()) == "told in a digest"
    told = when_told.told_of(here, red.pk)[-1]
    assert (told.at, told.state) == (item().told_by.sent_at, "told in a digest with others")
    statements, _ = delivery_statistics.of_incident(red.pk)
    assert (statements[-1].endpoints, statements[-1].last_at) == (1, told.at)


def test_whom_only_a_digest_has_told_of_an_incident_counts_as_told_of_it(
    two: list[Incident], here: Tenant
) -> None:
    red, _ = two
    pass_time(61)
    send.work()
    # As in a night's quiet hours: nothing about Red came alone.
    Delivery.objects.filter(incident=red, state="sent").delete()
    _, whole = delivery_statistics.of_incident(red.pk)
    at = item().told_by.sent_at
    assert (whole.endpoints, whole.first_at, whole.half_at) == (1, at, at)
    here.subscriptions.all().delete()  # it has moved away since
    (event,) = events_of(here, Asked(tracking_id=red.tracking_id))
    assert event.basis is EventBasis.TOLD


def test_an_item_of_a_digest_that_failed_is_not_told_until_the_digest_is(
    two: list[Incident], here: Tenant, operator: User, now: datetime
) -> None:
    red, blue = two
    Delivery.objects.filter(state="pending").update(state="failed", deferred="")
    assert counts_of(red) == {"failed": 1}
    assert reason_of(item()) == "in a digest that failed"
    assert delivery_log.log_of(here, [red.pk])[0].what == "part of a digest: could not be delivered"
    assert not Delivery.objects.filter(TOLD, pk=item().pk).exists()

    pass_time(61)
    assert retry.retry(incident_id=blue.pk, now=now, actor=operator) == 1
    assert counts_of(red) == {"pending:in_digest": 1}
    send.work()
    assert counts_of(red) == {"skipped:in_digest": 1}


def test_trying_a_digest_again_has_nothing_else_counted_anew(
    two: list[Incident], operator: User, now: datetime
) -> None:
    red, blue = two
    Delivery.objects.filter(state="pending").update(state="failed", deferred="")
    other = declare(operator, now, "Green")
    send.work()
    delivery_statistics.refresh_due(now=timezone.now())
    aged = DeliveryStatistics.objects.filter(incident=red, communication__number=1)
    assert aged.update(aged_at=now) == 1
    assert retry.retry(incident_id=blue.pk, now=now, actor=operator) == 1
    settled = DeliveryStatistics.objects.filter(settled=True)
    assert set(settled.values_list("incident", "communication__number")) == {
        (red.pk, 1),
        (other.pk, 1),
        (other.pk, None),
    }


def test_what_has_left_its_digest_was_not_told_by_it(two: list[Incident], here: Tenant) -> None:
    red, _ = two
    Delivery.objects.filter(skip_reason="in_digest").update(skip_reason="superseded")
    pass_time(61)
    send.work()
    left = when_told.told_of(here, red.pk)[-1]
    assert (left.at, left.answer) == (None, "")
    assert left.state == "not sent: a newer statement took its place"
    assert delivery_log.log_of(here, [red.pk])[0].answer == ""
