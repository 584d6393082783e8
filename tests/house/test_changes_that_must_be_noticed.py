"""Small changes of the code that a suite once let pass: each would fail here."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from incidents.policy import PRESETS, decide, parse_facts
from incidents.services.decisions.decision_recording import record_decision
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Override, Statement
from incidents.services.visibility import apply_verdict, waits_for_audience, withdraw
from incidents.vocabulary import Scenario
from notifications.channels.registry import CHANNELS
from notifications.delivery import claims, plan, send
from notifications.delivery.circuit_breaker import Breakers
from notifications.delivery.supersede import supersede
from notifications.models import Breaker, Delivery, Endpoint
from notifications.vocabulary.delivery_states import FIRST_WAIT, Channel, SkipReason, State
from statuspage.desk.form.optimistic_lock import news_since, seen_now
from tests.conftest import declaration, hit
from tests.notifications.cast import endpoint, last, reader, tenant, told

CELL = ("key-vault", "west-europe")
EVERYBODY = Override(public=True, reason="for the test")


def test_an_entry_stays_unless_every_scenario_that_holds_lets_it_go() -> None:
    """`_withdraws`: all, not any."""
    impacts = [{"service": name, "region": "west-europe"} for name in ("storage", "key-vault")]
    facts = parse_facts(
        {
            "kind": "service-issue",
            "level": "warning",
            "impacts": impacts,
            "targeted_channel": "unavailable",
        }
    )
    only_third = replace(PRESETS["azure"], withdraw_after_review=(Scenario.AUDIENCE_UNKNOWN,))
    verdict = decide(facts, only_third)
    assert verdict.scenarios == (2, 3)
    assert not verdict.withdraw_after_review


def test_a_withdrawn_entry_forgets_what_made_it_public(
    catalogue: None, operator: User, now: datetime
) -> None:
    unclear = [hit("key-vault", region) for region in ("west-europe", "north-europe")]
    incident = declare(
        declaration=declaration(*unclear, level="warning", audience="unknown"),
        now=now,
        actor=operator,
    )
    assert waits_for_audience(incident)
    withdraw(incident_id=incident.pk, reason="It leaves.", now=now, actor=operator)
    incident.refresh_from_db()
    assert incident.scenario is None
    assert not incident.withdraw_after_review


@pytest.mark.parametrize("drill", [True, False])
def test_neither_a_drill_nor_what_waits_for_a_person_has_just_become_public(
    catalogue: None, operator: User, now: datetime, drill: bool
) -> None:
    broad = [hit(service, "west-europe", extent="region") for service in ("storage", "key-vault")]
    incident = declare(
        declaration=declaration(*broad, drill=drill), now=now, actor=operator if drill else None
    )
    assert not apply_verdict(incident, incident.decisions.get(), now=now, confirmed=drill)
    assert incident.published_at is None


def test_a_decision_without_a_statement_is_news(
    catalogue: None, operator: User, now: datetime
) -> None:
    incident = declare(declaration=declaration(), now=now, actor=operator)
    seen = seen_now(incident)
    assert not news_since(incident, seen)
    decision = record_decision(incident, now=now, actor=operator, reason="Looked at again.")
    news = news_since(incident, seen)
    assert news
    assert news.decisions == [decision]


@pytest.mark.django_db(transaction=True)
def test_the_hours_limit_is_counted_under_a_lock_of_the_endpoint(
    catalogue: None, operator: User, now: datetime, settings: Settings
) -> None:
    settings.HOURLY_LIMIT = 1
    tenant("here", CELL)
    incident = declare(declaration=declaration(), now=now, actor=operator)
    plan.plan(communication_id=last(incident).pk, now=now)
    Delivery.objects.update(state=State.SENT, sent_at=timezone.now() - timedelta(hours=2))
    post_update(incident_id=incident.pk, statement=Statement("", "More."), now=now, actor=operator)
    plan.plan(communication_id=last(incident).pk, now=now)
    with transaction.atomic():
        claims.claim(most=10, channel="mail")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks JOIN pg_database AS here ON here.oid = database"
                " WHERE locktype = 'advisory' AND classid = 7104 AND datname = current_database()"
            )
            assert cursor.fetchone() == (1,)


def test_a_public_post_does_not_push_aside_a_targeted_one_to_the_same_address(
    catalogue: None, operator: User, now: datetime
) -> None:
    both = reader("both@example.com", CELL)
    owner = tenant("both", CELL, contact=False)
    owner.contact = both
    owner.save()
    incident = declare(
        declaration=declaration(statement=Statement("", "For you.")), now=now, actor=operator
    )
    plan.plan(communication_id=last(incident).pk, now=now)
    post_update(
        incident_id=incident.pk,
        statement=Statement("For everybody.", ""),
        now=now,
        actor=operator,
        override=EVERYBODY,
    )
    plan.plan(communication_id=last(incident).pk, now=now)
    Delivery.objects.filter(communication=last(incident)).update(audience="public")
    Delivery.objects.exclude(communication=last(incident)).update(
        state=State.PENDING, skip_reason=""
    )
    supersede(incident_id=incident.pk)
    assert not Delivery.objects.filter(skip_reason=SkipReason.SUPERSEDED).exists()


def test_a_reader_who_left_is_skipped_and_told_nothing(
    catalogue: None, operator: User, now: datetime
) -> None:
    gone = reader("gone@example.com", CELL)
    gone.left_posts_at = now
    gone.save()
    reader("here@example.com", CELL)
    incident = declare(declaration=declaration(), now=now, actor=operator, override=EVERYBODY)
    plan.plan(communication_id=last(incident).pk, now=now)
    assert set(told(last(incident))) == {"here@example.com"}
    assert not Delivery.objects.filter(endpoint=gone).exists()


def test_of_two_pauses_of_a_host_the_longer_one_holds(db: None, now: datetime) -> None:
    host = Endpoint(
        channel="webhook", host="hooks.example.com", address="https://hooks.example.com/"
    )
    for pause in (timedelta(hours=2), timedelta(seconds=1)):
        hosts = Breakers()
        for _ in range(6):
            hosts.failed(host, retry_after=pause)
        hosts.save()
    left = Breaker.objects.get(host__startswith="endpoint").open_until - timezone.now()  # type: ignore[operator]  # it is open
    assert left > timedelta(minutes=30)


def test_a_host_is_left_alone_once_as_many_of_its_addresses_fail_in_a_row() -> None:
    most = CHANNELS[Channel.WEBHOOK].breaker_after
    fine, *failing = (
        Endpoint(pk=number, channel="webhook", host="hooks.example.com")
        for number in range(most + 1)
    )
    hosts = Breakers()
    for each in failing:
        assert not hosts.pause(fine)
        hosts.failed(each)
    assert hosts.pause(fine) == FIRST_WAIT
    hosts.succeeded(fine)
    assert not hosts.pause(fine)


def test_a_relay_is_left_alone_for_as_long_as_it_asks(db: None) -> None:
    relay = Endpoint(channel="mail", address="anna@example.com")
    hosts = Breakers()
    for _ in range(CHANNELS[Channel.MAIL].breaker_after):
        hosts.failed(relay, retry_after=timedelta(hours=1))
    hosts.save()
    until = Breaker.objects.get().open_until
    assert until
    assert until - timezone.now() > timedelta(minutes=59)


def test_each_failure_of_what_is_paused_already_doubles_its_pause() -> None:
    host = Endpoint(channel="webhook", host="hooks.example.com")
    hosts = Breakers()
    for _ in range(CHANNELS[Channel.WEBHOOK].breaker_after):
        hosts.failed(host)
    for shortest in (FIRST_WAIT, FIRST_WAIT * 2, FIRST_WAIT * 4):
        assert shortest <= hosts.pause(host) <= shortest * 1.5
        hosts.failed(host)


def test_what_a_batch_has_no_time_for_is_given_back(
    catalogue: None, operator: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send, "BATCH_SECONDS", -1.0)
    tenant("here", CELL)
    incident = declare(declaration=declaration(), now=now, actor=operator)
    plan.plan(communication_id=last(incident).pk, now=now)
    tally = send.work(seconds=0.2, channels=["mail"])
    assert (tally.sent, tally.failed) == (0, 0)
    assert Delivery.objects.get(endpoint=endpoint("here@example.com")).state == State.PENDING
