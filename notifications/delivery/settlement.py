"""What became of claimed deliveries: noted as they leave, settled together, freed when their worker has vanished.

Only who still holds the claim can settle, so a worker that wakes up late cannot overwrite its successor.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection, transaction

from incidents import prepared_statements
from notifications.delivery.claims import LEASE
from notifications.delivery.sending_health import UNDER_WAY
from notifications.delivery.supersede import supersede
from notifications.inbound import bounces
from notifications.models import Delivery, Result
from notifications.vocabulary.delivery_states import MOST_ATTEMPTS, Failure, State

# By key, whatever the statistics know: only what is under way has a claim, so nothing is said of the state. The fence
# and the inner SELECTs keep from the planner how many these are and how rare a claim is: it would read the table for
# them.
_OUTCOME = """
(SELECT unnest((SELECT %(ids)s::bigint[])) AS id, unnest((SELECT %(states)s::text[])) AS state,
    unnest((SELECT %(skips)s::text[])) AS skip, unnest((SELECT %(waits)s::float8[])) AS wait,
    unnest((SELECT %(results)s::text[])) AS result, unnest((SELECT %(details)s::text[])) AS detail,
    unnest((SELECT %(numbers)s::int[])) AS number, unnest((SELECT %(ago)s::float8[])) AS ago,
    unnest((SELECT %(contents)s::uuid[])) AS content, unnest((SELECT %(own)s::text[])) AS own,
    %(claim)s::uuid AS claim OFFSET 0) AS o
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
  WHERE d.id = o.id AND d.claim = o.claim
  RETURNING d.id, o.number, o.result, o.detail, o.ago
),
noted AS (
  INSERT INTO notifications_attempt (delivery_id, number, result, detail, at)
  SELECT id, number, result, detail, clock_timestamp() - ago * interval '1 second'
  FROM settled WHERE result <> ''
),
journal AS (
  DELETE FROM notifications_sendjournal WHERE claim = %(claim)s
),
batch AS (
  DELETE FROM notifications_claimedbatch
  WHERE claim = %(claim)s AND cardinality(deliveries) = (SELECT count(*) FROM settled)
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

# A digest that is skipped leaves its items to fend for themselves.
_RELEASE_ITEMS = """
UPDATE notifications_delivery item
SET state = 'pending', skip_reason = '', digest_id = NULL, next_attempt_at = clock_timestamp()
FROM notifications_delivery digest
WHERE digest.id = ANY (%(ids)s) AND digest.state = 'skipped'
  AND item.digest_id = digest.id AND item.skip_reason = 'in_digest'
"""

# Without waiting for the disk: it is for a worker that is killed. After a power cut the worker settles what it knows.
_NOTE = """
WITH async_commit AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO notifications_sendjournal (claim, at, sent)
SELECT %(claim)s, clock_timestamp(), %(sent)s FROM async_commit
"""

# Of claims whose lease has run out; of a worker that wrote after that, too. In one order: sweeps run side by side.
_LEFT_BEHIND = f"""
WITH behind AS MATERIALIZED (
  SELECT id FROM notifications_sendjournal
  WHERE at < %(now)s - %(lease)s * interval '1 second' OR claim IN (
    SELECT b.claim FROM {UNDER_WAY} WHERE d.lease_until < %(now)s)
  ORDER BY id FOR UPDATE
)
DELETE FROM notifications_sendjournal WHERE id IN (SELECT id FROM behind)
RETURNING claim, sent, extract(epoch FROM clock_timestamp() - at)::float8
"""  # noqa: S608 - a part of our own

_EXPIRE = f"""
WITH gone AS MATERIALIZED (
  SELECT id FROM notifications_delivery
  WHERE id = ANY (ARRAY (
    SELECT d.id FROM {UNDER_WAY} WHERE d.lease_until < %(now)s ORDER BY d.lease_until LIMIT %(most)s))
    AND state = 'sending' AND lease_until < %(now)s
  FOR UPDATE SKIP LOCKED
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
"""  # noqa: S608 - the same

# Of which nothing is under way.
_FORGET_BATCHES = f"""
DELETE FROM notifications_claimedbatch WHERE id IN (
  SELECT id FROM notifications_claimedbatch WHERE id NOT IN (SELECT b.id FROM {UNDER_WAY}) FOR UPDATE SKIP LOCKED)
"""  # noqa: S608 - the same


@dataclass(slots=True)
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
    ours: bool = False  # a fault of our own made it fail
    content: uuid.UUID | None = None
    own: str = ""

    @property
    def is_refusal(self) -> bool:
        """The receiver's own no: not a relay's, and not one that may still become a yes."""
        said_by_receiver = not self.ours and self.result in (Failure.PERMANENT, Failure.TEMPORARY)
        return self.bad_address or (self.state is State.FAILED and said_by_receiver)


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
                cursor.execute(_RELEASE_ITEMS, {"ids": skipped})
        for incident_id, ids in waiting.items():
            supersede(incident_id=incident_id, delivery_ids=ids)
    return settled


def note(claimed: uuid.UUID, outcomes: Sequence[SendOutcome], *, clock: float) -> None:
    """Keep what was sent, and nothing else, until it is settled with the rest of its batch; `clock`: monotonic now.

    Whoever settles has to settle all that was noted under the claim.
    """
    sent = [
        (
            o.delivery.id,
            o.delivery.attempts,
            o.detail,
            clock - o.at,
            o.content and o.content.hex,
            o.own,
        )
        for o in outcomes
    ]
    with prepared_statements.executed(_NOTE, {"claim": claimed, "sent": json.dumps(sent)}):
        pass


def _read_note(sent: str, *, clock: float) -> list[SendOutcome]:
    return [
        SendOutcome(
            Delivery(pk=pk, attempts=attempts),
            State.SENT,
            result=Result.SENT.value,
            detail=detail,
            at=clock - ago,
            content=content and uuid.UUID(content),
            own=own,
        )
        for pk, attempts, detail, ago, content, own in json.loads(sent)
    ]


def _facts(outcomes: Sequence[SendOutcome], clock: float) -> dict[str, str]:
    return {
        "ids": prepared_statements.array(outcome.delivery.id for outcome in outcomes),
        "states": prepared_statements.array(outcome.state.value for outcome in outcomes),
        "skips": prepared_statements.array(outcome.skip for outcome in outcomes),
        "waits": prepared_statements.array(outcome.wait.total_seconds() for outcome in outcomes),
        "results": prepared_statements.array(outcome.result for outcome in outcomes),
        "details": prepared_statements.texts(outcome.detail for outcome in outcomes),
        "numbers": prepared_statements.array(outcome.delivery.attempts for outcome in outcomes),
        "ago": prepared_statements.array(clock - (outcome.at or clock) for outcome in outcomes),
        "contents": prepared_statements.array(outcome.content for outcome in outcomes),
        "own": prepared_statements.texts(outcome.own or None for outcome in outcomes),
    }


def _record(claimed: uuid.UUID, outcomes: Sequence[SendOutcome], clock: float) -> int:
    facts = {"claim": claimed, **_facts(outcomes, clock)}
    with prepared_statements.executed(_SETTLE, facts) as cursor:
        ((settled,),) = cursor.fetchall()
    if settled < len(outcomes):
        with prepared_statements.executed(_NOTE_LOST, facts):
            pass
    return int(settled)


def expire_leases(*, most: int = 10_000) -> int:
    """Free what a vanished worker had claimed and not noted as sent; it is sent again, with the same id.

    Returns how many.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # One moment for both: what is freed has been looked for in the journal.
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
        cursor.execute(_LEFT_BEHIND, {"now": now, "lease": LEASE.total_seconds()})
        clock = time.monotonic()
        for claimed, sent, late in cursor.fetchall():
            _record(claimed, _read_note(sent, clock=clock - late), clock)
        cursor.execute(_EXPIRE, {"most": most, "attempts": MOST_ATTEMPTS, "now": now})
        lines = cursor.fetchall()
        for incident_id, ids in lines:
            supersede(incident_id=incident_id, delivery_ids=ids)
        cursor.execute(_FORGET_BATCHES)
    return sum(len(ids) for _, ids in lines)
