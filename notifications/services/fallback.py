"""All that is due, done without broker, worker or clock of tasks: what ends a silence when they stay dead.

While workers do their part there is nothing left to find here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from incidents.services import publicity, reminders, retention
from notifications import stall
from notifications.services import (
    claims,
    list_readings,
    plan,
    proofs,
    reminding,
    reviews,
    send,
    subscribe,
    watch,
)
from notifications.services.send import Tally
from notifications.transports import TRANSPORTS

# What is due for longer than this is nobody else's any more.
GRACE = timedelta(seconds=15)


def help_out(*, now: datetime, grace: timedelta = GRACE) -> Tally:
    """One round of all due work; safe beside workers, since rows are claimed. Returns what it sent."""
    publicity.publish_due(now=now)
    reminders.remind(now=now)
    retention.expire(now=now)
    plan.plan_due(now=now)
    claims.expire_leases()
    tally = Tally()
    if claims.anything_due(since=grace):
        for channel in TRANSPORTS:
            done = send.work(channels=(channel,))
            tally.sent += done.sent
            tally.failed += done.failed
            tally.skipped += done.skipped
            tally.waiting += done.waiting
    subscribe.send_confirmations(now=now)
    reviews.report_settled(now=now)
    reminding.mail_reminders(now=now)
    proofs.refresh_due(now=now)
    watch.beat(now=now, whose=stall.SUBSTITUTE)
    for reading_id in list_readings.unread(since=now - grace):
        list_readings.read(reading_id=reading_id, now=now)
    return tally
