"""The pulse of the sweep, and what it and the queues say of our own sending."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import connection

from notifications import stall
from notifications.models import Pulse

BEAT = 1  # the one row


def beat(*, now: datetime) -> None:
    """Note that the clock of tasks has just rung."""
    Pulse.objects.update_or_create(pk=BEAT, defaults={"at": now})


def figures() -> stall.Figures:
    with connection.cursor() as cursor:
        cursor.execute(stall.FIGURES)
        return stall.read(cursor.fetchone() or (None, None, None, 0, False, 0, 0))


def alarms() -> list[str]:
    """What stands still, in sentences for the desk; one question."""
    return stall.alarms(figures(), minutes=settings.STALL_MINUTES)
