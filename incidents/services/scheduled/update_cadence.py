"""When the next update is due that nobody has promised for another time: by the policy's cadence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.models import Communication, Incident
from incidents.services.decisions.policies import current_policy
from incidents.vocabulary import Kind, Level

ALARM_AT = 0.8  # of the time between two updates
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class UpdateDue:
    """`due` (UTC), `minutes` after the last statement that everybody concerned could read.

    `near`: 80 % of that time are over; `over`: all of it is.
    """

    due: datetime
    minutes: int
    near: bool
    over: bool


def updates_due(incidents: Iterable[Incident], now: datetime) -> dict[int, UpdateDue]:
    """Of open service issues without a promise that stands; incident id -> when, past or to come. Five queries."""
    cadence = current_policy().update_cadence
    going_on = {
        one.pk: one
        for one in incidents
        if one.closed_at is None and one.kind == Kind.SERVICE_ISSUE and not one.backfilled
    }
    if cadence is None or not going_on:
        return {}
    said = Communication.objects.filter(incident__in=list(going_on))
    promised = said.promises()
    last = dict(said.newest().values_list("incident_id", "at"))
    last |= dict(said.public().newest().values_list("incident_id", "at"))
    found = {}
    for pk, incident in going_on.items():
        every = cadence.every(Level(incident.level))
        if every is not None and pk in last and pk not in promised:
            due = last[pk] + every
            near = now >= last[pk] + every * ALARM_AT
            found[pk] = UpdateDue(due, every // MINUTE, near, over=now > due)
    return found
