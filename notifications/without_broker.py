"""All that is due, done without broker, worker or clock of tasks: what ends a silence when they stay dead.

While workers do their part there is nothing left to find here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from incidents.services import visibility
from incidents.services.scheduled import reminders, retention
from notifications import sending_health, sign_in
from notifications.customers import list_readings
from notifications.delivery import claims, heartbeat, plan, reminder_mail, review_delivery, send
from notifications.delivery.send import Tally
from notifications.evidence import delivery_statistics
from notifications.lifecycle import Channel
from notifications.subscribers import subscribe

# What is due for longer than this is nobody else's any more.
GRACE = timedelta(seconds=15)


def help_out(*, now: datetime, grace: timedelta = GRACE) -> Tally:
    """One round of all due work; safe beside workers, since rows are claimed. Returns what it sent."""
    visibility.publish_due(now=now)
    reminders.remind(now=now)
    retention.expire(now=now)
    plan.plan_due(now=now)
    claims.expire_leases()
    tally = Tally()
    if claims.anything_due(since=grace):
        for channel in Channel:
            done = send.work(channels=(channel,))
            tally.sent += done.sent
            tally.failed += done.failed
            tally.skipped += done.skipped
            tally.waiting += done.waiting
    subscribe.send_confirmations(now=now)
    sign_in.send_codes(now=now)
    review_delivery.report_settled(now=now)
    reminder_mail.mail_reminders(now=now)
    delivery_statistics.refresh_due(now=now)
    heartbeat.beat(now=now, whose=sending_health.SUBSTITUTE)
    for reading_id in list_readings.unread(since=now - grace):
        list_readings.read(reading_id=reading_id, now=now)
    return tally
