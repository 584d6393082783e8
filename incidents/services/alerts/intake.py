"""Taking in alerts: every one becomes a row that says what it led to, and those of a storm one incident."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from incidents.alerts.mapping import Unmapped, map_labels, read_mapping
from incidents.alerts.signal import Signal
from incidents.cells import CellIds
from incidents.models import AlertOutcome, MonitorAlert, MonitorSource
from incidents.services.alerts.cells import catalogue_index
from incidents.services.alerts.correlation import act_on, rank
from incidents.services.inputs import Hit
from incidents.vocabulary import Level

HEARTBEAT = "watchdog"  # the alert that Prometheus' own rules fire all the time
# At most this often: in a storm it would be one more write for every alert.
HEARD_NOTED = timedelta(seconds=5)
ALERT = [field.name for field in MonitorAlert._meta.concrete_fields]
REHEARD = """
UPDATE incidents_monitoralert AS a SET heard_at = %s, over_at = v.over_at, times = v.times, flaps = v.flaps
FROM unnest(%s::bigint[], %s::timestamptz[], %s::int[], %s::int[]) AS v (id, over_at, times, flaps)
WHERE a.id = v.id
"""


@dataclass
class Taken:
    """What became of a payload; `alerts` in its order, each as its row says now."""

    alerts: list[MonitorAlert] = field(default_factory=list)
    unchanged: int = 0  # fire on, as before
    heartbeats: int = 0


@transaction.atomic(savepoint=False)
def take_in(*, source: MonitorSource, signals: Sequence[Signal], now: datetime) -> Taken:
    """Take in what a monitor says; all or nothing. Times in UTC. Raises MappingError.

    A duplicate alert, known by its source and key (dedup), changes what is known of it and opens nothing.
    """
    with connection.cursor() as cursor:  # two halves of a storm must see each other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('monitor-alerts'))")
    if source.heard_at is None or abs(now - source.heard_at) > HEARD_NOTED:
        MonitorSource.objects.filter(pk=source.pk).update(heard_at=now)
    beats = {each.key for each in signals if _is_heartbeat(each)}
    latest = {each.key: each for each in signals if each.key not in beats}
    taken = Taken(heartbeats=len(beats))
    known = {
        each.key: each
        for each in MonitorAlert.objects.select_related("incident")
        .only(*ALERT, "incident__tracking_id", "incident__public_title")
        .filter(source=source.name, key__in=list(latest), resolved_at__isnull=True)
    }
    new: list[MonitorAlert] = []
    changed: list[MonitorAlert] = []
    repeated: list[MonitorAlert] = []  # fire on, are over, or fire after all
    for signal in latest.values():
        alert = known.get(signal.key)
        if alert is None:
            alert = _row(source, signal, now)
            new.append(alert)
        elif not signal.firing:
            alert.heard_at, alert.over_at = now, alert.over_at or _past(signal.at, now)
            repeated.append(alert)
        elif _again(alert, signal, now):
            changed.append(alert)
        else:
            taken.unchanged += 1
            repeated.append(alert)
        taken.alerts.append(alert)
    firing = [*changed, *(alert for alert in new if alert.resolved_at is None)]
    hits = _understand(source, firing)
    if source.mode == MonitorSource.Mode.AUTOMATIC:
        act_on(firing, hits, window=timedelta(minutes=source.window_minutes), now=now)
    else:
        for alert in firing:
            if alert.cells and alert.incident_id is None:
                alert.outcome, alert.detail = AlertOutcome.WAITING, "a person declares it"
    save_alerts(changed)
    if repeated:
        _hear_again(repeated, now)
    MonitorAlert.objects.bulk_create(new, batch_size=1000)
    return taken


@transaction.atomic
def declare_waiting(
    *, source: MonitorSource, actor: AbstractBaseUser, now: datetime
) -> list[MonitorAlert]:
    """A person declares what waits of a source: storms become one incident each. Returns the alerts."""
    waiting = list(
        MonitorAlert.objects.select_for_update().filter(
            source=source.name, outcome=AlertOutcome.WAITING, over_at=None, resolved_at=None
        )
    )
    hits = _understand(source, waiting)
    act_on(waiting, hits, window=timedelta(minutes=source.window_minutes), now=now, actor=actor)
    save_alerts(waiting)
    return waiting


def save_alerts(alerts: Iterable[MonitorAlert]) -> None:
    """Rows that are there already, with what has become of them, in one statement a thousand."""
    MonitorAlert.objects.bulk_create(
        alerts,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=[
            "times",
            "flaps",
            "heard_at",
            "over_at",
            "labels",
            "cells",
            "level",
            "outcome",
            "detail",
            "incident",
        ],
        batch_size=1000,
    )


def _hear_again(alerts: Sequence[MonitorAlert], now: datetime) -> None:
    rows = [(each.pk, each.over_at, each.times, each.flaps) for each in alerts]
    with connection.cursor() as cursor:
        cursor.execute(REHEARD, [now, *(list(column) for column in zip(*rows, strict=True))])


def _is_heartbeat(signal: Signal) -> bool:
    return signal.labels.get("alertname", "").lower() == HEARTBEAT


def _again(alert: MonitorAlert, signal: Signal, now: datetime) -> bool:
    """The same alert once more, perhaps after it was only flapping. Whether it must be looked at anew."""
    alert.heard_at = now
    alert.times = max(alert.times, signal.times) if signal.times else alert.times + 1
    if alert.over_at is not None:
        alert.over_at = None
        alert.flaps += 1
    labels = dict(signal.labels)
    is_other = labels != alert.labels
    alert.labels = labels
    # The mapping may have been mended meanwhile.
    return is_other or alert.outcome in (AlertOutcome.UNMAPPED, AlertOutcome.REFUSED)


def _row(source: MonitorSource, signal: Signal, now: datetime) -> MonitorAlert:
    """A new line. The end of something that was never reported is one, too, closed at once."""
    alert = MonitorAlert(
        source=source.name,
        key=signal.key,
        title=signal.title,
        labels=dict(signal.labels),
        times=signal.times or 1,
        opened_at=_past(signal.at, now),
        heard_at=now,
    )
    if not signal.firing:
        alert.over_at = alert.resolved_at = now
        alert.outcome = AlertOutcome.IGNORED
        alert.detail = "it is over, and was never reported as firing"
    return alert


def _understand(source: MonitorSource, alerts: Sequence[MonitorAlert]) -> dict[CellIds, Hit]:
    """Put cells and level onto each alert by the source's mapping; the hits by cell, the gravest of each."""
    hits: dict[CellIds, Hit] = {}
    if not alerts:
        return hits
    rows, catalogue = read_mapping(source.mapping), catalogue_index()
    for alert in alerts:
        named = map_labels(rows, alert.labels)
        found = named if isinstance(named, Unmapped) else catalogue.hit(named)
        if isinstance(found, Unmapped):
            alert.outcome = AlertOutcome.IGNORED if found.ignored else AlertOutcome.UNMAPPED
            alert.detail = found.why[:300]
            continue
        cell = (found.service.pk, found.region.pk)
        if list(cell) not in alert.cells:
            alert.cells = [*alert.cells, list(cell)]
        alert.level = found.level or Level.ERROR
        if cell not in hits or rank(found) > rank(hits[cell]):
            hits[cell] = found
    return hits


def _past(at: datetime | None, now: datetime) -> datetime:
    """A monitor's clock may be ahead, and some send the year 1; neither is when something happened."""
    return at if at is not None and now - timedelta(days=366) < at <= now else now
