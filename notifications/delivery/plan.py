"""From a communication to its deliveries: in slices, resumable, idempotent, safe to run in parallel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from incidents import prepared_statements
from incidents.models import Communication
from incidents.services.visibility import waits_unplanned
from notifications.audience import selection, target_index
from notifications.audience.quiet import quiet_now
from notifications.delivery import rate_limits
from notifications.delivery.supersede import supersede
from notifications.models import FanOut
from notifications.models.delivery import rows, statements
from notifications.vocabulary.delivery_states import NEXT_PHASE, Phase

# Deliveries a slice, about: small enough that sending begins at once, and that a lock is short.
SLICE = 20_000
# Small, so that the first messages leave while the rest is being planned.
FIRST_SLICE = 10
# Sweeps look back this far, so that an installation set up late does not mail last year's news.
HORIZON = timedelta(days=3)

# Past the ORM, as the first message waits for these; without waiting for the disk (see `_LOCK`).
_BEGIN = """
WITH async_commit AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO notifications_fanout
  (communication_id, audience_version, phase, cursor, targeted, public, superseded, started_at)
SELECT %(communication)s, 1, 'matching', 0, 0, 0, 0, %(now)s FROM async_commit
ON CONFLICT (communication_id, audience_version) DO NOTHING
"""
_NOT_ENDED = """
SELECT id FROM notifications_fanout WHERE communication_id = %(communication)s AND phase <> 'done'
ORDER BY audience_version
"""
# Fresh, or begun and not ended, however old: a dead planner, or an audience that has grown.
_UNPLANNED = """
SELECT c.id, c.kind, c.incident_id FROM incidents_communication c JOIN incidents_incident i ON i.id = c.incident_id
WHERE NOT c.backfilled AND NOT i.backfilled AND (
  EXISTS (SELECT FROM notifications_fanout f WHERE f.communication_id = c.id AND f.phase <> 'done')
  OR (i.updated_at >= %(since)s
    AND NOT EXISTS (SELECT FROM notifications_fanout f WHERE f.communication_id = c.id)))
"""
# The commit does not wait for the disk: a claim's does, and takes all before it along. What is lost is planned again.
# What is prepared is about few: the server need not plan it anew for each.
_LOCK = f"""
WITH async_commit AS MATERIALIZED (
  SELECT set_config('synchronous_commit', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true)
)
SELECT {rows.columns(FanOut, "f")}, {statements.COLUMNS}
FROM async_commit, notifications_fanout f
JOIN incidents_communication c ON c.id = f.communication_id JOIN incidents_incident i ON i.id = c.incident_id
WHERE f.id = %(id)s FOR UPDATE OF f
"""  # noqa: S608 - names of columns
_WIDTH = len(FanOut._meta.concrete_fields)
_KEEP = """
UPDATE notifications_fanout SET phase = %(phase)s, cursor = %(cursor)s, targeted = %(targeted)s,
  public = %(public)s, superseded = %(superseded)s, done_at = %(done_at)s
WHERE id = %(id)s
"""
_OF_THE_LINE = """
  AND c.id <= %(upto)s
  AND c.incident_id = (SELECT incident_id FROM incidents_communication WHERE id = %(upto)s)
"""


def unplanned(*, now: datetime, upto: int | None = None) -> list[Communication]:
    """Communications that somebody should hear of and that are not planned to the end, oldest first: of each its id,
    kind and incident alone.

    What was backfilled is history, not news. Age is that of the incident's last change: the time a
    communication states may lie well before the moment it was written. `upto`: a communication; it and the earlier
    ones of its incident alone.
    """
    facts = {"since": now - HORIZON, "upto": upto}
    chosen = _UNPLANNED + (_OF_THE_LINE if upto else "") + "ORDER BY c.id"
    with prepared_statements.executed(chosen, facts) as cursor:
        return [
            Communication(pk=pk, kind=kind, incident_id=incident)
            for pk, kind, incident in cursor.fetchall()
        ]


def plan(
    *,
    communication_id: int,
    now: datetime,
    slice_size: int = SLICE,
    wake: Callable[[], None] | None = None,
) -> int:
    """Plan this communication, and before it any earlier one of its incident; returns deliveries added.

    Earlier ones first, because "told before" asks for their deliveries. `wake` is called when the first
    of them are there, and again at the end if there are more.
    """
    return sum(
        _plan_one(each, now=now, slice_size=slice_size, wake=wake)
        for each in unplanned(now=now, upto=communication_id)
    )


def plan_due(*, now: datetime) -> int:
    """Plan everything whose bell was lost or whose planner died; returns deliveries added."""
    target_index.catch_up()  # so that the next incident finds nothing to do
    return sum(_plan_one(each, now=now, slice_size=SLICE) for each in unplanned(now=now))


def _plan_one(
    communication: Communication,
    *,
    now: datetime,
    slice_size: int,
    wake: Callable[[], None] | None = None,
) -> int:
    if waits_unplanned(communication):
        return 0
    added = woken_for = 0
    for fan_out_id in _begun(communication.pk, now):
        window = min(FIRST_SLICE, slice_size)
        while (step := _take_slice(fan_out_id, now, window, slice_size)) is not None:
            window = _next_window(window, step.seen, slice_size)
            added += step.added
            if wake and added and not woken_for:
                woken_for = added
                wake()
    if wake and added > woken_for:
        wake()
    return added


def _begun(communication_id: int, now: datetime) -> list[int]:
    """Its plannings that have not ended, the first of them begun if it was not."""
    facts = {"communication": communication_id, "now": now}
    with prepared_statements.executed(_BEGIN, facts):
        pass
    with prepared_statements.executed(_NOT_ENDED, facts) as cursor:  # by then another's, too
        return [pk for (pk,) in cursor.fetchall()]


def _next_window(window: int, seen: int, slice_size: int) -> int:
    """How many tenants to ask for next: few live in a rare cell, and many endpoints may be a tenant's."""
    if seen < slice_size // 2:
        return window * 4
    return max(1, window // 2) if seen > slice_size * 2 else window


@transaction.atomic
def _take_slice(
    fan_out_id: int, now: datetime, window: int, slice_size: int
) -> selection.Slice | None:
    """One slice under the fan-out's lock; None when there is nothing left to do.

    `window`: tenants to look at while matching; `slice_size`: endpoints to look at in the other phases.
    """
    (found,) = prepared_statements.answers(_LOCK, {"id": fan_out_id})
    fan_out = rows.instance(FanOut, found[:_WIDTH])
    communication = statements.from_row(found[_WIDTH:])
    phase = Phase(fan_out.phase)
    if phase is Phase.DONE:
        return None
    step = _ask(communication, phase, fan_out.cursor, slice_size, window, now)
    if phase is Phase.PUBLIC:
        fan_out.public += step.added
    else:
        fan_out.targeted += step.added
    fan_out.cursor = step.last or fan_out.cursor
    if not step.more:
        fan_out.phase, fan_out.cursor = NEXT_PHASE[phase], 0
    if fan_out.phase == Phase.DONE:
        fan_out.done_at = now
        fan_out.superseded = supersede(incident_id=communication.incident_id)
    with prepared_statements.executed(_KEEP, vars(fan_out)):
        return step


def _ask(
    communication: Communication, phase: Phase, after: int, most: int, window: int, now: datetime
) -> selection.Slice:
    nothing = selection.Slice(None, 0, 0, more=False)
    if phase is Phase.PUBLIC:
        # `.public()`, the one gate, says what is public; nothing here decides it again.
        if not Communication.objects.public().filter(pk=communication.pk).exists():
            return nothing
        rate_limits.lock_summaries()
        step = selection.add_readers(communication, communication.cell_ids, after=after, most=most)
        if step.last is not None:
            rate_limits.gather_summaries(
                communication_id=communication.pk, after=after, upto=step.last
            )
        return step
    if not communication.targeted_text:
        return nothing
    by_list = selection.has_list(communication)
    quiet = quiet_now(communication, now=now)
    if quiet.quiet:
        rate_limits.lock_summaries()
    if phase is Phase.TOLD_BEFORE:
        step = selection.add_told_before(
            communication, by_list=by_list, quiet=quiet, after=after, most=most
        )
    elif selection.matches(communication):
        step = selection.add_matching(
            communication,
            communication.cell_ids,
            by_list=by_list,
            quiet=quiet,
            after=after,
            window=window,
        )
    else:
        return nothing
    if quiet.quiet:
        rate_limits.gather_quiet(communication_id=communication.pk)
    return step
