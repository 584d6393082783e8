"""A host that fails again and again is left alone for a while. What waits for it stays in its row."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import connection

from notifications import lifecycle
from notifications.channels.registry import CHANNELS
from notifications.lifecycle import Channel
from notifications.models import Breaker, Endpoint

Key = tuple[str, str]  # channel, host

# Of several workers that fail at the same time the longest pause holds.
_NOTE = """
INSERT INTO notifications_breaker AS b (channel, host, failures, open_until)
VALUES (%s, %s, %s, clock_timestamp() + %s * interval '1 second')
ON CONFLICT (channel, host) DO UPDATE
SET failures = EXCLUDED.failures, open_until = CASE WHEN EXCLUDED.failures > 0
  THEN GREATEST(b.open_until, EXCLUDED.open_until) END
"""


@dataclass
class Hosts:
    """What a batch learns of the hosts it meets. `load` first, `save` in the end."""

    _failures: dict[Key, int] = field(default_factory=dict)
    _pauses: dict[Key, timedelta] = field(default_factory=dict)
    _changed: set[Key] = field(default_factory=set)

    def load(self, endpoints: Iterable[Endpoint]) -> None:
        """Read what other batches have learnt; a host whose pause is over is tried with one message."""
        keys = {key_of(endpoint) for endpoint in endpoints}
        rows = Breaker.objects.filter(host__in={host for _, host in keys}, failures__gt=0)
        self._failures = {
            (row.channel, row.host): row.failures for row in rows if (row.channel, row.host) in keys
        }

    def stopped(self, key: Key) -> bool:
        return key in self._pauses

    def succeeded(self, key: Key) -> None:
        if self._failures.get(key):
            self._failures[key] = 0
            self._changed.add(key)

    def failed(self, key: Key, *, retry_after: timedelta | None = None) -> None:
        """Count a failure that says something about the whole host."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        self._changed.add(key)
        beyond = failures - CHANNELS[Channel(key[0])].breaker_after + 1
        if beyond > 0:
            self._pauses[key] = lifecycle.wait_after(
                beyond,
                jitter=random.random(),  # noqa: S311 - spreads retries, guards nothing
                retry_after=retry_after,
            )

    def save(self) -> None:
        with connection.cursor() as cursor:
            for key in sorted(self._changed):
                pause = self._pauses.get(key, timedelta(0))
                cursor.execute(_NOTE, (*key, self._failures[key], pause.total_seconds()))
        self._changed.clear()


def key_of(endpoint: Endpoint) -> Key:
    return endpoint.channel, endpoint.host
