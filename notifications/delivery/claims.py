"""Claiming deliveries and settling them: short transactions before and after the sending.

A claim is a lease by the database's clock. Only who still holds the claim can settle, so a worker that
wakes up late cannot overwrite its successor.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

from incidents.models import Communication
from notifications.audience import concern
from notifications.delivery import kill_switch, rate_limits
from notifications.delivery.supersede import supersede
from notifications.inbound import bounces
from notifications.models import Channel, Delivery, Endpoint
from notifications.models.delivery import rows
from notifications.vocabulary.delivery_states import (
    LIMITED,
    MOST_ATTEMPTS,
    Failure,
    SkipReason,
    State,
)

# Longer than a batch may take (send.BATCH_SECONDS) plus the slowest single mail.
LEASE = timedelta(seconds=45)

# Within one incident an endpoint hears things in their order: nothing is claimed while an older
# delivery of its line waits or is under way, alone or in a digest. What is held back goes along with the
# next one (`successor`). A host whose breaker is open is passed over. Picked once and for all: as one side of a
# join it would be picked anew for each row of the other, if the planner took it into its head.
_CLAIM = f"""
WITH picked AS MATERIALIZED (
  SELECT p.id FROM notifications_delivery p
  CROSS JOIN LATERAL (SELECT host FROM notifications_endpoint WHERE id = p.endpoint_id OFFSET 0) AS e
  WHERE p.state = 'pending' AND p.channel = %(channel)s AND p.next_attempt_at <= clock_timestamp()
    AND NOT EXISTS (
      SELECT FROM notifications_breaker b
      WHERE b.channel = p.channel AND b.host = e.host AND b.open_until > clock_timestamp())
    AND NOT EXISTS (
    SELECT FROM notifications_delivery older
    LEFT JOIN notifications_delivery digest_id ON digest_id.id = older.digest_id
    WHERE older.incident_id = p.incident_id AND older.endpoint_id = p.endpoint_id
      AND older.communication_id < p.communication_id
      AND (older.state = 'sending' OR (older.state = 'pending' AND older.deferred = '')
        OR digest_id.state = 'sending'))
  ORDER BY p.priority, p.next_attempt_at, p.id
  LIMIT %(most)s
  FOR UPDATE OF p SKIP LOCKED
)
UPDATE notifications_delivery d
SET state = 'sending', claim = %(claim)s, lease_until = clock_timestamp() + %(lease)s * interval '1 second',
  attempts = d.attempts + 1, deferred = ''
FROM notifications_endpoint e
WHERE d.id = ANY (ARRAY(SELECT id FROM picked)) AND e.id = d.endpoint_id
RETURNING EXISTS (
  SELECT FROM notifications_delivery older
  WHERE older.incident_id = d.incident_id AND older.endpoint_id = d.endpoint_id
    AND older.communication_id < d.communication_id
    AND (older.deferred <> '' OR older.digest_id IS NOT NULL)) AS successor,
  clock_timestamp() - d.created_at, {rows.columns(Delivery, "d")}, {rows.columns(Endpoint, "e")}
"""  # noqa: S608 - names of columns
_WIDTH = len(Delivery._meta.concrete_fields)

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

# By key, whatever the statistics know: only what is under way has a claim, so nothing is said of the state
# (its index is full of what was under way lately).
_OUTCOME = """
  unnest(%(ids)s::bigint[], %(states)s::text[], %(skips)s::text[], %(waits)s::float8[],
    %(results)s::text[], %(details)s::text[], %(numbers)s::int[], %(ago)s::float8[],
    %(contents)s::uuid[], %(own)s::text[])
  AS o(id, state, skip, wait, result, detail, number, ago, content, own)
"""
_SETTLE = f"""
WITH settled AS (
  UPDATE notifications_delivery d
  SET state = o.state, skip_reason = o.skip, claim = NULL, lease_until = NULL,
    attempts = d.attempts - (o.result = '')::int,
    next_attempt_at = CASE WHEN o.state = 'pending'
      THEN clock_timestamp() + o.wait * interval '1 second' ELSE d.next_attempt_at END,
    sent_at = CASE WHEN o.state = 'sent'
      THEN clock_timestamp() - o.ago * interval '1 second' END,
    content = o.content, own_words = o.own
  FROM {_OUTCOME}
  WHERE d.id = o.id AND d.claim = %(claim)s
  RETURNING d.id, o.number, o.result, o.detail, o.ago
),
noted AS (
  INSERT INTO notifications_attempt (delivery_id, number, result, detail, at)
  SELECT id, number, result, detail, clock_timestamp() - ago * interval '1 second'
  FROM settled WHERE result <> ''
)
SELECT count(*) FROM settled
"""  # noqa: S608 - a part of our own

# What was tried under a claim that is lost was tried. Not the same once more: the connection broke after the
# commit and before its answer.
_NOTE_LOST = f"""
INSERT INTO notifications_attempt (delivery_id, number, result, detail, at)
SELECT o.id, o.number, o.result, o.detail, clock_timestamp() - o.ago * interval '1 second'
FROM {_OUTCOME}
WHERE o.result <> '' AND NOT EXISTS (
  SELECT FROM notifications_attempt a
  WHERE a.delivery_id = o.id AND a.number = o.number AND a.result = o.result OFFSET 0)
"""  # noqa: S608 - the same

# A digest that is skipped leaves what it was to carry to fend for itself.
_FREE_LOAD = """
UPDATE notifications_delivery item
SET state = 'pending', skip_reason = '', digest_id = NULL, next_attempt_at = clock_timestamp()
FROM notifications_delivery digest_id
WHERE digest_id.id = ANY (%(ids)s) AND digest_id.state = 'skipped'
  AND item.digest_id = digest_id.id AND item.skip_reason = 'in_digest'
"""

_EXPIRE = """
WITH gone AS MATERIALIZED (
  SELECT id FROM notifications_delivery
  WHERE state = 'sending' AND lease_until < clock_timestamp()
  ORDER BY lease_until LIMIT %(most)s FOR UPDATE SKIP LOCKED
),
freed AS (
  UPDATE notifications_delivery d
  SET state = CASE WHEN d.attempts >= %(attempts)s THEN 'failed' ELSE 'pending' END,
    claim = NULL, lease_until = NULL, next_attempt_at = clock_timestamp()
  FROM gone WHERE d.id = gone.id
  RETURNING d.id, d.attempts, d.incident_id
),
noted AS (
  INSERT INTO notifications_attempt (delivery_id, number, result, detail, at)
  SELECT id, attempts, 'lost', '', clock_timestamp() FROM freed
)
SELECT incident_id, array_agg(id) FROM freed GROUP BY incident_id
"""


_CHANNELS_DUE = """
SELECT asked FROM unnest(%s::text[]) AS asked
WHERE NOT EXISTS (SELECT FROM notifications_killswitch WHERE released_at IS NULL)
  AND EXISTS (
    SELECT FROM notifications_delivery d
    WHERE d.state = 'pending' AND d.channel = asked
      AND d.next_attempt_at <= clock_timestamp() - %s * interval '1 second')
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """Deliveries under one claim, the urgent first. `picked`: with those that were held back at once."""

    claim: uuid.UUID
    deliveries: Sequence[Delivery]
    picked: int = 0


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """What became of one claimed delivery. `result` empty: it was not tried. `content`, `own`: what a mail said
    (`sent_messages`)."""

    delivery: Delivery
    state: State
    skip: str = ""
    wait: timedelta = timedelta(0)
    result: str = ""
    detail: str = ""
    at: float = 0.0  # monotonic
    bad_address: bool = False
    content: uuid.UUID | None = None
    own: str = ""

    @property
    def is_refusal(self) -> bool:
        """The receiver's own no: not a relay's, and not one that may still become a yes."""
        said_by_receiver = self.result in (Failure.PERMANENT, Failure.TEMPORARY)
        return self.bad_address or (self.state is State.FAILED and said_by_receiver)


def claim(*, most: int, channel: str) -> Batch:
    """Lease up to `most` due deliveries of a channel to the caller."""
    token = uuid.uuid4()
    if kill_switch.holds():
        return Batch(token, [])
    facts = {
        "claim": token,
        "lease": LEASE.total_seconds(),
        "most": most,
        "channel": channel,
    }
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_IN_INDEX_ORDER)
        with rows.executed(_CLAIM, facts) as claimed:
            picked = [_delivery(row) for row in claimed.fetchall()]
        deliveries, last = _kept(
            token, [one for one, _ in picked], [one.pk for one, s in picked if s]
        )
    if not picked:
        return Batch(token, [])
    item = _digest_items_of(deliveries)
    carried: dict[int | None, list[Delivery]] = {}
    # Texts are long and shared: once per batch, not once per row.
    said = Communication.objects.select_related("incident").in_bulk(
        {each.communication_id for each in (*deliveries, *item)}
    )
    for each in (*deliveries, *item):
        each.communication = said[each.communication_id]
    for each in item:
        if not each.reason_to_skip() and not each.stays_inside():
            carried.setdefault(each.digest_id, []).append(each)
    concern.attach(deliveries)
    for delivery in deliveries:
        delivery.last_of_hour = delivery.pk in last
        delivery.digest_items = carried.get(delivery.pk, ())
    return Batch(token, deliveries, len(picked))


def _delivery(row: rows.Row) -> tuple[Delivery, bool]:
    """With its endpoint; and whether something older of its line is held back."""
    successor, age, *values = row
    endpoint = rows.instance(Endpoint, values[_WIDTH:])
    delivery = rows.instance(Delivery, values[:_WIDTH], endpoint=endpoint)
    delivery.age = age
    return delivery, successor


def _kept(
    token: uuid.UUID, picked: Sequence[Delivery], successors: Sequence[int]
) -> tuple[list[Delivery], set[int]]:
    """The urgent first, and which of them are the last of their hour: without what must wait."""
    limited = [each.pk for each in picked if each.priority in LIMITED]
    last: set[int] = set()
    if limited or successors:
        rate_limits.hand_on_digest(token, successors)
        last = rate_limits.apply_rate_limits(token, limited)
        facts = {"ids": rows.array(each.pk for each in picked), "claim": token}
        with rows.executed(_STILL_CLAIMED, facts) as cursor:
            still = {pk for (pk,) in cursor.fetchall()}
        picked = [each for each in picked if each.pk in still]
    return sorted(picked, key=lambda each: (each.priority, each.pk)), last


def _digest_items_of(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """What the claimed ones carry: nobody adds to it any more, since only what waits is taken along."""
    carried = Delivery.objects.filter(
        _is_one_of("digest_id", [each.pk for each in deliveries]),
        skip_reason=SkipReason.IN_DIGEST,
    )
    item = list(carried.order_by("communication_id"))
    endpoints = {each.endpoint_id: each.endpoint for each in deliveries}
    for each in item:
        each.endpoint = endpoints[each.endpoint_id]
    return item


def _is_one_of(column: str, ids: list[int]) -> RawSQL:
    """Like `__in`, with one parameter instead of one for each id: a twentieth of a worker's time."""
    condition = f'"notifications_delivery"."{column}" = ANY (%s::bigint[])'
    return RawSQL(condition, [ids], output_field=BooleanField())  # noqa: S611 - columns are named here


def settle(claimed: uuid.UUID, outcomes: Sequence[SendOutcome], *, clock: float) -> int:
    """Record outcomes, those only whose claim still holds; returns how many. `clock`: monotonic now."""
    if not outcomes:
        return 0
    refusals = [(o.delivery, o.detail, o.bad_address) for o in outcomes if o.is_refusal]
    skipped = [o.delivery.pk for o in outcomes if o.state is State.SKIPPED]
    waiting: dict[int, list[int]] = {}
    for outcome in outcomes:
        if outcome.state is State.PENDING:
            waiting.setdefault(outcome.delivery.incident_id, []).append(outcome.delivery.pk)
    if not (refusals or skipped or waiting):
        # The usual case by far: one statement, one round trip.
        return _record(claimed, outcomes, clock)
    with transaction.atomic():
        settled = _record(claimed, outcomes, clock)
        if refusals:
            bounces.refused(refusals)
        if skipped:
            with connection.cursor() as cursor:
                cursor.execute(_FREE_LOAD, {"ids": skipped})
        for incident_id, ids in waiting.items():
            supersede(incident_id=incident_id, delivery_ids=ids)
    return settled


def _record(claimed: uuid.UUID, outcomes: Sequence[SendOutcome], clock: float) -> int:
    facts = {
        "claim": claimed,
        "ids": rows.array(outcome.delivery.pk for outcome in outcomes),
        "states": rows.array(outcome.state.value for outcome in outcomes),
        "skips": rows.array(outcome.skip for outcome in outcomes),
        "waits": rows.array(outcome.wait.total_seconds() for outcome in outcomes),
        "results": rows.array(outcome.result for outcome in outcomes),
        "details": rows.texts(outcome.detail for outcome in outcomes),
        "numbers": rows.array(outcome.delivery.attempts for outcome in outcomes),
        "ago": rows.array(clock - (outcome.at or clock) for outcome in outcomes),
        "contents": rows.array(outcome.content for outcome in outcomes),
        "own": rows.texts(outcome.own or None for outcome in outcomes),
    }
    with rows.executed(_SETTLE, facts) as cursor:
        (settled,) = cursor.fetchone() or (0,)
    if settled < len(outcomes):
        with rows.executed(_NOTE_LOST, facts):
            pass
    return int(settled)


def expire_leases(*, most: int = 10_000) -> int:
    """Free what a vanished worker had claimed; it is sent again, with the same id. Returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_EXPIRE, {"most": most, "attempts": MOST_ATTEMPTS})
        lines = cursor.fetchall()
        for incident_id, ids in lines:
            supersede(incident_id=incident_id, delivery_ids=ids)
    return sum(len(ids) for _, ids in lines)


def channels_due(*, since: timedelta = timedelta(0)) -> list[Channel]:
    """The channels in which something is due (for so long), in its turn or not."""
    with connection.cursor() as cursor:
        cursor.execute(_CHANNELS_DUE, [list(Channel), since.total_seconds()])
        return [Channel(channel) for (channel,) in cursor.fetchall()]


def anything_due(*, channel: str | None = None, since: timedelta = timedelta(0)) -> bool:
    """Whether something is due (of this channel, for so long), in its turn or not."""
    due = channels_due(since=since)
    return channel in due if channel else bool(due)
