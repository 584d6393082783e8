"""Monitors: made when they are first heard of, changed at the desk; and those that have fallen silent."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from incidents.alerts.formats import FORMATS
from incidents.alerts.mapping import MappingError, read_mapping
from incidents.models import AlertOutcome, MonitorAlert, MonitorSource
from incidents.services.errors import EntryError

MOST_MINUTES = 24 * 60
BY_NAME = "SELECT * FROM incidents_monitorsource WHERE name = %s"
VISITORS = "visitors"  # what readers of the public page report (`alerts.visitors`)


def heard(*, name: str, format_name: str, now: datetime) -> MonitorSource:
    """The source of this name; a new one asks a person before anything is declared. Raises EntryError."""
    if (
        not name
        or len(name) > 60
        or not all(each.isascii() and (each.isalnum() or each in "-_") for each in name)
    ):
        raise EntryError("source", f"{name[:60]!r} is no name; use letters, digits, - and _.")
    # Asked with every report: putting the question together would cost more than its answer.
    for found in MonitorSource.objects.raw(BY_NAME, [name]):
        return found
    found, _ = MonitorSource.objects.get_or_create(
        name=name, defaults={"format": format_name, "made_at": now}
    )
    return found


@transaction.atomic
def save(
    *,
    name: str,
    format_name: str,
    mode: str,
    mapping: str,
    window_minutes: int,
    hold_minutes: int,
    silent_minutes: int,
    now: datetime,
) -> MonitorSource:
    """Make or change a source. Raises EntryError naming the field."""
    if format_name not in FORMATS:
        raise EntryError("format", f"{format_name!r} is not known; use {', '.join(FORMATS)}.")
    if mode not in MonitorSource.Mode.values:
        raise EntryError(
            "mode", f"{mode!r} is not known; use {', '.join(MonitorSource.Mode.values)}."
        )
    if name == VISITORS and mode == MonitorSource.Mode.AUTOMATIC:
        raise EntryError("mode", "visitors are witnesses; a person declares what they report.")
    for field, minutes in (
        ("window_minutes", window_minutes),
        ("hold_minutes", hold_minutes),
        ("silent_minutes", silent_minutes),
    ):
        if not 0 <= minutes <= MOST_MINUTES:
            raise EntryError(field, f"{minutes} is not between 0 and {MOST_MINUTES}.")
    try:
        read_mapping(mapping)
    except MappingError as error:
        raise EntryError("mapping", str(error)) from error
    source = heard(name=name, format_name=format_name, now=now)
    source.format, source.mode, source.mapping = format_name, mode, mapping
    source.window_minutes, source.hold_minutes = window_minutes, hold_minutes
    source.silent_minutes = silent_minutes
    source.save()
    return source


def silent(now: datetime) -> list[MonitorSource]:
    """Sources that should have said something by now."""
    return [
        source
        for source in MonitorSource.objects.filter(silent_minutes__gt=0).order_by("name")
        if (source.heard_at or source.made_at) < now - timedelta(minutes=source.silent_minutes)
    ]


def asking() -> int:
    """How many alerts of sources that ask wait for a person."""
    asks = MonitorSource.objects.filter(mode=MonitorSource.Mode.ASK).values("name")
    return MonitorAlert.objects.filter(
        source__in=asks, outcome=AlertOutcome.WAITING, over_at=None, resolved_at=None
    ).count()
