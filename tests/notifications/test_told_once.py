"""Whoever is newly hit gets one first notice, whoever was told gets the update, and nobody gets two.

A sample of the real recordings that widen; `python -m tests.bench told_once` lives through all of them.
"""

from __future__ import annotations

from datetime import datetime

import pytest

from incidents.replay.replay import BacktestCase
from tests.notifications.widening import live_through, widening

SAMPLE = widening()[::16]


@pytest.mark.django_db
@pytest.mark.parametrize("case", SAMPLE, ids=lambda case: case.tracking_id)
def test_everybody_concerned_is_told_once(case: BacktestCase, now: datetime) -> None:
    outcome = live_through(case, now)
    assert outcome.statements >= 3
    assert outcome.told
    assert (outcome.doubles, outcome.misses, outcome.strangers) == ([], [], [])
