"""Quiet hours of alert rules: what comes in them waits for their end, seen by everybody concerned."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.errors import EntryError
from incidents.services.inputs import Changes, Statement
from incidents.services.retraction import retract
from notifications.audience import forecast, selection
from notifications.customers.rules import alert_rules
from notifications.customers.rules.alert_rules import Conditions
from notifications.delivery import plan
from notifications.delivery.send import work
from notifications.evidence import delivery_log, when_told
from notifications.models import Delivery, Endpoint, Tenant
from notifications.vocabulary import quiet_hours
from tests.conftest import declaration, hit
from tests.notifications.cast import endpoint, last, rule, tenant
from tests.notifications.conftest import Sink, text_of

ZONE = ZoneInfo("Asia/Tokyo")
HERE = ("key-vault", "west-europe")


def clock(moment: datetime) -> time:
    return moment.astimezone(ZONE).time().replace(second=0, microsecond=0)


@pytest.fixture
def owner(catalogue: None, transactional_db: None) -> Tenant:
    return tenant("mine", HERE)


def quiet_rule(owner: Tenant, *addresses: str, now: datetime, **more: Any) -> None:
    """Quiet from an hour ago for two hours, on a clock in Tokyo."""
    for each in addresses:
        endpoint(each, tenant=owner, time_zone=ZONE.key)
    hour = timedelta(hours=1)
    rule(owner, *addresses, quiet_from=clock(now - hour), quiet_until=clock(now + hour), **more)


def declared(now: datetime, operator: User, *, level: str = "warning") -> Incident:
    incident = incident_service.declare(
        declaration=declaration(
            hit(*HERE, level=level), level=level, statement=Statement(targeted_text="For you.")
        ),
        now=now,
        actor=operator,
    )
    plan.plan(communication_id=last(incident).pk, now=now)
    return incident


def test_what_comes_in_quiet_hours_is_one_mail_at_their_end(
    owner: Tenant, operator: User, sink: Sink
) -> None:
    now = datetime.now(UTC)
    quiet_rule(owner, "ops@example.com", now=now)
    one, other = declared(now, operator), declared(now, operator)
    work()
    assert sink.mails == []
    held = Delivery.objects.get(state="pending")
    assert (held.deferred, held.next_attempt_at) == ("quiet", held.quiet_until)
    assert clock(held.next_attempt_at) == clock(now + timedelta(hours=1))

    # Seen by the tenant, in the log and in the evidence, with its time.
    until = f"{held.next_attempt_at:%d %B, %H:%M} UTC"
    lines = delivery_log.log_of(owner, [one.pk, other.pk])
    assert [each.what for each in lines] == [
        f"held by the quiet hours of your rule, until {until}",
        f"part of a digest: held by the quiet hours of your rule, until {until}",
    ]
    assert [each.state for each in when_told.told_of(owner, other.pk)] == [
        f"held by the quiet hours of your rule, until {until}"
    ]

    Delivery.objects.filter(pk=held.pk).update(next_attempt_at=now)
    work()
    (mail,) = sink.mails
    assert "What came in your quiet hours" in str(mail["Subject"])
    assert "in the quiet hours of your alert rules" in text_of(mail)
    assert one.tracking_id in text_of(mail)
    assert other.tracking_id in text_of(mail)
    assert "after quiet hours that ended" in delivery_log.log_of(owner, [other.pk])[0].what


def test_whatever_waited_for_the_end_comes_along_however_often_its_carrier_has_changed(
    owner: Tenant, operator: User, sink: Sink
) -> None:
    now = datetime.now(UTC)
    first_of_all = Endpoint.objects.filter(id=1).first() or endpoint("ops@example.com", id=1)
    Endpoint.objects.filter(id=1).update(tenant=owner, time_zone=ZONE.key)
    quiet_rule(owner, first_of_all.address, now=now)
    made = [declared(now, operator) for _ in range(3)]
    assert Delivery.objects.filter(state="pending").update(next_attempt_at=now) == 1
    work()
    (mail,) = sink.mails
    assert [each for each in made if each.tracking_id not in text_of(mail)] == []


def test_a_storm_beside_quiet_hours_does_not_end_them(
    owner: Tenant, operator: User, sink: Sink, settings: Settings
) -> None:
    settings.HOURLY_LIMIT, settings.UPDATE_INTERVAL = 1, 0
    now = datetime.now(UTC)
    quiet_rule(owner, "ops@example.com", now=now, quiet_level="error")
    declared(now, operator)  # a warning: it waits for the morning
    held = Delivery.objects.get(deferred="quiet")
    storm = [declared(now, operator, level="error") for _ in range(2)]
    work()
    assert len(sink.mails) == 2, "first notices are not held"
    for each in storm:
        incident_service.post_update(
            incident_id=each.pk,
            statement=Statement(targeted_text="News."),
            now=now,
            actor=operator,
        )
        plan.plan(communication_id=last(each).pk, now=now)
    work()
    assert Delivery.objects.filter(deferred="limit").count() == 1
    held.refresh_from_db()
    assert (held.state, held.deferred, held.next_attempt_at) == (
        "pending",
        "quiet",
        held.quiet_until,
    )


def test_what_is_excepted_comes_at_once_and_takes_along_what_waits(
    owner: Tenant, operator: User, sink: Sink
) -> None:
    now = datetime.now(UTC)
    quiet_rule(owner, "ops@example.com", now=now, quiet_level="error")
    incident = declared(now, operator)
    incident_service.post_update(
        incident_id=incident.pk,
        statement=Statement(targeted_text="Worse."),
        changes=Changes(level="error"),
        now=now,
        actor=operator,
    )
    incident.refresh_from_db()
    assert forecast.forecast(last(incident)).later == 0
    plan.plan(communication_id=last(incident).pk, now=now)
    work()
    (mail,) = sink.mails
    assert "Worse." in text_of(mail)


def test_a_rule_without_quiet_hours_wakes_and_the_desk_counts_who_is_told_later(
    owner: Tenant, operator: User
) -> None:
    now = datetime.now(UTC)
    quiet_rule(owner, "ops@example.com", "night@example.com", now=now)
    rule(owner, "night@example.com", least_level="warning")
    incident = declared(now, operator)
    held = dict(Delivery.objects.values_list("endpoint__address", "deferred"))
    assert held == {"ops@example.com": "quiet", "night@example.com": ""}
    Delivery.objects.all().delete()
    foreseen = forecast.forecast(last(incident))
    assert (foreseen.targeted, foreseen.later) == ({"mail": 2}, 1)


def test_what_takes_back_what_was_told_waits_for_nothing(owner: Tenant, operator: User) -> None:
    now = datetime.now(UTC)
    quiet_rule(owner, "ops@example.com", now=now)
    incident = declared(now, operator)
    said = retract(incident_id=incident.pk, reason="It was nothing.", now=now, actor=operator)
    plan.plan(communication_id=said.pk, now=now)
    assert Delivery.objects.get(communication=said).deferred == ""


@pytest.mark.parametrize("wide", [1, 1000])
def test_a_delivery_keeps_each_window_that_leads_to_it_whichever_way_it_was_planned(
    catalogue: None, transactional_db: None, operator: User, wide: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(selection, "WIDE", wide)
    owner = tenant("mine", HERE, ("storage", "west-europe"))
    now = datetime.now(UTC)
    hours = timedelta(hours=1)
    longer: dict[str, Any] = {
        "quiet_from": clock(now - 2 * hours),
        "quiet_until": clock(now + 3 * hours),
    }
    quiet_rule(owner, "one@example.com", "two@example.com", "awake@example.com", now=now)
    rule(owner, "two@example.com", **longer)
    rule(owner, "one@example.com", services=("storage",), **longer)  # which is not hit
    rule(owner, "awake@example.com")
    declared(now, operator)
    short = quiet_hours.window(clock(now - hours), clock(now + hours))
    long = quiet_hours.window(*longer.values())
    kept = Delivery.objects.values_list("endpoint__address", "quiet", "deferred")
    assert {address: (set(windows or ()), held) for address, windows, held in kept} == {
        "one@example.com": ({short}, "quiet"),
        "two@example.com": ({short, long}, "quiet"),
        "awake@example.com": (set(), ""),
    }


def test_machines_are_told_of_each_incident_for_itself(owner: Tenant, operator: User) -> None:
    now = datetime.now(UTC)
    endpoint(
        "https://hooks.example/1", channel="webhook", host="hooks.example", secret="s", tenant=owner
    )
    hour = timedelta(hours=1)
    begin, end = now - hour, now + hour
    rule(owner, "https://hooks.example/1", quiet_from=begin.time(), quiet_until=end.time())
    declared(now, operator)
    declared(now, operator)
    assert Delivery.objects.filter(state="pending", deferred="quiet").count() == 2


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"quiet_from": time(22)}, "quiet_until: is empty"),
        ({"quiet_from": time(22), "quiet_until": time(22)}, "always quiet tells nobody"),
        ({"quiet_level": "error"}, "quiet_from: is empty"),
        ({"quiet_from": time(22), "quiet_until": time(7), "quiet_kinds": ("x",)}, "is not known"),
    ],
)
def test_hours_that_cannot_be_are_refused(
    owner: Tenant, wrong: dict[str, object], said: str
) -> None:
    with pytest.raises((EntryError, ValidationError), match=said):
        alert_rules.save(tenant=owner, conditions=Conditions(name="x", **wrong))  # type: ignore[arg-type]  # as given


START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTES = st.integers(0, 1439)


@hypothesis_settings(max_examples=50)
@given(
    MINUTES,
    MINUTES,
    st.integers(0, 366 * 86400).map(lambda each: START + timedelta(seconds=each)),
    st.sampled_from(["UTC", "Asia/Tokyo", "Asia/Kathmandu", "Europe/Berlin", "Nowhere/Land"]),
)
def test_the_end_of_quiet_hours_is_the_next_time_the_clock_on_the_wall_shows_it(
    begin: int, end: int, now: datetime, zone: str
) -> None:
    window = quiet_hours.window(time(*divmod(begin, 60)), time(*divmod(end, 60)))
    until = quiet_hours.ends_at(window, zone, now=now)
    here = now.astimezone(UTC if zone == "Nowhere/Land" else ZoneInfo(zone))
    minute = here.hour * 60 + here.minute
    length, gone = (end - begin) % 1440, (minute - begin) % 1440
    assert (until is not None) == (gone < (length or 1440))
    if until is not None:
        assert now < until <= now + timedelta(hours=25)
        wall = until.astimezone(here.tzinfo)
        change = wall.utcoffset() != here.utcoffset()
        assert change or wall.hour * 60 + wall.minute == end
