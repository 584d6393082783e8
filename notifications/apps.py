from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        from incidents.signals import communication_written

        communication_written.connect(enqueue_planning, dispatch_uid="notifications.plan")
        if settings.MAIL_PROVIDER:
            from anymail.signals import tracking

            from notifications.inbound import provider_events

            tracking.connect(
                provider_events.take, dispatch_uid="notifications.inbound.provider_events"
            )


def enqueue_planning(*, communication_id: int, **_: Any) -> None:
    """Ask a worker to plan. Never longer than half a second, never an error: sweeps do the rest."""
    from incidents.enqueue import enqueue
    from notifications import tasks

    enqueue(tasks.plan_communication, communication_id=communication_id)
