"""All that is due, but the daily tidying up, done without broker, worker or clock of tasks: what ends a silence when
they stay dead.

While workers do their part there is nothing left to find here.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

from django.db import Error, connection
from django.utils import timezone

from incidents.services import visibility
from incidents.services.alerts import recovery, visitors, waiting
from incidents.services.scheduled import maintenance, posts, reminders, retention
from notifications.customers import list_readings
from notifications.customers.sign_in import codes
from notifications.delivery import (
    claims,
    contact_notices,
    heartbeat,
    plan,
    reminder_mail,
    review_delivery,
    send,
    sending_health,
    settlement,
)
from notifications.delivery.send import SendTally
from notifications.evidence import delivery_statistics
from notifications.subscribers import subscribe

log = logging.getLogger(__name__)

# What is due for longer than this is nobody else's any more.
GRACE = timedelta(seconds=15)
# So often is looked whether workers do their part; after so many seconds without a sweep they do not.
LOOK_SECONDS = 10.0
SWEEP_MISSED = 40.0


def run(stop: threading.Event) -> None:
    """Until `stop`: does what workers leave undone. While they do their part it only looks."""
    busy = False
    while busy or not stop.wait(LOOK_SECONDS):
        busy = not stop.is_set() and _run_if_needed()


def _run_if_needed() -> bool:
    """Whether there may be more. A database that is away is asked again later."""
    try:
        if not is_left_undone(heartbeat.figures()):
            return False
        tally = run_once(now=timezone.now())
    except Error as error:
        log.warning("the database is away: %s", " ".join(str(error).split()))
        connection.close()
        return False
    except Exception:
        log.exception("could not run without a broker, and tries again")
        return False
    if tally.sent:
        log.warning("sent %d messages that no worker had taken", tally.sent)
    return bool(tally.sent)


def is_left_undone(figures: sending_health.Figures) -> bool:
    """Whether no worker sweeps, or something has waited for longer than GRACE."""
    grace = GRACE.total_seconds()
    waited = (None if figures.stopped else figures.oldest_due, figures.oldest_unplanned)
    swept = figures.beat is not None and figures.beat < SWEEP_MISSED
    return not swept or any(age is not None and age > grace for age in waited)


def run_once(*, now: datetime, grace: timedelta = GRACE) -> SendTally:
    """One round of all due work; safe beside workers, since rows are claimed. Returns what it sent."""
    _incidents_clock(now)
    plan.plan_due(now=now)
    settlement.expire_leases()
    tally = SendTally()
    if claims.anything_due(since=grace):
        for channel in claims.channels_due():
            done = send.work(channels=(channel,))
            tally.sent += done.sent
            tally.failed += done.failed
            tally.skipped += done.skipped
            tally.waiting += done.waiting
    subscribe.send_confirmations(now=now)
    codes.send_codes(now=now)
    contact_notices.find(now=now)
    contact_notices.send_due(now=now)
    review_delivery.report_delivered(now=now)
    reminder_mail.mail_reminders(now=now)
    delivery_statistics.refresh_due(now=now)
    heartbeat.beat(now=now, substitute=True)
    for reading_id in list_readings.unread(since=now - grace):
        list_readings.read(reading_id=reading_id, now=now)
    return tally


def _incidents_clock(now: datetime) -> None:
    """What is due by itself; what one rule cannot do keeps no other, and no delivery, waiting."""
    for rule in (
        posts.send_due,
        visibility.publish_due,
        maintenance.remind_receivers,
        maintenance.follow_plans,
        visitors.tell_the_desk,
        recovery.recover_due,
        reminders.remind,
        retention.expire,
    ):
        try:
            rule(now=now)
        except Error:
            raise  # the database is away: whoever asks tries again
        except Exception:
            log.exception("%s.%s failed, and is tried again", rule.__module__, rule.__name__)
    waiting.join_open()
