"""Who fails in a row is left alone: an endpoint by itself, and a host for as many of its endpoints as fail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.channels.registry import CHANNELS
from notifications.delivery.circuit_breaker import Breakers, alone, host_of
from notifications.models import Breaker, Endpoint
from notifications.vocabulary.delivery_states import FIRST_WAIT, Channel

pytestmark = pytest.mark.django_db

MOST = CHANNELS[Channel.WEBHOOK].breaker_after
HOOKS = [Endpoint(pk=number, channel="webhook", host="hooks.example.com") for number in range(9)]
ONE, OTHER = HOOKS[:2]


def failures(of: tuple[str, str]) -> int:
    found = Breaker.objects.filter(channel=of[0], host=of[1]).first()
    return found.failures if found else 0


def kept(breakers: Breakers) -> tuple[int, int]:
    """What others will read of it: failures in a row of ONE, and of its host."""
    breakers.save()
    return failures(alone(ONE)), failures(host_of(ONE))


def test_an_endpoint_that_fails_again_and_again_counts_once_for_its_host() -> None:
    breakers = Breakers()
    for _ in range(MOST - 1):
        breakers.failed(ONE)
    assert kept(breakers) == (MOST - 1, 1)


def test_a_host_that_is_left_alone_is_so_for_longer_with_each_failure() -> None:
    breakers = Breakers()
    for each in HOOKS[:MOST]:
        breakers.failed(each)
    assert kept(breakers) == (1, MOST)
    breakers.failed(ONE)
    assert kept(breakers) == (2, MOST + 1)


def test_a_host_is_left_alone_for_as_long_as_it_asks() -> None:
    breakers = Breakers()
    for each in HOOKS[:MOST]:
        breakers.failed(each, retry_after=timedelta(hours=1))
    breakers.save()
    until = Breaker.objects.get(host="hooks.example.com").open_until
    assert until
    assert until - timezone.now() > timedelta(minutes=59)


def test_whatever_is_taken_ends_the_row_of_failures() -> None:
    breakers = Breakers()
    for _ in range(2):
        for _ in range(MOST - 1):
            breakers.failed(ONE)
        assert not breakers.pause(ONE), "as many in a row it may"
        breakers.succeeded(ONE)
        assert kept(breakers) == (0, 0)


def test_one_endpoint_goes_on_failing_where_another_of_its_host_takes_what_it_gets() -> None:
    breakers = Breakers()
    breakers.failed(ONE)
    breakers.succeeded(OTHER)
    assert kept(breakers) == (1, 0)
    later = Breakers()
    later.load([ONE])
    later.failed(ONE)
    assert kept(later) == (2, 0)


def test_what_one_batch_has_learnt_the_next_one_knows() -> None:
    Breaker.objects.create(channel="chat", host="hooks.example.com", failures=9)
    first = Breakers()
    for _ in range(MOST):
        first.failed(ONE)
    first.save()
    later = Breakers()
    later.load(HOOKS)
    assert FIRST_WAIT / 2 < later.pause(ONE) <= FIRST_WAIT * 1.5
    assert later.pause(OTHER) == timedelta(0)
    later.failed(ONE)
    assert kept(later) == (MOST + 1, 1)


@pytest.mark.parametrize("whose", [alone(ONE), host_of(ONE)])
def test_whose_pause_is_over_is_tried_with_one_message_and_a_resting_host_is_the_claims_affair(
    whose: tuple[str, str],
) -> None:
    pause = timedelta(hours=1 if whose == host_of(ONE) else -1)
    channel, host = whose
    Breaker.objects.create(
        channel=channel, host=host, failures=MOST, open_until=timezone.now() + pause
    )
    later = Breakers()
    later.load([ONE])
    assert later.pause(ONE) == timedelta(0)
    later.failed(ONE)
    later.save()
    assert failures(whose) == MOST + 1


def test_failures_of_the_relay_count_on_from_batch_to_batch() -> None:
    anna, ben = (Endpoint(pk=number, channel="mail") for number in (1, 2))
    for each in (anna, ben):
        breakers = Breakers()
        breakers.load([each])
        breakers.failed(each)
        breakers.save()
    assert list(Breaker.objects.values_list("host", "failures")) == [("", 2)]


def test_of_two_batches_at_a_time_both_count() -> None:
    first, second = Breakers(), Breakers()
    for each in (first, second):
        each.load([ONE])
        each.failed(ONE)
    assert kept(first) == (1, 1)
    assert kept(second) == (2, 2)
    second.failed(ONE)
    assert kept(second) == (3, 2), "nothing is added twice"


def test_an_early_success_closes_no_breaker_that_another_has_opened_since() -> None:
    Breaker.objects.create(channel="webhook", host=alone(ONE)[1], failures=MOST - 1)
    early, later = Breakers(), Breakers()
    for each in (early, later):
        each.load([ONE])
    early.succeeded(ONE)
    later.failed(ONE)
    later.save()
    until = Breaker.objects.get(host=alone(ONE)[1]).open_until
    assert until
    assert kept(early)[0] == MOST
    assert Breaker.objects.get(host=alone(ONE)[1]).open_until == until
    last = Breakers()
    last.load([ONE])
    last.succeeded(ONE)
    assert kept(last)[0] == 0
    assert Breaker.objects.get(host=alone(ONE)[1]).open_until is None
