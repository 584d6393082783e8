"""Whether our own sending stands still: figures in one statement, and what they mean. Pure.

Asked by the desk on every screen, and by the web process for machines, which has no Django at hand when
it does; hence plain SQL and plain values. Ages are in seconds, by the database's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from notifications.vocabulary.delivery_states import (
    BEAT,
    PATIENT,
    SUBSTITUTE,
    URGENT,
    USUAL,
    Channel,
)

# The sweep runs every fifteen seconds, what runs without a broker looks every ten; so much later neither lives.
BEAT_SILENT = 120
RELAY_FAILURES = 3

# Counting stops here: whoever asks every two seconds must not count a million rows each time.
COUNTED = 100_000
# What waits behind an open breaker or an older message of its line is nobody's fault; so many of the
# oldest are looked at, or a dead host of thousands would make this slow.
LOOKED_AT = 200
# Sweeps look back three days for what was never planned (services.plan.HORIZON).
HORIZON = "3 days"
# What the index of what is due begins with: each queue is read from its own beginning.
PRIORITIES = (URGENT, USUAL, PATIENT)
_QUEUES = ", ".join(f"('{channel}', {each})" for channel in Channel for each in PRIORITIES)

# By key, as leases stand in no index: a row of `b` is what one claim took, of `d` what it has not settled.
UNDER_WAY = """
notifications_claimedbatch b
CROSS JOIN LATERAL (
  SELECT id, lease_until FROM notifications_delivery WHERE id = ANY (b.deliveries) AND claim = b.claim OFFSET 0) d
"""

# What a vanished worker has claimed is due again when its lease is over, whether or not anybody takes it
# back. Taking it back makes it due anew, so that workers that vanish again and again would look busy: hence
# the age of the first try that was lost, where none since had an answer. OFFSET keeps the planner from
# joining all lines in order to look at a few.
FIGURES = f"""
WITH due AS MATERIALIZED (
  SELECT first.id, first.next_attempt_at AS since
  FROM (VALUES {_QUEUES}) AS q(channel, priority)
  CROSS JOIN LATERAL (
    SELECT d.* FROM notifications_delivery d
    WHERE d.settled_as IS NULL AND d.state = 'pending' AND d.channel = q.channel AND d.priority = q.priority
      AND d.next_attempt_at <= now()
    ORDER BY d.next_attempt_at LIMIT {LOOKED_AT}) first
  JOIN notifications_endpoint e ON e.id = first.endpoint_id
  WHERE NOT EXISTS (
      SELECT FROM notifications_breaker b
      WHERE b.channel = e.channel AND b.host = e.host AND b.open_until > now())
    AND NOT EXISTS (
      SELECT FROM notifications_delivery older
      WHERE older.incident_id = first.incident_id AND older.endpoint_id = first.endpoint_id
        AND older.communication_id < first.communication_id
        AND older.state IN ('pending', 'sending') OFFSET 0)
),
under_way AS MATERIALIZED (
  SELECT d.id, d.lease_until FROM {UNDER_WAY} LIMIT {COUNTED}
)
SELECT
  (SELECT extract(epoch FROM now() - least(
    (SELECT min(since) FROM due),
    (SELECT min(lease_until) FROM under_way WHERE lease_until <= now())))),
  (SELECT extract(epoch FROM now() - min(t.at))
    FROM (
      SELECT id FROM due UNION ALL (SELECT id FROM under_way LIMIT {LOOKED_AT})
    ) d
    JOIN notifications_attempt t ON t.delivery_id = d.id AND t.result = 'lost'
    WHERE NOT EXISTS (
      SELECT FROM notifications_attempt answered
      WHERE answered.delivery_id = d.id AND answered.number > t.number AND answered.result <> 'lost')),
  (SELECT extract(epoch FROM now() - min(c.at)) FROM incidents_communication c
    JOIN incidents_incident i ON i.id = c.incident_id
    WHERE i.updated_at > now() - interval '{HORIZON}' AND NOT i.backfilled AND NOT c.backfilled
      AND c.kind <> 'review'
      AND NOT EXISTS (SELECT FROM notifications_fanout f WHERE f.communication_id = c.id)),
  (SELECT extract(epoch FROM now() - at) FROM notifications_sendingheartbeat WHERE id = {BEAT}),
  (SELECT extract(epoch FROM now() - at) FROM notifications_sendingheartbeat WHERE id = {SUBSTITUTE}),
  (SELECT max(failures) FROM notifications_breaker WHERE channel = 'mail'),
  EXISTS (SELECT FROM notifications_killswitch WHERE released_at IS NULL),
  (SELECT count(*) FROM (
    SELECT FROM notifications_delivery WHERE settled_as IS NULL AND state = 'pending' LIMIT {COUNTED}) pending),
  (SELECT count(*) FROM (
    SELECT FROM notifications_delivery WHERE settled_as = 'failed' LIMIT {COUNTED}) failed)
"""  # noqa: S608 - constants of this module


@dataclass(frozen=True, slots=True)
class Figures:
    """Ages in seconds, None where there is nothing of the kind; `pending` and `failed` up to COUNTED.

    `lost`: since when workers vanish over the same message. `beat`: since the sweep was last rung;
    `substitute`: since `manage.py deliver` last did its work.
    """

    oldest_due: float | None
    lost: float | None
    oldest_unplanned: float | None
    beat: float | None
    substitute: float | None
    relay_failures: int
    stopped: bool
    pending: int
    failed: int


def read(row: Sequence[object]) -> Figures:
    """The row that FIGURES answers with."""

    def age(value: object) -> float | None:
        return None if value is None else float(str(value))

    return Figures(
        oldest_due=age(row[0]),
        lost=age(row[1]),
        oldest_unplanned=age(row[2]),
        beat=age(row[3]),
        substitute=age(row[4]),
        relay_failures=int(str(row[5] or 0)),
        stopped=bool(row[6]),
        pending=int(str(row[7])),
        failed=int(str(row[8])),
    )


NOTHING = (None, None, None, None, None, 0, False, 0, 0)


def alarms(figures: Figures, *, minutes: int) -> list[str]:
    """What stands still, in sentences; empty while all is well. `minutes`: what may wait so long."""
    found = []
    late = minutes * 60
    if not figures.stopped:
        if figures.oldest_due is not None and figures.oldest_due > late:
            found.append(
                f"The oldest message that is due has waited for {_minutes(figures.oldest_due)}:"
                " is a worker running?"
            )
        if figures.lost is not None and figures.lost > late:
            found.append(
                f"Workers have vanished while sending for {_minutes(figures.lost)}, and what they"
                " had in hand is still not sent: look into their logs."
            )
        if figures.pending and figures.relay_failures >= RELAY_FAILURES:
            found.append(
                f"The mail relay has failed {figures.relay_failures} times in a row; messages wait"
                " and leave once it answers."
            )
    if figures.oldest_unplanned is not None and figures.oldest_unplanned > late:
        found.append(
            f"An update of {_minutes(figures.oldest_unplanned)} ago is not planned yet: nobody is"
            " told of it."
        )
    if _silent(figures.beat) and (figures.substitute is None or _silent(figures.substitute)):
        found.append(
            f"No worker was heard for {_minutes(figures.beat or 0)}: messages wait, and reminders and"
            " sweeps do not run. Start one, or manage.py deliver."
        )
    return found


def substituted(figures: Figures) -> str:
    """What to know while sending goes on without workers; empty while they do their part."""
    if not _silent(figures.beat) or figures.substitute is None or _silent(figures.substitute):
        return ""
    return (
        f"No worker was heard for {_minutes(figures.beat or 0)}. Messages leave all the same, more"
        " slowly: somebody stands in, such as manage.py deliver. Start a worker, and the broker."
    )


def _silent(age: float | None) -> bool:
    return age is not None and age > BEAT_SILENT


def _minutes(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"
