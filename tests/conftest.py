"""The cast: a small catalogue, an operator, a fixed clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import hypothesis
import pytest
from allauth.core.internal import ratelimit
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection

from incidents.importers.catalogue_file import read_catalogue
from incidents.models import Region, Service
from incidents.services.alerts import cells
from incidents.services.imports.catalogue import apply_catalogue
from incidents.services.inputs import Declaration, Hit
from statuspage.sign_in import limits
from statuspage.sign_in.hashing import BoundedHasher
from tests.writers import only_services_write

# Times are measured by `make bench`: what is slow on a busy machine is not wrong.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

# No password of a test is worth half a second.
BoundedHasher.iterations = 1_000

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

CATALOGUE = """
prefix: Azure
geographies:
  - name: Americas
    regions:
      - {name: East US, zones: [1, 2, 3]}
      - {name: West US}
  - name: Europe
    aliases: [European]
    regions:
      - {name: West Europe, zones: [1, 2, 3]}
      - {name: North Europe, zones: [1, 2, 3]}
categories:
  - name: Management
    services:
      - {name: Azure Resource Manager, aliases: [ARM]}
      - {name: Azure Portal, non_regional: true, offered: []}
  - name: Storage
    offered: all
    depends_on: [Azure Resource Manager]
    services:
      - Storage
      - Key Vault
  - name: Analytics
    services:
      - {name: Databricks, offered: [West Europe]}
"""


@pytest.fixture(autouse=True)
def rows_about_incidents_are_written_by_services_alone() -> Iterator[None]:
    with connection.execute_wrapper(only_services_write):
        yield


@pytest.fixture(autouse=True)
def nobody_signed_in_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries to sign in are counted in Redis, which outlives a test: each counts in windows of its own."""
    for name in ("PER_ADDRESS", "PER_ACCOUNT", "PER_PAIR", "PER_BROWSER"):
        limit = getattr(limits, name)
        own = replace(limit, name=f"{limit.name}-{datetime.now(UTC).timestamp()}")
        monkeypatch.setattr(limits, name, own)
    key, begun = ratelimit.get_cache_key, datetime.now(UTC).timestamp()

    def own_key(*args: Any, **kwargs: Any) -> str:
        return f"{begun}:{key(*args, **kwargs)}"

    monkeypatch.setattr(ratelimit, "get_cache_key", own_key)


@pytest.fixture(autouse=True)
def catalogue_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue that is rolled back leaves no higher number behind."""
    monkeypatch.setattr(cells, "_kept", None)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def catalogue(db: None) -> None:
    apply_catalogue(catalogue=read_catalogue(CATALOGUE), now=NOW)


@pytest.fixture
def application(db: None) -> Iterator[WSGIHandler]:
    """What a server runs; it leaves the test's transaction open, as the test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield WSGIHandler()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def operator(db: None) -> User:
    """May do everything; without a password, as hashing one takes half a second."""
    return get_user_model().objects.create(username="olga", is_staff=True, is_superuser=True)


def hit(service: str, region: str, **more: object) -> Hit:
    return Hit(Service.objects.get(slug=service), Region.objects.get(slug=region), **more)  # type: ignore[arg-type]  # keywords are passed through


def declaration(*hits: Hit, **more: object) -> Declaration:
    """One service in one region, an Error, audience estimated: targeted only, unless told otherwise."""
    values: dict[str, object] = {
        "level": "error",
        "audience": "estimated",
        "public_title": "Key Vault requests fail",
        "hits": hits,
        "started_at": datetime(2026, 3, 1, 9, 0, tzinfo=UTC),
    }
    if not hits and "hits" not in more:
        values["hits"] = (hit("key-vault", "west-europe"),)
    return Declaration(**(values | more))  # type: ignore[arg-type]  # keywords are passed through
