"""The clock's rules as Celery tasks. Each only calls a service, is safe to run twice, late or beside itself."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from incidents.replay import backtest_run
from incidents.services import visibility
from incidents.services.alerts import recovery, visitors, waiting
from incidents.services.scheduled import maintenance, posts, reminders, retention

log = logging.getLogger(__name__)


@shared_task(name="incidents.publish_due")
def publish_due(**_: object) -> None:
    """Post what waited for a confirmation until its deadline, from facts only."""
    for tracking_id in visibility.publish_due(now=timezone.now()):
        log.warning("%s went public by itself: nobody confirmed it in time", tracking_id)


@shared_task(name="incidents.send_due_posts")
def send_due_posts(**_: object) -> None:
    """Carry out what was to go out later."""
    for post in posts.send_due(now=timezone.now()):
        log.info("%s: %s %s", post, post.state, post.why)


@shared_task(name="incidents.follow_plans")
def follow_plans(**_: object) -> None:
    """Begin and end the maintenances that do so by their plan; remind receivers of those to come."""
    for tracking_id in maintenance.remind_receivers(now=timezone.now()):
        log.info("%s: its receivers are reminded", tracking_id)
    for tracking_id in maintenance.follow_plans(now=timezone.now()):
        log.info("%s: a step of its plan", tracking_id)


@shared_task(name="incidents.follow_alerts")
def follow_alerts(**_: object) -> None:
    """Hear what many visitors report, and let go of what monitors say is over, once it has been for long enough."""
    visitors.tell_the_desk(now=timezone.now())
    waiting.join_open()
    for tracking_id in recovery.recover_due(now=timezone.now()):
        log.info("%s: its monitor says that it is over", tracking_id)


@shared_task(name="incidents.remind")
def remind(**_: object) -> None:
    """Write down what is due, or soon will be; `notifications` mails it."""
    for reminder in reminders.remind(now=timezone.now()):
        log.warning("%s: %s due %s", reminder.incident, reminder.what, reminder.due_at)


@shared_task(name="incidents.retention")
def expire(**_: object) -> None:
    """Take public entries off the page that are older than the policy keeps them."""
    for tracking_id in retention.expire(now=timezone.now()):
        log.info("%s left the public history: kept long enough", tracking_id)


@shared_task(name="incidents.compare_policies")
def compare_policies(*, run_id: int, **_: object) -> None:
    """Compare policies over recordings that were handed in at the desk."""
    backtest_run.run(run_id, now=timezone.now())
