"""Every real recording that widens or narrows, through the real planner: doubles and misses, both to be 0."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import transaction

from tests.notifications.widening import live_through, widening

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def lines(full: bool) -> Iterator[dict[str, object]]:
    start = time.perf_counter()
    lives = statements = told = doubles = misses = strangers = 0
    for case in widening():
        with transaction.atomic():  # each on an empty database
            outcome = live_through(case, NOW)
            transaction.set_rollback(True)
        lives += 1
        statements += outcome.statements
        told += outcome.told
        doubles += len(outcome.doubles)
        misses += len(outcome.misses)
        strangers += len(outcome.strangers)
    yield {
        "case": "recordings that widen",
        "lives": lives,
        "statements": statements,
        "told": told,
        "doubles": doubles,
        "misses": misses,
        "told_without_need": strangers,
        "seconds": round(time.perf_counter() - start, 1),
        "goal": 0,
    }
