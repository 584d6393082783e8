"""Alerts that wait for a person: as drafts of incidents, with their evidence; and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from incidents.cells import CellIds, grouped
from incidents.models import AlertOutcome, MonitorAlert, Offering
from incidents.services.alerts import grouping
from incidents.services.alerts.cells import catalogue_index
from incidents.services.alerts.correlation import cells_of, open_incidents
from incidents.services.automatic_text import cells_of as placed
from incidents.wording import cells

NAMED = 3


@dataclass(frozen=True, slots=True)
class ReportedDraft:
    """One incident, as it is reported: what fails where, and the alerts that say so, the oldest first."""

    alerts: list[MonitorAlert]
    where: str
    cells: list[CellIds]

    @property
    def ids(self) -> str:
        return ",".join(str(alert.pk) for alert in self.alerts)

    @property
    def since(self) -> datetime:
        return self.alerts[0].opened_at


def reported_drafts(among: Iterable[int] | None = None) -> list[ReportedDraft]:
    """What waits, each storm as one; `among`: ids of alerts, else all of them."""
    alerts = list(_waiting().exclude(cells=[]).order_by("opened_at", "id"))
    if among is not None:
        chosen = set(among)
        alerts = [alert for alert in alerts if alert.pk in chosen]
    if not alerts:
        return []
    offered = set(Offering.objects.current().values_list("service_id", "region_id"))
    hit = [cell for alert in alerts for cell in cells_of(alert) if cell in offered]
    known, groups = placed(hit), grouping.storms(hit, catalogue_index().needs)
    return [
        ReportedDraft(
            [alert for alert in alerts if group.intersection(cells_of(alert))],
            cells(grouped(place for cell, place in known.items() if cell in group), NAMED),
            [cell for cell in known if cell in group],
        )
        for group in groups
    ]


@transaction.atomic
def join_open() -> int:
    """What waits and speaks of a cell of an open incident stands beside that incident; how many do. It changes
    nothing of the incident."""
    waiting = list(_waiting().select_for_update())
    if not waiting:
        return 0
    incidents = open_incidents()
    joined = []
    for alert in waiting:
        found = next((each for each in incidents if each.cells.intersection(cells_of(alert))), None)
        if found is not None:
            alert.incident_id, alert.outcome, alert.detail = (
                found.incident,
                AlertOutcome.WITNESS,
                "",
            )
            joined.append(alert)
    MonitorAlert.objects.bulk_update(joined, ["incident", "outcome", "detail"])
    return len(joined)


def put_aside(*, alerts: Iterable[int], actor: AbstractBaseUser) -> int:
    """A person has looked and nothing is to be declared, until they are over and begin anew; how many."""
    return (
        _waiting()
        .filter(pk__in=list(alerts))
        .update(outcome=AlertOutcome.IGNORED, detail=f"put aside by {actor.get_username()}"[:300])
    )


def _waiting() -> QuerySet[MonitorAlert]:
    return MonitorAlert.objects.filter(outcome=AlertOutcome.WAITING, over_at=None, resolved_at=None)
