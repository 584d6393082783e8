"""The heartbeat of the sweep and of who stands in for it, and what both and the queues say of our own sending."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import connection

from notifications.delivery import sending_health
from notifications.models import SendingHeartbeat
from notifications.vocabulary.delivery_states import BEAT, SUBSTITUTE


def beat(*, now: datetime, substitute: bool = False) -> None:
    """Note that the clock of tasks has just rung; or that its substitute has done a round."""
    SendingHeartbeat.objects.bulk_create(
        [SendingHeartbeat(pk=SUBSTITUTE if substitute else BEAT, at=now)],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=["at"],
    )


def figures() -> sending_health.Figures:
    with connection.cursor() as cursor:
        cursor.execute(sending_health.FIGURES)
        return sending_health.read(cursor.fetchone() or sending_health.NOTHING)


def alarms(of: sending_health.Figures | None = None) -> list[str]:
    """What stands still, in sentences for the desk; one question unless the figures are there already."""
    return sending_health.alarms(of or figures(), minutes=settings.STALL_MINUTES)
