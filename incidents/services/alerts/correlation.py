"""Which incident understood alerts are: a new one, an open one that they widen, or one that a person has.

As soon as a person has said or decided anything, the operator has the incident: what a monitor says of it
later is noted and shown, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection

from incidents.cells import CellIds
from incidents.models import AlertOutcome, Incident, MonitorAlert
from incidents.services.alerts import grouping
from incidents.services.alerts.cells import catalogue_index
from incidents.services.alerts.monitor import title_of, words_of
from incidents.services.errors import EntryError
from incidents.services.incident import declare, post_update
from incidents.services.inputs import Changes, Declaration, Hit
from incidents.services.levels import has_operator
from incidents.services.tracking import new_tracking_id
from incidents.vocabulary import LEVEL_RANK, Audience, Kind, Level

OPEN = """
SELECT i.id, hit.services, hit.regions, heard.ever, heard.ever AND (i.created_at >= %(since)s OR EXISTS (
  SELECT FROM incidents_monitoralert a
  WHERE a.incident_id = i.id AND a.outcome <> %(witness)s AND a.opened_at >= %(since)s))
FROM incidents_incident i
CROSS JOIN LATERAL (
  SELECT coalesce(array_agg(m.service_id), '{}') AS services, coalesce(array_agg(m.region_id), '{}') AS regions
  FROM incidents_impact m JOIN incidents_occurrence o ON o.id = m.occurrence_id
  WHERE o.incident_id = i.id AND m.ended_at IS NULL) AS hit
CROSS JOIN LATERAL (
  SELECT EXISTS (SELECT FROM incidents_monitoralert a
    WHERE a.incident_id = i.id AND a.outcome <> %(witness)s) AS ever) AS heard
WHERE i.kind = %(kind)s AND i.closed_at IS NULL AND i.mitigated_at IS NULL AND i.merged_into_id IS NULL
  AND NOT i.drill
ORDER BY i.id
"""


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
    needs = catalogue_index().needs
    incidents = open_incidents(now - window)
    own = {each.incident: each.cells for each in incidents}
    for found, group in grouping.homes(grouping.storms(cells, needs), incidents, needs):
        members = [alert for alert in alerts if not group.isdisjoint(cells_of(alert))]
        wanted = [hits[cell] for cell in sorted(group)]
        try:
            if found is None:
                _open(members, wanted, now=now, actor=actor)
            else:
                incident = Incident.objects.only("tracking_id", "level").get(pk=found)
                _join(incident, own[found], members, wanted, now=now, actor=actor)
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
    own: frozenset[CellIds],
    members: Sequence[MonitorAlert],
    hits: Sequence[Hit],
    *,
    now: datetime,
    actor: AbstractBaseUser | None,
) -> None:
    """Widen the incident by the cells it does not have open (its `own`), and raise its level, in one statement."""
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


def open_incidents(fresh_since: datetime | None = None) -> list[grouping.Open]:
    """Incidents that alerts may belong to, the oldest first. Without `fresh_since` none of them counts as fresh."""
    asked: dict[str, str | datetime] = {
        "kind": Kind.SERVICE_ISSUE,
        "witness": AlertOutcome.WITNESS,
        "since": fresh_since or datetime.max.replace(tzinfo=UTC),
    }
    with connection.cursor() as cursor:
        cursor.execute(OPEN, asked)
        return [
            grouping.Open(
                pk, frozenset(zip(services, regions, strict=True)), fresh=fresh, by_monitor=ever
            )
            for pk, services, regions, ever, fresh in cursor.fetchall()
        ]


def _gravest(hits: Sequence[Hit]) -> str:
    return tuple(Level)[max(rank(hit) for hit in hits)]


def rank(hit: Hit) -> int:
    return LEVEL_RANK[hit.level or Level.ERROR]
