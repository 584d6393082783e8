"""No storms: what a claim may send now, what is held back, and which digest then tells it.

The unit is the endpoint. Beyond the hour's limit, updates wait; when the hour allows, the newest of them
goes out as a digest and tells the others, its items, too. An update that follows the last message of its incident too
soon waits, too. Whatever is next in the line of what waits takes it along, so that order holds, and what
is never held (first notices, ends, retractions, corrections) is not delayed by what is.

Runs inside the transaction of a claim. Rows of others are only taken where nobody holds them, so two
claims never wait for each other except, in one order, for an endpoint.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from notifications.models.delivery.told import told_at_sql
from notifications.vocabulary.delivery_states import LIMITED, SPACED, Channel, Deferral

# Held ones of a line, and the items of it in a waiting digest, go along with the newest that is claimed.
_NEWEST = """
  new.id = ANY (%(successors)s)
  AND old.incident_id = new.incident_id AND old.endpoint_id = new.endpoint_id
  AND old.communication_id < new.communication_id
  AND NOT EXISTS (
    SELECT FROM notifications_delivery newer
    WHERE newer.id = ANY (%(successors)s) AND newer.incident_id = new.incident_id
      AND newer.endpoint_id = new.endpoint_id AND newer.communication_id > new.communication_id)
"""
_TAKE_HELD = f"""
WITH taken AS MATERIALIZED (
  SELECT old.id, new.id AS digest_id
  FROM notifications_delivery new, notifications_delivery old
  WHERE {_NEWEST} AND ((old.state = 'pending' AND old.deferred <> '') OR old.claim = %(claim)s)
  FOR UPDATE OF old SKIP LOCKED
)
UPDATE notifications_delivery d
SET state = 'skipped', skip_reason = 'in_digest', digest_id = taken.digest_id, deferred = '',
  attempts = d.attempts - (d.state = 'sending')::int, claim = NULL, lease_until = NULL
FROM taken WHERE d.id = taken.id
RETURNING d.id
"""  # noqa: S608 - parts of our own
_TAKE_ITEMS = f"""
WITH taken AS MATERIALIZED (
  SELECT old.id, new.id AS digest_id
  FROM notifications_delivery new, notifications_delivery old, notifications_delivery other
  WHERE {_NEWEST} AND old.skip_reason = 'in_digest' AND other.id = old.digest_id
    AND other.id <> new.id AND (other.state = 'pending' OR other.claim = %(claim)s)
  FOR UPDATE OF old, other SKIP LOCKED
)
UPDATE notifications_delivery d SET digest_id = taken.digest_id
FROM taken WHERE d.id = taken.id
"""  # noqa: S608 - the same
# The items of a digest go where the digest itself has gone.
_MOVE_ITEMS_ALONG = """
UPDATE notifications_delivery item SET digest_id = former.digest_id
FROM notifications_delivery former
WHERE former.id = ANY (%(ids)s) AND item.digest_id = former.id AND item.skip_reason = 'in_digest'
"""
# Another claim was faster with an older one of the line: give the newer one back. For a moment, or the
# next claim would pick it at once, again and again, before all that is due after it. What was superseded
# is in no digest any more that still waits; one under way may have been filled just before.
_GIVE_BACK = """
UPDATE notifications_delivery d
SET state = 'pending', claim = NULL, lease_until = NULL, attempts = d.attempts - 1,
  next_attempt_at = clock_timestamp() + interval '1 second'
WHERE d.id = ANY (%(successors)s) AND d.claim = %(claim)s AND EXISTS (
  SELECT FROM notifications_delivery older
  LEFT JOIN notifications_delivery digest ON digest.id = older.digest_id
  WHERE older.incident_id = d.incident_id AND older.endpoint_id = d.endpoint_id
    AND older.communication_id < d.communication_id
    AND (older.state IN ('pending', 'sending') OR (digest.id <> d.id
      AND (digest.state = 'sending'
        OR (digest.state = 'pending' AND older.skip_reason = 'in_digest')))))
"""

# One claim at a time counts for an endpoint.
_LOCK = """
SELECT pg_advisory_xact_lock(7104, endpoint) FROM (
  SELECT DISTINCT (endpoint_id %% 2147483647)::int AS endpoint
  FROM notifications_delivery WHERE id = ANY (%(ids)s) ORDER BY 1 OFFSET 0) AS e
"""
_JUDGE = f"""
WITH mine AS MATERIALIZED (
  SELECT d.id, d.endpoint_id, d.communication_id, d.priority,
    CASE WHEN d.priority = ANY (%(spaced)s) AND %(interval)s > 0 THEN (
      SELECT max({told_at_sql("said")}) FROM notifications_delivery said
      WHERE said.incident_id = d.incident_id AND said.endpoint_id = d.endpoint_id
    ) + %(interval)s * interval '1 second' END AS spaced_until
  FROM notifications_delivery d
  WHERE d.id = ANY (%(ids)s) AND d.claim = %(claim)s AND d.priority = ANY (%(limited)s)
),
used AS MATERIALIZED (
  SELECT e.endpoint_id, (
      SELECT count(*) FROM notifications_delivery s
      WHERE s.endpoint_id = e.endpoint_id
        AND s.sent_at > statement_timestamp() - interval '1 hour') AS sent, (
      SELECT count(*) FROM notifications_delivery s
      WHERE s.endpoint_id = e.endpoint_id AND s.sent_at IS NULL AND s.settled_as IS NULL AND s.state = 'sending'
        AND NOT (s.claim = %(claim)s AND s.priority = ANY (%(limited)s))) AS under_way
  FROM (SELECT DISTINCT endpoint_id FROM mine) AS e
),
placed AS MATERIALIZED (
  SELECT mine.*, used.sent, used.under_way,
    coalesce(spaced_until > statement_timestamp(), false) AS too_soon,
    row_number() OVER (
      PARTITION BY endpoint_id, coalesce(spaced_until > statement_timestamp(), false)
      ORDER BY mine.priority, mine.id) AS place
  FROM mine JOIN used USING (endpoint_id)
)
SELECT id, endpoint_id, communication_id, too_soon,
  coalesce(NOT too_soon AND place + sent + under_way > %(limit)s, false) AS over,
  coalesce(NOT too_soon AND place + sent + under_way = %(limit)s, false) AS last,
  CASE WHEN too_soon THEN spaced_until ELSE coalesce((
    -- When enough of the hour's messages are older than an hour for one more.
    SELECT s.sent_at + interval '1 hour' FROM notifications_delivery s
    WHERE s.endpoint_id = placed.endpoint_id
      AND s.sent_at > statement_timestamp() - interval '1 hour'
    ORDER BY s.sent_at OFFSET GREATEST(placed.sent + placed.under_way - %(limit)s, 0) LIMIT 1
  ), statement_timestamp() + interval '1 minute') END AS until
FROM placed
"""  # noqa: S608 - the same
# What waits for a moment of its own, the end of quiet hours or the daily summary, goes on waiting for that.
_WAITING = """
SELECT id, endpoint_id, communication_id FROM notifications_delivery
WHERE endpoint_id = ANY (%(endpoints)s) AND deferred IN ('limit', 'interval') AND NOT id = ANY (%(ids)s)
FOR UPDATE SKIP LOCKED
"""
_DEFER = """
UPDATE notifications_delivery d
SET state = 'pending', deferred = held.deferred, next_attempt_at = held.until, claim = NULL,
  lease_until = NULL, attempts = d.attempts - (d.state = 'sending')::int
FROM unnest(%(ids)s::bigint[], %(holds)s::text[], %(untils)s::timestamptz[])
  AS held(id, deferred, until)
WHERE d.id = held.id
"""
_PUT_INTO_DIGESTS = """
UPDATE notifications_delivery d
SET state = 'skipped', skip_reason = 'in_digest', digest_id = chosen.digest_id, deferred = '',
  attempts = d.attempts - (d.state = 'sending')::int, claim = NULL, lease_until = NULL
FROM unnest(%(ids)s::bigint[], %(digest_ids)s::bigint[]) AS chosen(id, digest_id)
WHERE d.id = chosen.id
"""


# One digest per endpoint and moment, the newest; whoever is being claimed at this moment leaves as it is. A
# machine is told of each incident for itself, or it would not know which of them has begun or ended.
_SUMMARIES = """
WITH waiting AS MATERIALIZED (
  SELECT d.id, first_value(d.id) OVER (
    PARTITION BY d.endpoint_id, d.next_attempt_at ORDER BY d.communication_id DESC, d.id DESC)
    AS digest_id
  FROM notifications_delivery d
  WHERE d.deferred = %(held)s AND d.channel <> ALL (%(singly)s) AND d.endpoint_id IN (
    SELECT endpoint_id FROM notifications_delivery
    WHERE incident_id = (SELECT incident_id FROM incidents_communication WHERE id = %(communication)s)
      AND communication_id = %(communication)s AND deferred = %(held)s
      AND endpoint_id > %(after)s AND endpoint_id <= %(upto)s)
)
SELECT d.id, waiting.digest_id FROM notifications_delivery d JOIN waiting USING (id)
WHERE d.id <> waiting.digest_id AND d.deferred = %(held)s FOR UPDATE OF d SKIP LOCKED
"""


@dataclass(frozen=True, slots=True)
class _Judged:
    id: int
    endpoint: int
    communication: int
    too_soon: bool
    over: bool
    last: bool
    until: datetime


def take_along(claim: uuid.UUID, successors: Sequence[int]) -> None:
    """Let claimed deliveries take along what waits in their lines; give back what came too early."""
    if not successors:
        return
    facts: dict[str, Any] = {"claim": claim, "successors": list(successors)}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_HELD, facts)
        if taken := [row[0] for row in cursor.fetchall()]:
            cursor.execute(_MOVE_ITEMS_ALONG, {"ids": taken})
        # After that: items of a line that another goes on with, of a digest that was taken, lie with the first by now.
        cursor.execute(_TAKE_ITEMS, facts)
        cursor.execute(_GIVE_BACK, facts)


def apply_rate_limits(claim: uuid.UUID, ids: Sequence[int]) -> set[int]:
    """Hold back what is too much for now; returns which of the rest are the last of their hour.

    `ids`: claimed deliveries that may be held. The hour is the database's, and rolls.
    """
    limit, interval = settings.HOURLY_LIMIT, settings.UPDATE_INTERVAL
    if not ids or not (limit or interval):
        return set()
    facts: dict[str, Any] = {
        "claim": claim,
        "ids": list(ids),
        "limit": limit or None,  # NULL: nothing is over it
        "interval": interval,
        "spaced": sorted(SPACED),
        "limited": sorted(LIMITED),
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, facts)
        cursor.execute(_JUDGE, facts)
        judged = [_Judged(*row) for row in cursor.fetchall()]
    over = [each for each in judged if each.over]
    _defer([(each.id, Deferral.INTERVAL, each.until) for each in judged if each.too_soon])
    if over:
        _gather(over)
    return {each.id for each in judged if each.last}


def lock_summaries() -> None:
    """One planner at a time adds to daily summaries: two that do not see each other would make two of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7105, 0)")


def gather_summaries(*, communication_id: int, after: int, upto: int) -> None:
    """What waits for a reader's daily summary goes along with the newest of it. `after`, `upto`: endpoint ids."""
    _gather_held(Deferral.DAILY, communication_id, after=after, upto=upto)


def gather_quiet(*, communication_id: int) -> None:
    """What waits for the end of quiet hours goes along with the newest of it, but to machines."""
    _gather_held(Deferral.QUIET, communication_id, singly=(Channel.WEBHOOK,))


def _gather_held(
    held: Deferral,
    communication_id: int,
    *,
    after: int = 0,
    upto: int = 2**63 - 1,
    singly: Sequence[Channel] = (),
) -> None:
    facts: dict[str, Any] = {
        "held": held.value,
        "communication": communication_id,
        "after": after,
        "upto": upto,
        "singly": [each.value for each in singly],
    }
    with connection.cursor() as cursor:
        cursor.execute(_SUMMARIES, facts)
        rows = cursor.fetchall()
    if rows:
        ids, digest_ids = [row[0] for row in rows], [row[1] for row in rows]
        _execute(_PUT_INTO_DIGESTS, ids=ids, digest_ids=digest_ids)
        _execute(_MOVE_ITEMS_ALONG, ids=ids)


def _defer(held: Sequence[tuple[int, Deferral, datetime]]) -> None:
    if held:
        ids, holds, untils = (list(column) for column in zip(*held, strict=True))
        _execute(_DEFER, ids=ids, holds=[str(hold) for hold in holds], untils=untils)


def _gather(over: Sequence[_Judged]) -> None:
    """One digest per endpoint: the newest of what waits, with the others as its items."""
    waiting: dict[int, list[tuple[int, int]]] = defaultdict(list)  # endpoint: (communication, id)
    until = {each.endpoint: each.until for each in over}
    for each in over:
        waiting[each.endpoint].append((each.communication, each.id))
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, {"endpoints": list(until), "ids": [each.id for each in over]})
        for pk, endpoint, communication in cursor.fetchall():
            waiting[endpoint].append((communication, pk))
    held, ids, digest_ids = [], [], []
    for endpoint, rows in waiting.items():
        *others, (_, digest_id) = sorted(rows)
        held.append((digest_id, Deferral.LIMIT, until[endpoint]))
        ids += [pk for _, pk in others]
        digest_ids += [digest_id] * len(others)
    _defer(held)
    if ids:
        _execute(_PUT_INTO_DIGESTS, ids=ids, digest_ids=digest_ids)
        _execute(_MOVE_ITEMS_ALONG, ids=ids)


def _execute(statement: str, **facts: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
