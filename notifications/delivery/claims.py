"""Claiming deliveries: a short transaction before the sending; `settlement` is the one after it.

A claim is a lease by the database's clock.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter

from django.db import connection, transaction

from incidents import prepared_statements
from notifications.audience import concern
from notifications.delivery import rate_limits
from notifications.models import Channel, Delivery, Endpoint
from notifications.models.delivery import rows, statements
from notifications.vocabulary.delivery_states import LIMITED, SkipReason

# Longer than a batch may take (send.BATCH_SECONDS) plus the slowest single mail, plus send.DATABASE_PATIENCE: a worker
# that waits for the database must not find, when it is back, that another has what it had sent already.
LEASE = timedelta(seconds=75)

# What no message is made of, and what the claim itself has just set.
_LATER = frozenset(
    {
        "state",
        "settled_as",
        "skip_reason",
        "deferred",
        "quiet",
        "content",
        "own_words",
        "claim",
        "lease_until",
        "next_attempt_at",
        "created_at",
        "sent_at",
        "shown",
        "consent",
        "suppressed_because",
        "lifted_at",
        "erased_at",
        "post_kinds",
        "post_least_level",
        "post_cadence",
    }
)

# Within one incident an endpoint hears things in their order: nothing is claimed while an older delivery of its
# line waits or is under way, alone or in a digest (`ahead`). What is `held` back goes along with the next one, its
# successor. A host whose breaker is open is passed over. Picked once and for all: as one side of a join it would be
# picked anew for each row of the other, if the planner took it into its head.
_CLAIM = f"""
WITH resting AS MATERIALIZED (
  SELECT host FROM notifications_breaker
  WHERE channel = %(channel)s AND open_until > clock_timestamp()
),
picked AS MATERIALIZED (
  SELECT p.id, line.held FROM notifications_delivery p
  CROSS JOIN LATERAL (
    SELECT
      bool_or(older.state = 'sending' OR (older.state = 'pending' AND older.deferred = '')
        OR digest.state = 'sending') AS ahead,
      bool_or(older.deferred <> '' OR older.digest_id IS NOT NULL) AS held
    FROM notifications_delivery older
    LEFT JOIN notifications_delivery digest ON digest.id = older.digest_id
    WHERE older.incident_id = p.incident_id AND older.endpoint_id = p.endpoint_id
      AND older.communication_id < p.communication_id) line
  WHERE p.settled_as IS NULL AND p.state = 'pending' AND p.channel = %(channel)s
    AND p.next_attempt_at <= clock_timestamp()
    AND NOT EXISTS (SELECT FROM notifications_killswitch WHERE released_at IS NULL)
    AND (NOT EXISTS (SELECT FROM resting) OR NOT EXISTS (
      SELECT FROM notifications_endpoint e
      WHERE e.id = p.endpoint_id AND e.host IN (SELECT host FROM resting) OFFSET 0))
    AND line.ahead IS NOT TRUE
  ORDER BY p.priority, p.next_attempt_at, p.id
  LIMIT %(most)s
  FOR UPDATE OF p SKIP LOCKED
),
listed AS (
  INSERT INTO notifications_claimedbatch (claim, deliveries)
  SELECT %(claim)s, array_agg(id) FROM picked HAVING count(*) > 0
)
UPDATE notifications_delivery d
SET state = 'sending', claim = %(claim)s, lease_until = clock_timestamp() + %(lease)s * interval '1 second',
  attempts = d.attempts + 1, deferred = ''
FROM notifications_endpoint e
WHERE d.id = ANY (ARRAY(SELECT id FROM picked)) AND e.id = d.endpoint_id
RETURNING d.id = ANY (ARRAY(SELECT id FROM picked WHERE held)) AS successor,
  clock_timestamp() - d.created_at, {rows.columns(Delivery, "d", later=_LATER)},
  {rows.columns(Endpoint, "e", later=_LATER)}
"""  # noqa: S608 - names of columns
_WIDTH = len(set(map(attrgetter("attname"), Delivery._meta.concrete_fields)) - _LATER)

# The items of digests, the oldest first.
_ITEMS = f"""
SELECT {rows.columns(Delivery, "d")} FROM notifications_delivery d
WHERE d.digest_id = ANY (%(ids)s::bigint[]) AND d.skip_reason = 'in_digest'
ORDER BY d.communication_id
"""  # noqa: S608 - names of columns

# Of these, what is neither held back nor taken along by another.
_STILL_CLAIMED = """
SELECT id FROM notifications_delivery WHERE id = ANY (%(ids)s::bigint[]) AND claim = %(claim)s
"""

# Right after a large fan-out the statistics know nothing of it, and the planner would sort all that is
# due for each batch. Walking `delivery_due` in its order ends after a batch, always; the fence of OFFSET
# keeps it from reading every endpoint there is for the few that are picked.
_IN_INDEX_ORDER = """
SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off;
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off
"""

_CHANNELS_DUE = """
SELECT asked FROM unnest(%(channels)s::text[]) AS asked
WHERE NOT EXISTS (SELECT FROM notifications_killswitch WHERE released_at IS NULL)
  AND EXISTS (
    SELECT FROM notifications_delivery d
    WHERE d.settled_as IS NULL AND d.state = 'pending' AND d.channel = asked
      AND d.next_attempt_at <= clock_timestamp() - %(since)s * interval '1 second')
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """Deliveries under one claim, the urgent first. `picked`: with those that were held back at once."""

    claim: uuid.UUID
    deliveries: Sequence[Delivery]
    picked: int = 0


def claim(*, most: int, channel: str) -> Batch:
    """Lease up to `most` due deliveries of a channel to the caller."""
    token = uuid.uuid4()
    facts = {
        "claim": token,
        "lease": LEASE.total_seconds(),
        "most": most,
        "channel": channel,
    }
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_IN_INDEX_ORDER)
        with prepared_statements.executed(_CLAIM, facts) as claimed:
            picked = [_delivery(row) for row in claimed.fetchall()]
        deliveries, last = _kept(
            token, [one for one, _ in picked], [one.id for one, s in picked if s]
        )
    if not picked:
        return Batch(token, [])
    attach(deliveries)
    for delivery in deliveries:
        delivery.last_of_hour = delivery.id in last
    return Batch(token, deliveries, len(picked))


def attach(deliveries: Sequence[Delivery]) -> None:
    """What a message is made of: the statements, the items of digests, and what of theirs it touches.

    An item that must not be told leaves its digest here, as skipped for its own reason.
    """
    items = _digest_items_of(deliveries)
    # Texts are long and shared: once per batch, not once per row.
    said = statements.read({each.communication_id for each in (*deliveries, *items)})
    for each in (*deliveries, *items):
        each._state.fields_cache["communication"] = said[each.communication_id]
    told: dict[int | None, list[Delivery]] = {}
    left_out: dict[str, list[int]] = {}
    for each in items:
        if why := each.reason_to_skip() or (SkipReason.DRILL if each.stays_inside() else ""):
            left_out.setdefault(why, []).append(each.pk)
        else:
            told.setdefault(each.digest_id, []).append(each)
    for why, ids in left_out.items():
        untold = Delivery.objects.filter(pk__in=ids, skip_reason=SkipReason.IN_DIGEST)
        untold.update(skip_reason=why, digest=None)
    concern.attach(deliveries)
    concern.attach_first(items)
    for delivery in deliveries:
        delivery.digest_items = told.get(delivery.id, ())


def _delivery(row: prepared_statements.DatabaseRow) -> tuple[Delivery, bool]:
    """With its endpoint; and whether something older of its line is held back."""
    successor, age, *values = row
    endpoint = rows.instance(Endpoint, values[_WIDTH:], later=_LATER)
    delivery = rows.instance(Delivery, values[:_WIDTH], later=_LATER, endpoint=endpoint)
    delivery.age = age
    return delivery, successor


def _kept(
    token: uuid.UUID, picked: Sequence[Delivery], successors: Sequence[int]
) -> tuple[list[Delivery], set[int]]:
    """The urgent first, and which of them are the last of their hour: without what must wait."""
    limited = [each.id for each in picked if each.priority in LIMITED]
    last: set[int] = set()
    if limited or successors:
        rate_limits.take_along(token, successors)
        last = rate_limits.apply_rate_limits(token, limited)
        facts = {"ids": prepared_statements.array(each.id for each in picked), "claim": token}
        with prepared_statements.executed(_STILL_CLAIMED, facts) as cursor:
            still = {pk for (pk,) in cursor.fetchall()}
        picked = [each for each in picked if each.id in still]
    return sorted(picked, key=attrgetter("priority", "id")), last


def _digest_items_of(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """The items of the claimed ones: nobody adds to it any more, since only what waits is taken along."""
    with prepared_statements.executed(
        _ITEMS, {"ids": prepared_statements.array(each.id for each in deliveries)}
    ) as cursor:
        items = [rows.instance(Delivery, row) for row in cursor.fetchall()]
    endpoints = {each.endpoint_id: each.endpoint for each in deliveries}
    for each in items:
        each.endpoint = endpoints[each.endpoint_id]
    return items


def channels_due(*, since: timedelta = timedelta(0)) -> list[Channel]:
    """The channels in which something is due (for so long), in its turn or not."""
    facts = {"channels": prepared_statements.array(Channel), "since": since.total_seconds()}
    return [Channel(channel) for (channel,) in prepared_statements.answers(_CHANNELS_DUE, facts)]


def anything_due(*, channel: str | None = None, since: timedelta = timedelta(0)) -> bool:
    """Whether something is due (of this channel, for so long), in its turn or not."""
    due = channels_due(since=since)
    return channel in due if channel else bool(due)
