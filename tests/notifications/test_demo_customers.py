"""The demo's customers: they fit the shipped catalogue, and seeding may run any number of times."""

from __future__ import annotations

import io
from datetime import datetime

import pytest
from django.core.management import call_command

from incidents.importers.catalogue_file import load_shipped
from incidents.services.imports.catalogue import apply_catalogue
from notifications.models import AlertRule, Endpoint, Footprint, PublicTopic, Tenant


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
