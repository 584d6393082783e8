"""Whether our own sending stands still: figures in one statement, and what they mean. Pure.

Asked by the desk on every screen, and by the web process for machines, which has no Django at hand when
it does; hence plain SQL and plain values. Ages are in seconds, by the database's clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# The sweep runs every ten seconds; so much later nobody rings it.
BEAT_SILENT = 120
RELAY_FAILURES = 3
# Counting stops here: whoever asks every two seconds must not count a million rows each time.
COUNTED = 100_000
# What waits behind an open breaker or an older message of its line is nobody's fault; so many of the
# oldest are looked at, or a dead host of thousands would make this slow.
LOOKED_AT = 200
# Sweeps look back three days for what was never planned (services.plan.HORIZON).
HORIZON = "3 days"

FIGURES = f"""
SELECT
  (SELECT extract(epoch FROM now() - min(first.next_attempt_at))
    FROM (VALUES (0), (1), (2)) AS p(priority)
    CROSS JOIN LATERAL (
      SELECT d.* FROM notifications_delivery d
      WHERE d.state = 'pending' AND d.priority = p.priority AND d.next_attempt_at <= now()
      ORDER BY d.next_attempt_at LIMIT {LOOKED_AT}) first
    JOIN notifications_endpoint e ON e.id = first.endpoint_id
    WHERE NOT EXISTS (
        SELECT FROM notifications_breaker b
        WHERE b.channel = e.channel AND b.host = e.host AND b.open_until > now())
      AND NOT EXISTS (
        SELECT FROM notifications_delivery older
        WHERE older.incident_id = first.incident_id AND older.endpoint_id = first.endpoint_id
          AND older.communication_id < first.communication_id
          AND older.state IN ('pending', 'sending'))),
  (SELECT extract(epoch FROM now() - min(c.at)) FROM incidents_communication c
    JOIN incidents_incident i ON i.id = c.incident_id
    WHERE i.updated_at > now() - interval '{HORIZON}' AND NOT i.backfilled AND NOT c.backfilled
      AND c.kind <> 'review'
      AND NOT EXISTS (SELECT FROM notifications_fanout f WHERE f.communication_id = c.id)),
  (SELECT extract(epoch FROM now() - max(at)) FROM notifications_pulse),
  (SELECT max(failures) FROM notifications_breaker WHERE channel = 'mail'),
  EXISTS (SELECT FROM notifications_sendingstop WHERE released_at IS NULL),
  (SELECT count(*) FROM (
    SELECT FROM notifications_delivery WHERE state = 'pending' LIMIT {COUNTED}) pending),
  (SELECT count(*) FROM (
    SELECT FROM notifications_delivery WHERE state = 'failed' LIMIT {COUNTED}) failed)
"""  # noqa: S608 - constants of this module


@dataclass(frozen=True, slots=True)
class Figures:
    """Ages in seconds, None where there is nothing of the kind; `pending` and `failed` up to COUNTED."""

    oldest_due: float | None
    oldest_unplanned: float | None
    beat: float | None
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
        oldest_unplanned=age(row[1]),
        beat=age(row[2]),
        relay_failures=int(str(row[3] or 0)),
        stopped=bool(row[4]),
        pending=int(str(row[5])),
        failed=int(str(row[6])),
    )


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
    if figures.beat is not None and figures.beat > BEAT_SILENT:
        found.append(
            f"The clock of tasks (beat) has been silent for {_minutes(figures.beat)}: reminders and"
            " sweeps do not run. Start it, or manage.py deliver."
        )
    return found


def _minutes(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"
