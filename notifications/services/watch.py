"""The pulse of the sweep and of who stands in for it, and what both and the queues say of our own sending."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import connection

from notifications import stall
from notifications.models import Pulse


def beat(*, now: datetime, whose: int = stall.BEAT) -> None:
    """Note that the clock of tasks has just rung; or that its substitute has done a round."""
    Pulse.objects.update_or_create(pk=whose, defaults={"at": now})


def figures() -> stall.Figures:
    with connection.cursor() as cursor:
        cursor.execute(stall.FIGURES)
        return stall.read(cursor.fetchone() or stall.NOTHING)


def alarms(of: stall.Figures | None = None) -> list[str]:
    """What stands still, in sentences for the desk; one question unless the figures are there already."""
    return stall.alarms(of or figures(), minutes=settings.STALL_MINUTES)
