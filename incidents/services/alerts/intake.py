"""Taking in alerts: every one becomes a row that says what it led to, and those of a storm one incident.

As soon as a person has said or decided anything, the operator has the incident: what a monitor says of it
later is noted and shown, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import F, Max

from incidents.alerts.mapping import NamedPlaces, Unmapped, map_labels, read_mapping
from incidents.alerts.signal import Signal
from incidents.cells import CellIds
from incidents.models import Dependency, Impact, Incident, MonitorAlert, MonitorSource
from incidents.services.alerts import grouping
from incidents.services.alerts.cells import CatalogueIndex
from incidents.services.alerts.monitor import title_of, words_of
from incidents.services.errors import EntryError
from incidents.services.incident import declare, has_operator, post_update
from incidents.services.inputs import Changes, Declaration, Hit
from incidents.services.tracking import new_tracking_id
from incidents.vocabulary import LEVEL_RANK, Audience, Kind, Level

AlertOutcome = MonitorAlert.Outcome
HEARTBEAT = "watchdog"  # the alert that Prometheus' own rules fire all the time


@dataclass
class Taken:
    """What became of a payload; `alerts` in its order, each as its row says now."""

    alerts: list[MonitorAlert] = field(default_factory=list)
    unchanged: int = 0  # fire on, as before
    heartbeats: int = 0


@transaction.atomic
def take_in(*, source: MonitorSource, signals: Sequence[Signal], now: datetime) -> Taken:
    """Take in what a monitor says; all or nothing. Times in UTC. Raises MappingError."""
    with connection.cursor() as cursor:  # two halves of a storm must see each other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('monitor-alerts'))")
    MonitorSource.objects.filter(pk=source.pk).update(heard_at=now)
    taken = Taken()
    latest = {each.key: each for each in signals}
    known = {
        each.key: each
        for each in MonitorAlert.objects.select_related("incident").filter(
            source=source.name, key__in=list(latest), resolved_at__isnull=True
        )
    }
    new: list[MonitorAlert] = []
    changed: list[MonitorAlert] = []
    moved: list[MonitorAlert] = []  # over, or firing after all
    fire_on: list[int] = []
    for signal in latest.values():
        if signal.labels.get("alertname", "").lower() == HEARTBEAT:
            taken.heartbeats += 1
            continue
        alert = known.get(signal.key)
        if alert is None:
            alert = (
                _row(source, signal, now) if signal.firing else _never_heard(source, signal, now)
            )
            new.append(alert)
        elif not signal.firing:
            alert.heard_at, alert.over_at = now, alert.over_at or _past(signal.at, now)
            moved.append(alert)
        else:
            was_over = alert.over_at is not None
            if _again(alert, signal, now):
                changed.append(alert)
            else:
                taken.unchanged += 1
                if was_over or signal.times:
                    moved.append(alert)
                else:
                    fire_on.append(alert.pk)
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
    MonitorAlert.objects.bulk_update(
        moved, ["heard_at", "over_at", "times", "flaps"], batch_size=500
    )
    MonitorAlert.objects.filter(pk__in=fire_on).update(times=F("times") + 1, heard_at=now)
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
    MonitorAlert.objects.bulk_update(
        alerts,
        [
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
        batch_size=500,
    )


def act_on(
    alerts: Sequence[MonitorAlert],
    hits: Mapping[CellIds, Hit],
    *,
    window: timedelta,
    now: datetime,
    actor: AbstractBaseUser | None = None,
) -> None:
    """Make incidents of understood alerts, or widen those that are open; writes onto the alerts, unsaved."""
    cells = [cell for alert in alerts for cell in cells_of(alert) if cell in hits]
    if not cells:
        return
    needs = dependencies()
    incidents = open_incidents(now - window)
    for found, group in grouping.homes(grouping.storms(cells, needs), incidents, needs):
        members = [alert for alert in alerts if not group.isdisjoint(cells_of(alert))]
        wanted = [hits[cell] for cell in sorted(group)]
        try:
            with transaction.atomic():
                if found is None:
                    _open(members, wanted, now=now, actor=actor)
                else:
                    _join(Incident.objects.get(pk=found), members, wanted, now=now, actor=actor)
        except EntryError as error:
            for alert in members:
                alert.incident = None
                alert.outcome, alert.detail = AlertOutcome.REFUSED, str(error)[:300]


def cells_of(alert: MonitorAlert) -> list[CellIds]:
    return [(service, region) for service, region in alert.cells]


def _open(
    members: Sequence[MonitorAlert],
    hits: Sequence[Hit],
    *,
    now: datetime,
    actor: AbstractBaseUser | None,
) -> None:
    level = _gravest(hits)
    started_at = min(min(alert.opened_at for alert in members), now)
    tracking_id = new_tracking_id()
    incident = declare(
        declaration=Declaration(
            level=level,
            public_title=title_of(hits),
            hits=hits,
            started_at=started_at,
            detected_at=started_at,
            audience=Audience.ESTIMATED,
            tracking_id=tracking_id,
            statement=words_of(tracking_id, hits, level, started_at),
            automated=actor is None,
        ),
        now=now,
        actor=actor,
    )
    for alert in members:
        alert.incident, alert.outcome, alert.detail = incident, AlertOutcome.OPENED, ""


def _join(
    incident: Incident,
    members: Sequence[MonitorAlert],
    hits: Sequence[Hit],
    *,
    now: datetime,
    actor: AbstractBaseUser | None,
) -> None:
    """Widen the incident by the cells it does not have open, and raise its level, in one statement."""
    own = set(
        Impact.objects.filter(occurrence__incident=incident)
        .open()
        .values_list("service_id", "region_id")
    )
    more = [hit for hit in hits if (hit.service.pk, hit.region.pk) not in own]
    level = _gravest(hits)
    graver = level if LEVEL_RANK[level] > LEVEL_RANK[incident.level] else None
    outcome, detail = AlertOutcome.JOINED, ""
    if more or graver:
        if actor is None and has_operator(incident):
            outcome, detail = AlertOutcome.NOTED, f"it says {title_of(hits)}, {level}"
        else:
            since = min(alert.opened_at for alert in members)
            post_update(
                incident_id=incident.pk,
                changes=Changes(level=graver, hits=more),
                # New cells are told by themselves, a graver level is not.
                statement=None if more else words_of(incident.tracking_id, hits, level, since),
                now=now,
                actor=actor,
            )
            outcome = AlertOutcome.WIDENED
    for alert in members:
        alert.incident, alert.outcome, alert.detail = incident, outcome, detail[:300]


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
    return MonitorAlert(
        source=source.name,
        key=signal.key,
        title=signal.title,
        labels=dict(signal.labels),
        times=signal.times or 1,
        opened_at=_past(signal.at, now),
        heard_at=now,
    )


def _never_heard(source: MonitorSource, signal: Signal, now: datetime) -> MonitorAlert:
    """The end of something that was never reported: kept as a line, closed at once."""
    alert = _row(source, signal, now)
    alert.over_at = alert.resolved_at = now
    alert.outcome, alert.detail = (
        AlertOutcome.IGNORED,
        "it is over, and was never reported as firing",
    )
    return alert


def _understand(source: MonitorSource, alerts: Sequence[MonitorAlert]) -> dict[CellIds, Hit]:
    """Put cells and level onto each alert by the source's mapping; the hits by cell, the gravest of each."""
    rows = read_mapping(source.mapping)
    understood = [map_labels(rows, alert.labels) for alert in alerts]
    catalogue = CatalogueIndex(each for each in understood if isinstance(each, NamedPlaces))
    hits: dict[CellIds, Hit] = {}
    for alert, named in zip(alerts, understood, strict=True):
        found = catalogue.hit(named) if isinstance(named, NamedPlaces) else named
        if isinstance(found, Unmapped):
            alert.outcome = AlertOutcome.IGNORED if found.ignored else AlertOutcome.UNMAPPED
            alert.detail = found.why[:300]
            continue
        cell = (found.service.pk, found.region.pk)
        if list(cell) not in alert.cells:
            alert.cells = [*alert.cells, list(cell)]
        alert.level = found.level or Level.ERROR
        if cell not in hits or _rank(found) > _rank(hits[cell]):
            hits[cell] = found
    return hits


def open_incidents(fresh_since: datetime | None = None) -> list[grouping.Open]:
    """Incidents that alerts may belong to, the oldest first. Without `fresh_since` none of them counts as fresh."""
    found = Incident.objects.filter(
        kind=Kind.SERVICE_ISSUE,
        closed_at__isnull=True,
        mitigated_at__isnull=True,
        merged_into__isnull=True,
        drill=False,
    ).order_by("id")
    cells: dict[int, set[CellIds]] = {}
    for pk, service, region in (
        Impact.objects.filter(occurrence__incident__in=found)
        .open()
        .values_list("occurrence__incident_id", "service_id", "region_id")
    ):
        cells.setdefault(pk, set()).add((service, region))
    alerts = MonitorAlert.objects.filter(incident__in=found).exclude(outcome=AlertOutcome.WITNESS)
    heard: dict[int, datetime] = dict(
        alerts.order_by().values_list("incident_id").annotate(Max("opened_at"))
    )
    return [
        grouping.Open(
            incident.pk,
            frozenset(cells.get(incident.pk, ())),
            fresh=fresh_since is not None
            and incident.pk in heard
            and max(heard[incident.pk], incident.created_at) >= fresh_since,
            by_monitor=incident.pk in heard,
        )
        for incident in found
    ]


def dependencies() -> dict[int, frozenset[int]]:
    """Which services each one needs, by id."""
    needs: dict[int, set[int]] = {}
    for service, needed in Dependency.objects.values_list("service_id", "depends_on_id"):
        needs.setdefault(service, set()).add(needed)
    return {service: frozenset(needed) for service, needed in needs.items()}


def _gravest(hits: Sequence[Hit]) -> str:
    return tuple(Level)[max(_rank(hit) for hit in hits)]


def _rank(hit: Hit) -> int:
    return LEVEL_RANK[hit.level or Level.ERROR]


def _past(at: datetime | None, now: datetime) -> datetime:
    """A monitor's clock may be ahead, and some send the year 1; neither is when something happened."""
    return at if at is not None and now - timedelta(days=366) < at <= now else now
