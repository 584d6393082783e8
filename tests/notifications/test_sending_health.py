"""The alarm when our own sending stands still: on the desk, for machines, and never for nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from incidents.models import Communication, Incident
from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from notifications import tasks, without_broker
from notifications.delivery import claims, heartbeat, kill_switch, plan, sending_health, settlement
from notifications.models import (
    Attempt,
    Breaker,
    Delivery,
    Endpoint,
    KillSwitch,
    SendingHeartbeat,
)
from statuspage.monitoring.sending_probe import StalledError, sending_probe
from tests.conftest import declaration
from tests.notifications.cast import last, tenant

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")


@pytest.fixture
def planned(operator: User) -> Incident:
    now = timezone.now()
    tenant("blue", WEST)
    tenant("red", WEST)
    incident = incident_service.declare(
        declaration=declaration(statement=Statement("For all.", "For you.")),
        now=now,
        actor=operator,
    )
    plan.plan(communication_id=last(incident).pk, now=now)
    return incident


def late(minutes: int = 20, **which: Any) -> None:
    Delivery.objects.filter(**which).update(
        next_attempt_at=timezone.now() - timedelta(minutes=minutes)
    )


def test_all_is_well_while_things_are_young_or_settled(planned: Incident) -> None:
    assert heartbeat.alarms() == []
    late(minutes=4)
    assert heartbeat.alarms() == []
    late()
    Delivery.objects.update(state="sent", sent_at=timezone.now())
    assert heartbeat.alarms() == []


def test_a_message_that_is_due_for_long_raises_the_alarm(planned: Incident) -> None:
    late(endpoint__address="red@example.com")
    (alarm,) = heartbeat.alarms()
    assert alarm.startswith("The oldest message that is due has waited for 20 min")


@pytest.mark.parametrize("what", ["oldest_due", "lost", "oldest_unplanned"])
def test_what_has_waited_for_longer_than_it_may_raises_the_alarm_and_says_how_long(
    what: str,
) -> None:
    calm = sending_health.read(sending_health.NOTHING)

    def alarms(seconds: float) -> list[str]:
        aged: dict[str, Any] = {what: seconds}
        return sending_health.alarms(replace(calm, **aged), minutes=5)

    assert alarms(300.0) == []
    for seconds, words in ((301.0, "5 min"), (3600.0, "1 h 0 min"), (7500.0, "2 h 5 min")):
        (alarm,) = alarms(seconds)
        assert f" {words}" in alarm


def test_an_age_below_a_minute_is_said_as_one() -> None:
    calm = sending_health.read(sending_health.NOTHING)
    for seconds in (1.0, 80.0):
        (alarm,) = sending_health.alarms(replace(calm, oldest_due=seconds), minutes=0)
        assert "has waited for 1 min:" in alarm


@pytest.mark.parametrize(
    ("beat", "substitute", "is_alarm", "is_substituted"),
    [
        (120.0, None, False, False),
        (120.1, None, True, False),
        (120.1, 120.1, True, False),
        (120.1, 120.0, False, True),
        (120.0, 120.0, False, False),
        (None, 120.0, False, False),
    ],
)
def test_silence_begins_after_two_minutes_and_is_an_alarm_while_nobody_stands_in(
    beat: float | None, substitute: float | None, is_alarm: bool, is_substituted: bool
) -> None:
    calm = sending_health.read(sending_health.NOTHING)
    figures = replace(calm, beat=beat, substitute=substitute)
    said = "".join(sending_health.alarms(figures, minutes=5))
    assert ("No worker was heard for 2 min: messages wait" in said) is is_alarm
    instead = sending_health.substituted(figures)
    assert ("No worker was heard for 2 min. Messages leave all the same" in instead) is (
        is_substituted
    )


def test_a_relay_that_never_failed_has_not_failed_once(planned: Incident) -> None:
    assert heartbeat.figures().relay_failures == 0


def test_a_stop_by_hand_is_no_stall(planned: Incident, operator: User) -> None:
    late()
    kill_switch.stop(reason="Wrong texts.", now=timezone.now(), actor=operator)
    assert heartbeat.alarms() == []
    KillSwitch.objects.update(released_at=timezone.now())
    assert heartbeat.alarms()


def test_a_dead_receiver_is_no_stall_of_ours(planned: Incident) -> None:
    late()
    Endpoint.objects.update(channel="webhook", host="dead.example", secret="whsec_x")
    Breaker.objects.create(
        channel="webhook",
        host="dead.example",
        failures=9,
        open_until=timezone.now() + timedelta(minutes=5),
    )
    assert heartbeat.alarms() == []


def test_who_waits_for_an_older_message_of_its_line_is_no_stall(
    planned: Incident, operator: User
) -> None:
    Delivery.objects.update(next_attempt_at=timezone.now() + timedelta(minutes=10))
    now = timezone.now()
    incident_service.post_update(
        incident_id=planned.pk,
        stage="identified",
        statement=Statement("p", "t"),
        now=now,
        actor=operator,
    )
    plan.plan(communication_id=last(planned).pk, now=now)
    # As if the older one said more than the newer one, and so was not superseded.
    Delivery.objects.filter(state="skipped").update(state="pending", skip_reason="")
    late(communication=last(planned))
    assert heartbeat.alarms() == []


def test_a_relay_that_fails_again_and_again_is_named(planned: Incident) -> None:
    Breaker.objects.create(channel="mail", host="", failures=3)
    assert "The mail relay has failed 3 times in a row" in heartbeat.alarms()[0]
    Delivery.objects.update(state="failed")
    assert heartbeat.alarms() == []


def test_an_update_that_nobody_planned_is_named(planned: Incident, operator: User) -> None:
    then = timezone.now() - timedelta(minutes=30)
    incident_service.declare(declaration=declaration(), now=then, actor=operator)
    Incident.objects.update(updated_at=timezone.now())
    assert Communication.objects.filter(fan_outs__isnull=True).count() == 1
    assert "An update of 30 min ago is not planned yet" in heartbeat.alarms()[0]


def test_the_sweep_has_a_pulse_and_its_silence_is_heard(
    catalogue: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "enqueue", lambda *_, **__: None)  # the broker is another process
    tasks.sweep()
    tasks.sweep()
    assert SendingHeartbeat.objects.count() == 1
    assert heartbeat.alarms() == []
    SendingHeartbeat.objects.update(at=timezone.now() - timedelta(minutes=7))
    assert "No worker was heard for 7 min" in heartbeat.alarms()[0]


def test_who_stands_in_for_the_workers_is_no_stall_and_is_said(
    client: Client, catalogue: None, operator: User
) -> None:
    now = timezone.now()
    heartbeat.beat(now=now - timedelta(minutes=7))
    without_broker.run_once(now=now)
    assert heartbeat.alarms() == []
    client.force_login(operator)
    page = client.get("/admin/desk/").content.decode()
    assert "Sending stands still" not in page
    assert "somebody stands in" in page
    heartbeat.beat(now=now)
    assert "stands in" not in client.get("/admin/desk/").content.decode()
    SendingHeartbeat.objects.update(at=now - timedelta(minutes=7))
    assert "No worker was heard" in heartbeat.alarms()[0]


def test_what_a_vanished_worker_holds_is_due(planned: Incident) -> None:
    (claimed,) = claims.claim(most=1, channel="mail").deliveries
    Delivery.objects.exclude(pk=claimed.pk).delete()
    assert heartbeat.alarms() == []
    Delivery.objects.update(lease_until=timezone.now() - timedelta(minutes=20))
    assert "due has waited for 20 min" in heartbeat.alarms()[0]


def test_workers_that_vanish_again_and_again_only_look_busy(planned: Incident) -> None:
    for _ in range(2):
        claims.claim(most=10, channel="mail")
        Delivery.objects.update(lease_until=timezone.now())
        settlement.expire_leases()
    assert heartbeat.alarms() == []
    Attempt.objects.update(at=timezone.now() - timedelta(minutes=20))
    late(minutes=1)
    for _ in range(2):  # due again; in hand again
        (alarm,) = heartbeat.alarms()
        assert alarm.startswith("Workers have vanished while sending for 20 min")
        claims.claim(most=10, channel="mail")
    # An answer, whichever it is, shows that somebody is there.
    for delivery in Delivery.objects.all():
        Attempt.objects.create(
            delivery=delivery, number=3, result="temporary", detail="451", at=timezone.now()
        )
    assert heartbeat.alarms() == []


def test_every_screen_of_the_desk_shows_it(
    client: Client, planned: Incident, operator: User
) -> None:
    client.force_login(operator)
    late()
    for path in ("/admin/desk/", "/admin/desk/sending/", "/admin/desk/deliveries/"):
        assert "Sending stands still." in client.get(path).content.decode(), path


def test_metrics_are_for_whoever_has_the_token(
    client: Client, planned: Incident, settings: Settings
) -> None:
    assert client.get("/-/metrics").status_code == 404
    settings.METRICS_TOKEN = "t0ken"
    assert client.get("/-/metrics").status_code == 401
    assert client.get("/-/metrics", headers={"Authorization": "Bearer guess"}).status_code == 401
    late()
    answer = client.get("/-/metrics", headers={"Authorization": "Bearer t0ken"})
    lines = answer.content.decode().splitlines()
    assert "statuspage_deliveries_pending 2" in lines
    assert "statuspage_sending_stalled 1" in lines
    assert "# TYPE statuspage_deliveries_pending gauge" in lines


def part(of: dict[str, Any], names: str) -> dict[str, Any]:
    return {name: of[name] for name in names.split() if name in of}


def test_the_web_process_tells_machines(
    transactional_db: None, catalogue: None, now: datetime, operator: User
) -> None:
    tenant("blue", WEST)
    incident = incident_service.declare(
        declaration=declaration(), now=timezone.now(), actor=operator
    )
    plan.plan(communication_id=last(incident).pk, now=timezone.now())
    parameters = part({**connection.get_connection_params()}, "dbname user password host port")
    probe = sending_probe(parameters, minutes=5)
    probe()
    late()
    with pytest.raises(StalledError, match="has waited for 20 min"):
        probe()
    sending_probe({**parameters, "dbname": "absent"}, minutes=5)()  # another probe's news
