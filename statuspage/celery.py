"""The Celery application, its clock, and what every worker does beside its tasks."""

from __future__ import annotations

import logging
import os
import threading
from typing import Any

from celery import Celery
from celery.beat import EmbeddedService
from celery.signals import task_postrun, task_prerun, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "statuspage.settings")
# Django's checks would load every screen of the desk into a worker, and nobody would read what they find.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

log = logging.getLogger(__name__)
app = Celery("statuspage")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Planning must not wait behind sending, nor the other way round.
app.conf.task_routes = {
    "incidents.*": {"queue": "plan"},
    "notifications.plan": {"queue": "plan"},
    "notifications.sweep": {"queue": "plan"},
    "notifications.delivery_statistics": {"queue": "plan"},
    "notifications.reviews": {"queue": "plan"},
    "notifications.age_out": {"queue": "plan"},
    "notifications.send": {"queue": "send"},
    "notifications.confirmations": {"queue": "send"},
    "notifications.contact_notices": {"queue": "send"},
    "notifications.sign_in_codes": {"queue": "send"},
    "notifications.reminders": {"queue": "send"},
}

# Sweeps find what no task reached: seconds between two of them. What is asked for on a screen rings by itself,
# so that its sweep may be rare. A tick that nobody picked up before the next one is dropped, or a long outage
# of the workers would leave a queue of ticks.
SWEEPS = {
    "incidents.publish_due": 15.0,
    "incidents.send_due_posts": 15.0,
    "incidents.follow_plans": 30.0,
    "incidents.follow_alerts": 30.0,
    "incidents.remind": 60.0,
    "incidents.retention": 3600.0,
    "notifications.sweep": 15.0,
    "notifications.confirmations": 60.0,
    "notifications.contact_notices": 60.0,
    "notifications.sign_in_codes": 60.0,
    "notifications.reminders": 60.0,
    "notifications.delivery_statistics": 60.0,
    "notifications.reviews": 60.0,
    "notifications.age_out": 3600.0,
}


def _schedule() -> dict[str, dict[str, Any]]:
    """Sweeps of one queue and pace travel as one message: each costs more than most find to do."""
    together: dict[tuple[str, float], list[str]] = {}
    for name, seconds in SWEEPS.items():
        queue = app.conf.task_routes.get(name, app.conf.task_routes.get("incidents.*"))["queue"]
        together.setdefault((queue, seconds), []).append(name)
    return {
        f"{queue} every {seconds:.0f} s": {
            "task": "statuspage.sweeps",
            "schedule": seconds,
            "kwargs": {"names": names},
            "options": {"queue": queue, "expires": seconds},
        }
        for (queue, seconds), names in together.items()
    }


app.conf.beat_schedule = _schedule()


@app.task(name="statuspage.sweeps")
def sweeps(*, names: list[str], **_: object) -> None:
    """Each in its turn; one that fails keeps no other from its work, and has its next turn like all."""
    for name in names:
        try:
            app.tasks[name]()
        except Exception:
            log.exception("%s failed, and is tried again", name)


@worker_init.connect
def keep_the_clock(**_: object) -> None:
    """Every worker rings for itself, and does what nobody answers to, which needs no broker: in its own threads,
    as a process for each would be a copy of the product in memory. Ticks that are rung twice change nothing."""
    from notifications import without_broker

    clock = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")
    assert isinstance(clock, threading.Thread)  # noqa: S101 - which of two kinds was asked for
    clock.start()
    threading.Thread(
        target=without_broker.run, args=(threading.Event(),), daemon=True, name="without-broker"
    ).start()


@task_prerun.connect
@task_postrun.connect
def keep_the_connection(**_: object) -> None:
    """As between two requests: kept for CONN_MAX_AGE, unless it is broken (see CELERY_DB_REUSE_MAX)."""
    from django.db import close_old_connections

    close_old_connections()
