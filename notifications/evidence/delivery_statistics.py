"""Counting what became of deliveries, and keeping the counts for longer than the deliveries.

Counting reads; `refresh` alone writes. A settled statement is not counted again, so that an outbox of
millions of deliveries is read from a handful of rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from django.db import connection, transaction
from django.db.models import Count

from incidents.models import Communication
from notifications.models import DeliveryStatistics, FanOut
from notifications.models.delivery.told import told_at_sql
from notifications.vocabulary.delivery_states import State

# A sending that goes on is counted anew after this time.
EVERY = timedelta(seconds=60)
# Incidents a sweep counts at most; the next one goes on.
MOST_INCIDENTS = 50
UNSETTLED = (State.PENDING, State.SENDING)
# Beyond so many deliveries a reader gets moments as they were last kept, a minute old at most: sorting
# a million of them takes seconds, counting them a third of one.
LIVE_MOMENTS = 50_000

_TOLD_AT = told_at_sql("d")
# What is in a digest has come to what the digest has: told with it, or it waits or has failed as it.
_OUTCOMES = f"""
SELECT d.communication_id, d.audience, d.skip_reason || d.deferred AS reason, {_TOLD_AT} AS told_at,
  CASE WHEN d.skip_reason = 'in_digest' THEN coalesce((
    SELECT CASE digest.settled_as WHEN 'failed' THEN 'failed' WHEN 'sent' THEN 'skipped' ELSE 'pending' END
    FROM notifications_delivery digest WHERE digest.id = d.digest_id), 'skipped') ELSE d.state END AS state
FROM notifications_delivery d
WHERE d.incident_id = %s AND d.communication_id = ANY (%s)
"""  # noqa: S608 - parts of our own
_COUNTS = f"""
SELECT communication_id, audience, state, CASE WHEN state = 'failed' THEN '' ELSE reason END,
  count(*), count(told_at), min(told_at), max(told_at)
FROM ({_OUTCOMES}) outcomes
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""  # noqa: S608 - the same

# `percentile_disc` works on moments as they are: no duration, no origin is needed to find them.
_MOMENTS = f"""
SELECT communication_id, percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY told_at)
FROM ({_OUTCOMES}) outcomes WHERE told_at IS NOT NULL
GROUP BY 1
"""  # noqa: S608 - the same

# The first message of the incident that reached an endpoint, alone or in a digest.
_HEARD = f"""
SELECT count(at), min(at), percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY at), max(at)
FROM (
  SELECT min({_TOLD_AT}) AS at FROM notifications_delivery d WHERE d.incident_id = %s GROUP BY d.endpoint_id
) heard
"""  # noqa: S608 - the same

# Never counted, unsettled for a while, or planned again since.
_DUE = """
SELECT DISTINCT c.incident_id
FROM (
  SELECT communication_id, count(*) AS fan_outs FROM notifications_fanout GROUP BY 1
) f
JOIN incidents_communication c ON c.id = f.communication_id
LEFT JOIN notifications_deliverystatistics p ON p.communication_id = f.communication_id
WHERE p.id IS NULL OR (p.aged_at IS NULL AND (
  p.fan_outs <> f.fan_outs OR (NOT p.settled AND p.counted_at <= %s)))
ORDER BY 1 LIMIT %s
"""


@dataclass
class Counted:
    """The counts and moments of one statement (or, `communication` None, of an incident) as they are now."""

    communication: int | None
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    planned: int = 0
    endpoints: int = 0
    first_at: datetime | None = None
    half_at: datetime | None = None
    most_at: datetime | None = None
    last_at: datetime | None = None
    fan_outs: int = 0
    settled: bool = False


def of_incident(incident_id: int, *, moments: bool = False) -> tuple[list[Counted], Counted]:
    """Every planned statement's counts, oldest first, and the incident's: kept ones as they are kept,
    the others counted now. Writes nothing; five questions at most, however many statements there are.

    `moments`: find the moments of a large audience, too, instead of taking them as they were kept.
    """
    kept = {
        row.communication_id: row
        for row in DeliveryStatistics.objects.filter(incident_id=incident_id)
    }
    plannings = _plannings(incident_id)
    counted_anew = [pk for pk in plannings if _changed(kept.get(pk), plannings[pk])]
    fresh = dict(zip(counted_anew, count(incident_id, counted_anew, plannings), strict=True))
    large = sum(each.planned for each in fresh.values()) > LIVE_MOMENTS and not moments
    if not large:
        add_moments(incident_id, fresh)
    known = sorted({pk for pk in kept if pk is not None} | set(plannings))
    statements = [fresh.get(pk) or _kept(kept[pk]) for pk in known]
    if large:
        for pk, each in fresh.items():
            if pk in kept:
                each.half_at, each.most_at = kept[pk].half_at, kept[pk].most_at
    whole = kept.get(None)
    if whole is not None and not fresh:
        return statements, _kept(whole)
    if large or (whole is not None and whole.aged_at is not None):
        return statements, _sum(statements, _kept(whole) if whole else Counted(None))
    return statements, _sum(statements, _heard(incident_id))


def count(
    incident_id: int, communications: Collection[int], plannings: dict[int, tuple[int, int]]
) -> Iterator[Counted]:
    """Counts of these statements of the incident, from their deliveries."""
    wanted = list(communications)
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, (incident_id, wanted))
        rows = cursor.fetchall()
    by_statement = {pk: list(group) for pk, group in groupby(rows, key=lambda row: row[0])}
    for pk in wanted:
        counted = _counted(pk, by_statement.get(pk, ()))
        counted.fan_outs, open_ones = plannings[pk]
        counted.settled = not open_ones and not waiting_in(counted.counts)
        yield counted


def add_moments(incident_id: int, counted: dict[int, Counted]) -> None:
    """Find when half and when 95 of 100 of each statement's messages had left."""
    if not counted:
        return
    with connection.cursor() as cursor:
        cursor.execute(_MOMENTS, (incident_id, list(counted)))
        for pk, (half, most) in cursor.fetchall():
            counted[pk].half_at, counted[pk].most_at = half, most


@transaction.atomic
def refresh(*, incident_id: int, now: datetime) -> None:
    """Keep the counts of an incident's statements and of the whole. Safe to run twice or beside itself."""
    # Of two that count at a time the later one waits, and so keeps the newer counts.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('delivery_statistics'), %s)", (incident_id,)
        )
    statements, whole = of_incident(incident_id, moments=True)
    aged = set(
        DeliveryStatistics.objects.filter(
            incident_id=incident_id, communication__isnull=False, aged_at__isnull=False
        ).values_list("communication_id", flat=True)
    )
    rows = [
        DeliveryStatistics(
            incident_id=incident_id,
            communication_id=each.communication,
            counts=each.counts,
            planned=each.planned,
            endpoints=each.endpoints,
            first_at=each.first_at,
            half_at=each.half_at,
            most_at=each.most_at,
            last_at=each.last_at,
            fan_outs=each.fan_outs,
            settled=each.settled,
            counted_at=now,
        )
        for each in (*statements, whole)
        if each.communication not in aged
    ]
    DeliveryStatistics.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["incident", "communication"],
        update_fields=[
            "counts",
            "planned",
            "endpoints",
            "first_at",
            "half_at",
            "most_at",
            "last_at",
            "fan_outs",
            "settled",
            "counted_at",
        ],
    )


def refresh_due(*, now: datetime, every: timedelta = EVERY) -> int:
    """Keep the counts of every incident whose deliveries may have changed; returns how many incidents."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, (now - every, MOST_INCIDENTS))
        due = [row[0] for row in cursor.fetchall()]
    for incident_id in due:
        refresh(incident_id=incident_id, now=now)
    return len(due)


def waiting_in(counts: dict[str, dict[str, int]]) -> int:
    """How many of these deliveries are neither sent nor given up."""
    return sum(
        number
        for by in counts.values()
        for key, number in by.items()
        if key.partition(":")[0] in UNSETTLED
    )


def _plannings(incident_id: int) -> dict[int, tuple[int, int]]:
    """Per planned statement: how many plannings, and how many of them go on."""
    wanted = Communication.objects.filter(incident_id=incident_id).values("pk")
    rows = FanOut.objects.filter(communication__in=wanted).values_list("communication_id")
    counted = rows.annotate(all=Count("id"), done=Count("done_at")).order_by("communication_id")
    return {pk: (number, number - done) for pk, number, done in counted}


def _changed(kept: DeliveryStatistics | None, plannings: tuple[int, int]) -> bool:
    if kept is None:
        return True
    return kept.aged_at is None and (not kept.settled or kept.fan_outs != plannings[0])


def _counted(
    pk: int,
    rows: Iterable[tuple[int, str, str, str, int, int, datetime | None, datetime | None]],
) -> Counted:
    found = Counted(pk)
    for _, audience, state, reason, number, told, first, last in rows:
        key = f"{state}:{reason}" if reason else state
        found.counts.setdefault(audience, {})[key] = number
        found.planned += number
        found.endpoints += told
        found.first_at = min(filter(None, (found.first_at, first)), default=None)
        found.last_at = max(filter(None, (found.last_at, last)), default=None)
    return found


def _heard(incident_id: int) -> Counted:
    with connection.cursor() as cursor:
        cursor.execute(_HEARD, (incident_id,))
        endpoints, first, moments, last = cursor.fetchone() or (0, None, None, None)
    half, most = moments or (None, None)
    return Counted(
        None, endpoints=endpoints, first_at=first, half_at=half, most_at=most, last_at=last
    )


def _sum(statements: Iterable[Counted], whole: Counted) -> Counted:
    """The incident: who heard of it when is `whole`'s, the counts are those of its statements together."""
    whole.counts, whole.planned, whole.settled, whole.fan_outs = {}, 0, True, 0
    for each in statements:
        for audience, by in each.counts.items():
            into = whole.counts.setdefault(audience, {})
            for key, number in by.items():
                into[key] = into.get(key, 0) + number
        whole.planned += each.planned
        whole.fan_outs += each.fan_outs
        whole.settled = whole.settled and each.settled
    return whole


def _kept(kept: DeliveryStatistics) -> Counted:
    return Counted(
        kept.communication_id,
        counts=kept.counts,
        planned=kept.planned,
        endpoints=kept.endpoints,
        first_at=kept.first_at,
        half_at=kept.half_at,
        most_at=kept.most_at,
        last_at=kept.last_at,
        fan_outs=kept.fan_outs,
        settled=kept.settled,
    )
