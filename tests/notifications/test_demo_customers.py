"""The demo's customers: they fit the shipped catalogue, and seeding may run any number of times."""

from __future__ import annotations

import io
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone

from incidents.importers.catalogue_file import load_shipped
from incidents.models import Incident
from incidents.services.imports.catalogue import apply_catalogue
from incidents.services.published_figures import published_figures
from notifications.audience.tenants import tenant_events
from notifications.customers.rules import rule_tester
from notifications.evidence import when_told
from notifications.models import AlertRule, Delivery, Endpoint, Footprint, PublicTopic, Tenant


@pytest.fixture
def shipped(db: None, now: datetime) -> None:
    apply_catalogue(catalogue=load_shipped(), now=now)


def counts() -> tuple[int, ...]:
    tables = (Tenant, Footprint, AlertRule, Endpoint, PublicTopic)
    return tuple(table._default_manager.count() for table in tables)


def test_seeding_twice_gives_the_same_dozen_tenants(shipped: None) -> None:
    call_command("seed_demo", stdout=io.StringIO())
    first = counts()
    call_command("seed_demo", stdout=io.StringIO())
    assert counts() == first
    assert first[0] == 12


def test_every_demo_address_is_one_that_nobody_owns(shipped: None) -> None:
    call_command("seed_demo", stdout=io.StringIO())
    for address in Endpoint.objects.values_list("address", flat=True):
        assert address.endswith(("@example.com", ".example.com"))


def test_every_rule_of_the_demo_leads_to_somebody(shipped: None) -> None:
    call_command("seed_demo", stdout=io.StringIO())
    for rule in AlertRule.objects.all():
        assert rule.action_groups.get().endpoints.exists()
        assert rule.services.exists() or rule.regions.exists() or rule.tenant.ref == "tulip"


def test_the_demos_past_was_told_to_those_it_hit_alone(shipped: None, db: None) -> None:
    User.objects.create(username="operator", is_staff=True, is_superuser=True)
    call_command("seed_demo", stdout=io.StringIO())
    for _ in range(2):
        call_command("seed_demo_events", stdout=io.StringIO())
    nordwind = Tenant.objects.get(ref="nordwind")
    events = tenant_events.events_of(nordwind)
    assert len(events) == 5
    assert {each.basis.value for each in events} == {"footprint"}
    assert not Incident.objects.public().exists()
    assert not Delivery.objects.exclude(state="sent").exists()
    assert not Delivery.objects.filter(sent_at__gt=timezone.now() - timedelta(days=5)).exists()
    assert rule_tester.replay(nordwind, since=timezone.now() - timedelta(days=365)).told()
    issue = Incident.objects.get(tracking_id="DEMO-KV1")
    told = when_told.told_of(nordwind, issue.pk)
    assert len(told) == 5
    assert {each.state for each in told} == {"accepted by the other side"}
    assert issue.reviews.count() == 2
    shown = published_figures()
    assert shown is not None
    assert {each["untold"] for each in shown.figures["quarters"]} == {0}
    assert all(each["impact_to_told"]["count"] for each in shown.figures["quarters"])
