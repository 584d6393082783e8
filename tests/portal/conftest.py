"""Tries are counted in Redis, which outlives a test: each counts in a window of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from statuspage.portal import entering


@pytest.fixture(autouse=True)
def nobody_tried_before(monkeypatch: pytest.MonkeyPatch) -> None:
    own = replace(entering.PER_SENDER, name=f"portal-{datetime.now(UTC).timestamp()}")
    monkeypatch.setattr(entering, "PER_SENDER", own)
