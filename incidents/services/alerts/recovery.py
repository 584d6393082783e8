"""Letting go: what has been over for long enough recovers, and nothing that its alerts did not open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q

from incidents.models import AlertOutcome, Impact, Incident, MonitorAlert, MonitorSource
from incidents.services.alerts.correlation import cells_of
from incidents.services.incident import recover
from incidents.services.levels import has_operator


@transaction.atomic
def recover_due(*, now: datetime) -> list[str]:
    """Close alerts that have been over for as long as their source holds them. Returns the incidents that
    recovered, in part or as a whole, by tracking ID. Safe to run twice, late or beside itself.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('monitor-alerts'))")
    held = Q(pk__in=[])
    for name, minutes in MonitorSource.objects.values_list("name", "hold_minutes"):
        held |= Q(source=name, over_at__lte=now - timedelta(minutes=minutes))
    due = list(MonitorAlert.objects.filter(held, resolved_at__isnull=True).order_by("id"))
    if not due:
        return []
    MonitorAlert.objects.filter(pk__in=[each.pk for each in due]).update(resolved_at=now)
    by_incident: dict[int, list[MonitorAlert]] = {}
    for alert in due:
        # A witness ends nothing.
        if alert.incident_id is not None and alert.outcome != AlertOutcome.WITNESS:
            by_incident.setdefault(alert.incident_id, []).append(alert)
    return [
        incident.tracking_id
        for incident in Incident.objects.filter(pk__in=by_incident).order_by("id")
        if _let_go(incident, by_incident[incident.pk], now)
    ]


def _let_go(incident: Incident, over: Sequence[MonitorAlert], now: datetime) -> bool:
    """Recover the cells of these alerts that no open alert speaks of; unless a person has the incident."""
    if incident.mitigated_at is not None or incident.merged_into_id or has_operator(incident):
        return False
    still = incident.monitor_alerts.filter(resolved_at__isnull=True).exclude(
        outcome=AlertOutcome.WITNESS
    )
    kept = {cell for alert in still for cell in cells_of(alert)}
    impacts = Impact.objects.filter(occurrence__incident=incident).open()
    own = set(impacts.values_list("service_id", "region_id"))
    ended = sorted({cell for alert in over for cell in cells_of(alert)}.intersection(own) - kept)
    if not ended:
        return False
    began = max(impacts.values_list("started_at", flat=True))
    at = max(max(each.over_at or now for each in over), began)
    recover(incident_id=incident.pk, cells=ended, at=min(at, now), now=now)
    return True
