"""The Celery application and its clock."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "statuspage.settings")

app = Celery("statuspage")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Planning must not wait behind sending, nor the other way round.
app.conf.task_routes = {
    "incidents.*": {"queue": "plan"},
    "notifications.plan": {"queue": "plan"},
    "notifications.sweep": {"queue": "plan"},
    "notifications.proofs": {"queue": "plan"},
    "notifications.age_out": {"queue": "plan"},
    "notifications.send": {"queue": "send"},
    "notifications.confirmations": {"queue": "send"},
    "notifications.sign_in_codes": {"queue": "send"},
    "notifications.reminders": {"queue": "send"},
}

# Sweeps find what no task reached. A tick that nobody picked up before the next one is dropped, or a
# long outage of the workers would leave a queue of ticks.
app.conf.beat_schedule = {
    "incidents-publish-due": {
        "task": "incidents.publish_due",
        "schedule": 15.0,
        "options": {"expires": 15.0},
    },
    "incidents-follow-plans": {
        "task": "incidents.follow_plans",
        "schedule": 15.0,
        "options": {"expires": 15.0},
    },
    "incidents-settle-alerts": {
        "task": "incidents.settle_alerts",
        "schedule": 15.0,
        "options": {"expires": 15.0},
    },
    "incidents-remind": {
        "task": "incidents.remind",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "incidents-retention": {
        "task": "incidents.retention",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "notifications-age-out": {
        "task": "notifications.age_out",
        "schedule": 3600.0,
        "options": {"expires": 3600.0},
    },
    "notifications-sweep": {
        "task": "notifications.sweep",
        "schedule": 10.0,
        "options": {"expires": 10.0},
    },
}
