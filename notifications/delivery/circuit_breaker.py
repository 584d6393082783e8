"""Who fails again and again is left alone for a while: an endpoint by itself, then a host as a whole.

A host of many customers is not to blame for one of them: it counts how many of its endpoints fail in a row, each
of them once. What waits stays in its row; the claim passes over hosts, and what waits for an endpoint alone is
given back.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import connection, transaction

from incidents import prepared_statements
from notifications.channels.registry import CHANNELS
from notifications.models import Endpoint
from notifications.vocabulary import delivery_states
from notifications.vocabulary.delivery_states import Channel

Key = tuple[str, str]  # channel, host; or channel and `endpoint <id>`, which is no host's name

_KNOWN = """
SELECT channel, host, failures,
  CASE WHEN open_until > clock_timestamp() THEN open_until - clock_timestamp() END
FROM notifications_breaker WHERE host = ANY (%(hosts)s::text[]) AND failures > 0
"""
# Of several workers that fail at the same time each counts, and the longest pause holds. What was taken ends only the
# row of failures that was known of it: others may have met newer ones since.
_NOTE = """
INSERT INTO notifications_breaker AS b (channel, host, failures, open_until)
VALUES (%(channel)s, %(host)s, %(added)s, clock_timestamp() + %(pause)s * interval '1 second')
ON CONFLICT (channel, host) DO UPDATE SET (failures, open_until) = (
  SELECT total, CASE WHEN total > 0 THEN GREATEST(b.open_until, EXCLUDED.open_until) END
  FROM (SELECT EXCLUDED.failures
    + CASE WHEN %(taken)s AND b.failures = %(known)s THEN 0 ELSE b.failures END) AS met (total))
RETURNING failures
"""


@dataclass
class Breakers:
    """What a batch learns of the endpoints and hosts it meets. `load` first, `save` in the end."""

    _failures: dict[Key, int] = field(default_factory=dict)  # in a row, as far as is known here
    _known: dict[Key, int] = field(default_factory=dict)  # of these, when they were read or saved
    _taken: set[Key] = field(default_factory=set)  # took something since
    _pauses: dict[Key, timedelta] = field(default_factory=dict)
    _changed: set[Key] = field(default_factory=set)

    def load(self, endpoints: Iterable[Endpoint]) -> None:
        """Read what other batches have learnt; whose pause is over is tried with one message."""
        keys = {
            key
            for endpoint in endpoints
            for key in (host_of(endpoint), alone(endpoint))
            if endpoint.host or not _is_alone(key)  # of mail there is one host, our relay
        }
        with prepared_statements.executed(
            _KNOWN, {"hosts": prepared_statements.texts({host for _, host in keys})}
        ) as cursor:
            for channel, host, failures, left in cursor.fetchall():
                key = (channel, host)
                if key not in keys:
                    continue
                self._failures[key] = self._known[key] = failures
                # Of a host the claim has seen to it.
                if _is_alone(key) and left:
                    self._pauses[key] = left

    def pause(self, endpoint: Endpoint) -> timedelta:
        """How long nothing is sent to it; zero where it may be tried."""
        if not self._pauses:
            return timedelta(0)
        if host_of(endpoint) in self._pauses:
            return delivery_states.FIRST_WAIT
        return self._pauses.get(alone(endpoint), timedelta(0))

    def succeeded(self, endpoint: Endpoint) -> None:
        if not (self._pauses or self._failures):
            return
        for key in (host_of(endpoint), alone(endpoint)):
            self._pauses.pop(key, None)
            if self._failures.get(key):
                self._failures[key] = 0
                self._taken.add(key)
                self._changed.add(key)

    def failed(self, endpoint: Endpoint, *, retry_after: timedelta | None = None) -> None:
        """Count a failure that says something about whatever else would be sent there."""
        host, by_itself = host_of(endpoint), alone(endpoint)
        most = CHANNELS[Channel(endpoint.channel)].breaker_after
        if not Channel(endpoint.channel).is_web:
            self._count(host, most, retry_after)  # one relay for all of them
            return
        is_known = self._failures.get(by_itself, 0) > 0
        self._count(by_itself, most, retry_after)
        if not is_known or self._failures.get(host, 0) >= most:
            self._count(host, most, retry_after)

    def _count(self, key: Key, most: int, retry_after: timedelta | None) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        self._changed.add(key)
        if failures >= most:
            self._pauses[key] = delivery_states.wait_after(
                failures - most + 1,
                jitter=random.random(),  # noqa: S311 - spreads retries, guards nothing
                retry_after=retry_after,
            )

    def save(self) -> None:
        """Add what was met here to what others have met meanwhile."""
        saved: dict[Key, int] = {}
        with transaction.atomic(), connection.cursor() as cursor:
            for key in sorted(self._changed):
                known, taken = self._known.get(key, 0), key in self._taken
                facts: dict[str, str | int | float] = {
                    "channel": key[0],
                    "host": key[1],
                    "added": self._failures[key] - (0 if taken else known),
                    "pause": self._pauses.get(key, timedelta(0)).total_seconds(),
                    "taken": taken,
                    "known": known,
                }
                cursor.execute(_NOTE, facts)
                (saved[key],) = cursor.fetchone()
        self._failures.update(saved)
        self._known.update(saved)
        self._taken.clear()
        self._changed.clear()


_ALONE = "endpoint "


def host_of(endpoint: Endpoint) -> Key:
    return endpoint.channel, endpoint.host


def alone(endpoint: Endpoint) -> Key:
    """The endpoint's own breaker; a blank stands in no host's name."""
    return endpoint.channel, f"{_ALONE}{endpoint.pk}"


def _is_alone(key: Key) -> bool:
    return key[1].startswith(_ALONE)
