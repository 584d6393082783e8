"""Addresses can be forgotten and deliveries age out, while every count stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django.fixtures import Settings

from incidents.models import Incident
from incidents.services import incident as incident_service
from incidents.services.inputs import Statement
from notifications.delivery import plan, send
from notifications.evidence import delivery_statistics, erasure
from notifications.evidence import retention as delivery_retention
from notifications.models import (
    Attempt,
    Bounce,
    CustomerSubscription,
    Delivery,
    DeliveryStatistics,
    Endpoint,
    ImpactedSubscription,
    OperatorAct,
    SignUp,
    Tenant,
)
from statuspage.configuration import environment
from tests.conftest import declaration
from tests.notifications.cast import confirm_audience, endpoint, last, reader, rule, tenant
from tests.notifications.conftest import Sink

pytestmark = pytest.mark.usefixtures("catalogue")

WEST = ("key-vault", "west-europe")


@pytest.fixture
def told(operator: User, now: datetime, sink: Sink) -> Incident:
    """Told to three tenants; one address does not exist."""
    for ref in ("blue", "green", "red"):
        tenant(ref, WEST)
    sink.answers["green@example.com"] = "550 5.1.1 <green@example.com> unknown, try g@other.example"
    incident = incident_service.declare(
        declaration=declaration(statement=Statement("For all.", "For you.")),
        now=now,
        actor=operator,
    )
    plan.plan(communication_id=last(incident).pk, now=now)
    send.work()
    return incident


def counts(incident: Incident) -> list[Any]:
    DeliveryStatistics.objects.filter(aged_at=None).delete()
    delivery_statistics.refresh(incident_id=incident.pk, now=timezone.now())
    return list(
        DeliveryStatistics.objects.order_by("communication_id").values_list(
            "counts", "planned", "endpoints", "first_at", "half_at", "most_at", "last_at"
        )
    )


def whole_database() -> str:
    """Every text of notifications and of the admin's history."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith("notifications_") or table == "django_admin_log":
                cursor.execute(f"SELECT t::text FROM {table} t")  # noqa: S608 - names from the database
                found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found).lower()


def forget(address: str, now: datetime) -> None:
    erasure.erase(erasure.plan_address(address), reason="Ticket 4711", now=now, actor=None)


def test_an_erased_address_is_nowhere_and_the_counts_are_as_before(
    told: Incident, now: datetime, operator: User
) -> None:
    green = Endpoint.objects.get(address="green@example.com")
    SignUp.objects.create(address="Green@example.com", topics=[], requested_at=now)
    LogEntry.objects.create(
        user=operator,
        content_type=ContentType.objects.get_for_model(Endpoint),
        object_id=str(green.pk),
        object_repr="green@example.com",
        action_flag=2,
        change_message="[]",
    )
    OperatorAct.objects.create(
        what="lift", endpoint=green, reason="green@example.com wrote to us", at=now
    )
    assert "green@example.com" in whole_database()
    before, key = counts(told), green.key

    forget("GREEN@example.com", now)

    text = whole_database()
    assert "green@example.com" not in text
    assert "g@other.example" not in text
    assert counts(told) == before
    green.refresh_from_db()
    assert green.key != key
    assert (green.erased_at, green.suppressed_because) == (now, "erased")
    assert Attempt.objects.get(result="permanent").detail == "550 5.1.1"
    assert Bounce.objects.get().detail == "550 5.1.1"
    assert Tenant.objects.get(ref="green").contact is None
    assert OperatorAct.objects.get(what="erase").reason == "Ticket 4711"


def test_two_erasures_of_one_address_cannot_be_told_to_be_the_same(
    told: Incident, now: datetime
) -> None:
    forget("blue@example.com", now)
    first = Endpoint.objects.get(pk=Endpoint.objects.filter(erased_at=now)[0].pk).address
    endpoint("blue@example.com")
    forget("blue@example.com", now)
    assert Endpoint.objects.filter(erased_at=now).exclude(address=first).count() == 1


def test_nothing_is_sent_to_an_erased_address_not_even_what_waits(
    told: Incident, now: datetime, operator: User, sink: Sink
) -> None:
    incident_service.post_update(
        incident_id=told.pk,
        stage="identified",
        statement=Statement("p", "t"),
        now=now,
        actor=operator,
    )
    plan.plan(communication_id=last(told).pk, now=now)
    forget("blue@example.com", now)
    sink.mails.clear()
    send.work()
    assert sink.receivers == ["red@example.com"]


def test_a_tenant_is_erased_with_what_is_its_own_alone(told: Incident, now: datetime) -> None:
    blue, red = Tenant.objects.get(ref="blue"), Tenant.objects.get(ref="red")
    rule(blue, "own@blue.example", "shared@example.org", "public@blue.example")
    rule(red, "shared@example.org")
    reader("public@blue.example")
    confirm_audience(told, "blue-1")
    before = counts(told)

    seen = erasure.plan_tenant("blue")
    assert sorted(each.address for each in seen.endpoints) == [
        "blue@example.com",
        "own@blue.example",
    ]
    assert (seen.subscriptions, seen.kept) == (1, 2)
    erasure.erase(seen, reason="Contract ended.", now=now, actor=None)

    text = whole_database()
    for word in ("blue@example.com", "own@blue.example", "blue-1", '"blue"', ",blue,"):
        assert word not in text, word
    assert "shared@example.org" in text
    assert ImpactedSubscription.objects.count() == 1
    assert CustomerSubscription.objects.filter(ref__startswith="erased-").count() == 1
    assert counts(told) == before


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (" ", "reason: is empty"),
        ("x" * 301, "shorten it to 300"),
        ("blue@example.com asked", "names the address"),
    ],
)
def test_a_bad_reason_erases_nothing(
    told: Incident, now: datetime, reason: str, words: str
) -> None:
    with pytest.raises(erasure.EraseError, match=words):
        erasure.erase(erasure.plan_address("blue@example.com"), reason=reason, now=now, actor=None)
    assert Endpoint.objects.filter(address="blue@example.com").exists()


def test_the_command_looks_first_and_erases_when_told_to(told: Incident) -> None:
    out = StringIO()
    call_command("erase", "blue@example.com", stdout=out)
    assert out.getvalue().startswith("would be erased (add --yes and --reason): 1 address(es)")
    assert Endpoint.objects.filter(address="blue@example.com").exists()
    call_command("erase", "blue@example.com", yes=True, reason="Ticket 4711", stdout=out)
    assert not Endpoint.objects.filter(address="blue@example.com").exists()
    for arguments in ((), ("a@example.com", "--tenant", "x"), ("nobody@example.com",)):
        with pytest.raises(CommandError) as refused:
            call_command("erase", *arguments)
        assert refused.value.returncode == 2
    with pytest.raises(CommandError, match="none with the reference 'nobody'"):
        call_command("erase", "--tenant", "nobody")


@pytest.fixture
def ended(told: Incident, now: datetime) -> Incident:
    """Over for two years, everything settled."""
    then = now - timedelta(days=730)
    Incident.objects.update(closed_at=then, updated_at=then, mitigated_at=None)
    Delivery.objects.update(created_at=then)
    return told


def test_what_has_aged_goes_and_its_counts_stay(ended: Incident, now: datetime) -> None:
    before = counts(ended)
    assert delivery_retention.age_out(now=now) == 3
    assert not Delivery.objects.exists()
    assert not Attempt.objects.exists()
    assert Bounce.objects.get().delivery is None
    assert counts(ended) == before
    assert set(DeliveryStatistics.objects.values_list("aged_at", flat=True)) == {now}
    assert delivery_retention.age_out(now=now) == 0


def test_a_run_that_is_cut_short_goes_on_where_it_was(
    ended: Incident, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = counts(ended)
    monkeypatch.setattr(delivery_retention, "SLICE", 1)
    steps = iter([True, False, False])
    assert delivery_retention.age_out(now=now, go_on=lambda: next(steps)) == 1
    assert delivery_retention.age_out(now=now) == 2
    assert counts(ended) == before


@pytest.mark.parametrize(
    "why",
    ["open", "touched", "waits", "young", "merged", "withdrawal", "owes a review", "for ever"],
)
def test_what_is_still_needed_never_ages(
    ended: Incident, now: datetime, why: str, settings: Settings, operator: User
) -> None:
    incidents = Incident.objects.filter(pk=ended.pk)
    match why:
        case "open":
            incidents.update(closed_at=None)
        case "touched":
            incidents.update(updated_at=now)
        case "waits":
            Delivery.objects.filter(state="sent").update(state="pending", sent_at=None)
        case "young":
            Delivery.objects.filter(endpoint__address="red@example.com").update(created_at=now)
        case "merged":
            other = incident_service.declare(declaration=declaration(), now=now, actor=operator)
            incidents.update(merged_into=other)
        case "withdrawal":
            incidents.update(published_at=now, withdraw_after_review=True)
        case "owes a review":
            settings.DELIVERY_RETENTION_DAYS = 30
            then = now - timedelta(days=40)
            incidents.update(started_at=then, closed_at=then, updated_at=then, mitigated_at=then)
            Delivery.objects.update(created_at=then)
        case _:
            settings.DELIVERY_RETENTION_DAYS = 0
    assert delivery_retention.age_out(now=now) == 0
    assert Delivery.objects.filter(incident=ended).count() == 3


def test_a_short_retention_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELIVERY_RETENTION_DAYS", "7")
    with pytest.raises(ImproperlyConfigured, match="DELIVERY_RETENTION_DAYS=7: use at least 30"):
        environment.retention("DELIVERY_RETENTION_DAYS", 400, least=30)
    monkeypatch.setenv("DELIVERY_RETENTION_DAYS", "0")
    assert environment.retention("DELIVERY_RETENTION_DAYS", 400, least=30) == 0
