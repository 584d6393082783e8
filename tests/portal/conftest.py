"""One customer. Tries are counted in Redis, which outlives a test: each counts in a window of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from notifications.models import Tenant
from statuspage.api import authentication
from statuspage.portal import entering, where
from tests.notifications.cast import subscription, tenant
from tests.notifications.conftest import sink as sink
from tests.portal.people import person


@pytest.fixture(autouse=True)
def nobody_tried_before(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"portal-{datetime.now(UTC).timestamp()}"
    for module, limit in (
        (entering, "PER_SENDER"),
        (entering, "PER_PAIR"),
        (where, "PER_TENANT"),
        (authentication, "REFUSALS"),
    ):
        own = replace(getattr(module, limit), name=f"{name}-{limit}")
        monkeypatch.setattr(module, limit, own)


@pytest.fixture
def nordwind(catalogue: None) -> Tenant:
    """A tenant in two regions, and Anna, who reads."""
    made = tenant("nordwind", ("key-vault", "west-europe"))
    subscription(made, "nordwind-dr", ("key-vault", "north-europe"))
    person("anna@nordwind.example.com", made)
    return made
