"""One customer. Tries are counted in Redis, which outlives a test: each counts in a window of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from notifications.models import Tenant
from statuspage.api import authentication
from statuspage.portal import entering, where
from tests.notifications.cast import subscription, tenant
from tests.portal.people import person


@pytest.fixture(autouse=True)
def nobody_tried_before(monkeypatch: pytest.MonkeyPatch) -> None:
    own = replace(entering.PER_SENDER, name=f"portal-{datetime.now(UTC).timestamp()}")
    monkeypatch.setattr(entering, "PER_SENDER", own)
    for module, name in ((where, "PER_TENANT"), (authentication, "REFUSALS")):
        limit = replace(getattr(module, name), name=f"{own.name}-{name}")
        monkeypatch.setattr(module, name, limit)


@pytest.fixture
def nordwind(catalogue: None) -> Tenant:
    """A tenant in two regions, and Anna, who reads."""
    made = tenant("nordwind", ("key-vault", "west-europe"))
    subscription(made, "nordwind-dr", ("key-vault", "north-europe"))
    person("anna@nordwind.example.com", made)
    return made
