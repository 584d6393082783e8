"""Alerts handed in by monitors: a storm is one incident, and no alert is dropped without a line that says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User

from incidents.alerts.signal import Signal
from incidents.models import Alias, Incident, MonitorAlert, MonitorSource, Service
from incidents.services.alerts import sources
from incidents.services.alerts.intake import Taken, declare_waiting, take_in
from incidents.services.alerts.recovery import recover_due
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Statement
from notifications.delivery import plan
from tests.conftest import declaration, hit
from tests.notifications.cast import tenant, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]
MAPPING = """
- ignore: {env: "test*"}
- match: {alertname: "KeyVault*"}
  service: Key Vault
  region: "{region}"
- match: {service: "*"}
"""


def source(now: datetime, mode: str = "automatic", **more: int) -> MonitorSource:
    return sources.save(
        name="prometheus",
        format_name="alertmanager",
        mode=mode,
        mapping=MAPPING,
        window_minutes=more.get("window", 10),
        hold_minutes=more.get("hold", 3),
        silent_minutes=more.get("silent", 0),
        now=now,
    )


def alert(service: str, region: str, severity: str = "critical", *, firing: bool = True) -> Signal:
    labels = {"service": service, "region": region, "severity": severity}
    return Signal(f"{service}@{region}", firing, labels, f"{service} fails")


def fires(now: datetime, *alerts: Signal) -> Taken:
    return take_in(source=MonitorSource.objects.get(), signals=alerts, now=now)


def outcomes(taken: Taken) -> list[str]:
    return [each.outcome for each in taken.alerts]


def cells(incident: Incident, *, still: bool = True) -> set[tuple[str, str]]:
    return {
        (impact.service.slug, impact.region.slug)
        for occurrence in incident.occurrences.all()
        for impact in occurrence.impacts.all()
        if (impact.ended_at is None) is still
    }


def test_a_storm_is_one_incident_and_one_statement(now: datetime) -> None:
    source(now)
    tenant("contoso", ("storage", "west-europe"))

    storm = [alert(s, r) for s in ("storage", "key-vault") for r in ("west-europe", "north-europe")]
    taken = fires(now, *storm)

    incident = Incident.objects.get()
    assert outcomes(taken) == ["opened"] * 4
    assert len(cells(incident)) == 4
    said = incident.communications.get()
    plan.plan(communication_id=said.pk, now=now)
    assert told(said) == {"contoso@example.com": "related"}


def test_two_cells_at_warning_are_told_at_once(now: datetime) -> None:
    source(now)
    tenant("contoso", ("storage", "west-europe"))

    fires(now, *(alert("storage", region, "warning") for region in ("west-europe", "east-us")))

    said = Incident.objects.get().communications.get()
    plan.plan(communication_id=said.pk, now=now)
    assert list(told(said)) == ["contoso@example.com"]


def test_what_shares_neither_service_nor_region_is_another_incident(now: datetime) -> None:
    source(now)
    fires(now, alert("databricks", "west-europe"), alert("key-vault", "east-us"))
    assert Incident.objects.count() == 2


def test_two_that_need_the_same_third_which_is_well_are_two_incidents(now: datetime) -> None:
    source(now)
    fires(now, alert("storage", "west-europe"), alert("key-vault", "east-us"))
    assert Incident.objects.count() == 2


def test_a_later_alert_widens_the_open_incident_in_one_statement(now: datetime) -> None:
    source(now)
    fires(now, alert("storage", "west-europe", "warning"))
    later = now + timedelta(minutes=5)

    taken = fires(later, alert("storage", "north-europe"), alert("key-vault", "west-europe"))

    incident = Incident.objects.get()
    assert outcomes(taken) == ["widened"] * 2
    assert (len(cells(incident)), incident.level) == (3, "error")
    assert incident.communications.count() == 2


def test_beyond_the_window_another_region_is_another_incident_and_a_dependent_is_not(
    now: datetime,
) -> None:
    source(now)
    fires(now, alert("azure-resource-manager", "west-europe"))
    later = now + timedelta(hours=1)

    fires(later, alert("storage", "west-europe"))  # needs the resource manager
    assert Incident.objects.count() == 1
    fires(later + timedelta(hours=1), alert("storage", "east-us"))
    assert Incident.objects.count() == 2


def test_the_same_alert_again_is_the_same_row_and_says_nothing_more(now: datetime) -> None:
    source(now)
    for minute in range(4):
        fires(now + timedelta(minutes=minute), alert("storage", "west-europe"))

    row = MonitorAlert.objects.get()
    assert (row.times, row.outcome) == (4, "opened")
    assert Incident.objects.get().communications.count() == 1


def test_the_same_key_at_a_graver_level_raises_the_incident(now: datetime) -> None:
    source(now)
    fires(now, alert("storage", "west-europe", "warning"))
    fires(now + timedelta(minutes=1), alert("storage", "west-europe", "critical"))
    assert Incident.objects.get().level == "error"


def test_flapping_is_damped(now: datetime) -> None:
    source(now, hold=3)
    for minute in range(8):
        at = now + timedelta(minutes=minute)
        fires(at, alert("storage", "west-europe", firing=minute % 2 == 0))
        recover_due(now=at)

    incident = Incident.objects.get()
    assert incident.communications.count() == 1
    assert MonitorAlert.objects.get().flaps == 3
    recover_due(now=now + timedelta(minutes=10))
    incident.refresh_from_db()
    assert incident.stage == "mitigated"
    assert incident.mitigated_at == now + timedelta(minutes=7)


def test_what_is_over_ends_what_it_opened_only(now: datetime) -> None:
    source(now, hold=0)
    fires(now, alert("storage", "west-europe"), alert("storage", "north-europe"))
    later = now + timedelta(minutes=9)

    fires(later, alert("storage", "west-europe", firing=False))
    recover_due(now=later)

    incident = Incident.objects.get()
    assert cells(incident) == {("storage", "north-europe")}
    assert incident.mitigated_at is None
    fires(later, alert("storage", "north-europe", firing=False))
    recover_due(now=later)
    incident.refresh_from_db()
    assert incident.mitigated_at == later


def test_a_cell_of_two_alerts_recovers_with_the_last(now: datetime) -> None:
    source(now, hold=0)
    twin = Signal("twin", firing=True, labels=alert("storage", "west-europe").labels)
    fires(now, alert("storage", "west-europe"), twin)
    later = now + timedelta(minutes=2)
    fires(later, alert("storage", "west-europe", firing=False))
    recover_due(now=later)
    assert Incident.objects.get().mitigated_at is None


def test_a_person_s_incident_is_left_alone_and_the_alert_says_what_it_noted(
    now: datetime, operator: User
) -> None:
    source(now, hold=0)
    fires(now, alert("storage", "west-europe"))
    incident = Incident.objects.get()
    post_update(
        incident_id=incident.pk,
        statement=Statement(public_text="We look."),
        now=now,
        actor=operator,
    )
    later = now + timedelta(minutes=2)

    taken = fires(later, alert("storage", "north-europe"))
    fires(later, alert("storage", "west-europe", firing=False))
    recover_due(now=later)

    assert outcomes(taken) == ["noted"]
    assert "North Europe" in taken.alerts[0].detail
    assert cells(incident) == {("storage", "west-europe")}


@pytest.mark.parametrize("mode", ["automatic", "ask"])
def test_what_a_person_has_open_on_these_cells_gets_the_alert_beside_it_and_no_second_incident(
    now: datetime, operator: User, mode: str
) -> None:
    made = source(now, mode)
    opened = declare(
        declaration=declaration(hit("storage", "west-europe")), now=now, actor=operator
    )
    taken = fires(now + timedelta(minutes=5), alert("storage", "west-europe"))
    if mode == "ask":
        declare_waiting(source=made, actor=operator, now=now + timedelta(minutes=6))
    assert Incident.objects.get() == opened
    assert MonitorAlert.objects.get().incident == opened, outcomes(taken)
    assert opened.communications.count() == 1


@pytest.mark.parametrize(
    ("labels", "outcome", "why"),
    [
        ({"service": "storage", "region": "mars"}, "unmapped", "no region is called 'mars'"),
        ({"service": "sotrage", "region": "east-us"}, "unmapped", "no service is called"),
        ({"service": "storage"}, "unmapped", "no label for the region"),
        ({"job": "node"}, "unmapped", "no row of the mapping matches"),
        ({"service": "databricks", "region": "east-us"}, "unmapped", "is not offered"),
        ({"service": "storage", "region": "east-us", "env": "test7"}, "ignored", "ignores it"),
    ],
)
def test_what_is_not_understood_is_a_line_that_says_why(
    now: datetime, labels: dict[str, str], outcome: str, why: str
) -> None:
    source(now)
    taken = fires(now, Signal("k", firing=True, labels=labels))
    row = MonitorAlert.objects.get()
    assert outcomes(taken) == [row.outcome] == [outcome]
    assert why in row.detail
    assert not Incident.objects.exists()


def test_a_mended_mapping_counts_when_the_alert_fires_again(now: datetime) -> None:
    made = source(now)
    strange = Signal("k", firing=True, labels={"job": "kv", "where": "west-europe"})
    fires(now, strange)
    made.mapping = '[{match: {job: kv}, service: key-vault, region: "{where}"}]'
    made.save()

    fires(now + timedelta(minutes=1), strange)

    assert MonitorAlert.objects.get().outcome == "opened"
    assert cells(Incident.objects.get()) == {("key-vault", "west-europe")}


@pytest.mark.parametrize("mode", ["draft", "ask"])
def test_a_source_that_is_not_automatic_waits_for_a_person(
    now: datetime, operator: User, mode: str
) -> None:
    made = source(now, mode)
    fires(now, alert("storage", "west-europe"), alert("key-vault", "west-europe"))
    assert set(MonitorAlert.objects.values_list("outcome", flat=True)) == {"waiting"}
    assert not Incident.objects.exists()
    assert sources.asking() == (2 if mode == "ask" else 0)

    declare_waiting(source=made, actor=operator, now=now)

    incident = Incident.objects.get()
    assert (len(cells(incident)), incident.automated) == (2, False)
    assert sources.asking() == 0


def test_an_end_that_was_never_a_beginning_is_a_closed_line(now: datetime) -> None:
    source(now)
    fires(now, alert("storage", "west-europe", firing=False))
    row = MonitorAlert.objects.get()
    assert (row.resolved_at, row.outcome) == (now, "ignored")


def test_a_monitor_that_falls_silent_is_noticed_and_its_watchdog_is_no_alert(now: datetime) -> None:
    source(now, silent=5)
    taken = fires(now, Signal("w", firing=True, labels={"alertname": "Watchdog"}))
    assert (taken.heartbeats, MonitorAlert.objects.count()) == (1, 0)
    assert sources.silent(now + timedelta(minutes=4)) == []
    assert [each.name for each in sources.silent(now + timedelta(minutes=6))] == ["prometheus"]


def test_ten_thousand_alerts_are_a_handful_of_incidents_and_of_questions(now: datetime) -> None:
    source(now)
    places = [("storage", r) for r in ("east-us", "west-us", "west-europe", "north-europe")]
    storm = [
        Signal(f"pod-{number}", firing=True, labels=alert(*places[number % 4]).labels)
        for number in range(10_000)
    ]
    batches: list[Sequence[Signal]] = [storm[at : at + 1000] for at in range(0, 10_000, 1000)]
    for batch in batches:
        fires(now, *batch)
    assert Incident.objects.count() == 1
    assert MonitorAlert.objects.count() == 10_000
    assert Incident.objects.get().communications.count() == 1


def test_one_alert_costs_few_statements_whatever_is_open(
    now: datetime, django_assert_num_queries: Any
) -> None:
    source(now)
    known = [alert("storage", "west-europe"), alert("key-vault", "east-us")]
    fires(now, *known)
    monitor = MonitorSource.objects.get()
    more = replace(known[0], key="another-pod")
    # Lock, known alerts, revision (twice), open incidents, that incident, the line.
    with django_assert_num_queries(7):
        take_in(source=monitor, signals=[more], now=now)
    with django_assert_num_queries(3):  # it fires on
        take_in(source=monitor, signals=[more], now=now)
    with django_assert_num_queries(3):  # it is over
        take_in(source=monitor, signals=[replace(more, firing=False)], now=now)


def test_what_the_catalogue_learns_is_understood_at_once(now: datetime) -> None:
    source(now)
    assert outcomes(fires(now, alert("Blobs", "west-europe"))) == ["unmapped"]
    fires(now, alert("storage", "east-us"))
    Alias.objects.create(name="Blobs", folded="blobs", service=Service.objects.get(slug="storage"))
    assert outcomes(fires(now, alert("Blobs", "east-us", "warning"))) == ["joined"]
