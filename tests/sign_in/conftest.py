from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group, User

from incidents import access
from notifications.subscribers.request_rate_limits import Limit
from statuspage.sign_in import limits
from statuspage.sign_in.hashing import BoundedHasher

PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def nobody_tried_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries are counted in Redis, which outlives a test: each counts in windows of its own."""
    for name in ("PER_ADDRESS", "PER_ACCOUNT", "PER_PAIR", "PER_BROWSER"):
        limit: Limit = getattr(limits, name)
        own = Limit(f"{limit.name}-{datetime.now(UTC).timestamp()}", limit.most, limit.within)
        monkeypatch.setattr(limits, name, own)


@pytest.fixture(autouse=True)
def hashing_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedHasher, "iterations", 1000)


@pytest.fixture
def olga(db: None) -> User:
    """An operator with a password."""
    user = User.objects.create_user("olga", password=PASSWORD, is_staff=True)
    user.groups.set(Group.objects.filter(name=access.OPERATOR))
    return user
