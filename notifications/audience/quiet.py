"""Whom a statement does not wake: the quiet hours of alert rules, as they are at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from incidents import prepared_statements
from incidents.models import Communication
from notifications.audience import selection_sql as sql
from notifications.models import Endpoint
from notifications.vocabulary import quiet_hours
from notifications.vocabulary.delivery_states import takes_back


@dataclass(frozen=True, slots=True)
class QuietNow:
    """The quiet hours of all alert rules that it is quiet in now: window, zone and end (UTC), row by row."""

    quiet: list[int] = field(default_factory=list)
    quiet_zones: list[str] = field(default_factory=list)
    quiet_untils: list[datetime] = field(default_factory=list)


def quiet_now(communication: Communication, *, now: datetime) -> QuietNow:
    """What keeps this statement back; nothing does where it takes back what was told."""
    found = QuietNow()
    if takes_back(kind=communication.kind):
        return found
    windows = {
        quiet_hours.window(*each) for each in prepared_statements.answers(sql.QUIET_HOURS, {})
    }
    if not windows:
        return found
    for zone in Endpoint.objects.values_list("time_zone", flat=True).distinct():
        for each in windows:
            if until := quiet_hours.ends_at(each, zone, now=now):
                found.quiet.append(each)
                found.quiet_zones.append(zone)
                found.quiet_untils.append(until)
    return found
