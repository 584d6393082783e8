"""When the next update is due that nobody has promised for another time: by the policy's cadence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from incidents.models import Communication, Incident
from incidents.policy import Policy
from incidents.services.decisions.policies import current_policy
from incidents.vocabulary import Kind, Level

ALARM_AT = 0.8  # of the time between two updates
MINUTE = timedelta(minutes=1)
# As `last_words()` has them.
LastWords = Mapping[int, Sequence[tuple[datetime, datetime | None]]]


@dataclass(frozen=True, slots=True)
class UpdateDue:
    """`due` (UTC), `minutes` after the last statement that everybody concerned could read.

    `near`: 80 % of that time are over; `over`: all of it is.
    """

    due: datetime
    minutes: int
    near: bool
    over: bool


def updates_due(
    incidents: Iterable[Incident],
    now: datetime,
    *,
    policy: Policy | None = None,
    words: LastWords | None = None,
) -> dict[int, UpdateDue]:
    """Of open service issues without a promise that stands; incident id -> when, past or to come. Three queries.

    `policy`, `words`: the one in force, and `last_words()`, where they were read before.
    """
    cadence = (policy or current_policy()).update_cadence
    going_on = {
        one.pk: one
        for one in incidents
        if one.closed_at is None and one.kind == Kind.SERVICE_ISSUE and not one.backfilled
    }
    if cadence is None or not going_on:
        return {}
    if words is None:
        words = Communication.objects.filter(incident__in=list(going_on)).last_words()
    found = {}
    for pk, incident in going_on.items():
        every, said = cadence.every(Level(incident.level)), words.get(pk, [])
        if every is not None and said and not any(due for _, due in said):
            last, _ = said[-1]  # the public one, where there is one
            due = last + every
            near = now >= last + every * ALARM_AT
            found[pk] = UpdateDue(due, every // MINUTE, near, over=now > due)
    return found
