"""The Celery tasks that plan and send. A task only says *look*: rows are the truth, sweeps find what was missed.

Every task is safe to run twice, late, or beside itself.
"""

from __future__ import annotations

import logging
import time

from celery import shared_task
from django.utils import timezone

from incidents.enqueue import enqueue
from notifications.channels.registry import CHANNELS
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
    settlement,
)
from notifications.evidence import delivery_statistics
from notifications.evidence import retention as delivery_retention
from notifications.subscribers import subscribe
from notifications.vocabulary.delivery_states import Channel

log = logging.getLogger(__name__)

RUN_SECONDS = 5.0
FIRST_SECONDS = 1.0
AGE_OUT_SECONDS = 60.0


@shared_task(name="notifications.plan")
def plan_communication(*, communication_id: int, **_: object) -> None:
    """Plan one communication, and send its first mails; the others wake senders."""
    prepare_mail()
    added = plan.plan(communication_id=communication_id, now=timezone.now(), wake=send_first)
    log.info("communication %d: %d deliveries planned", communication_id, added)


@shared_task(name="notifications.send")
def send_due(*, channel: str, **_: object) -> None:
    """Send what is due in one channel; if time is over before the work is, wake the next.

    Each channel by itself: a slow receiver of webhooks must not hold up mails, nor the other way round.
    """
    # Short, so that a worker whose hands are all sending gets round to planning.
    tally = send.work(seconds=RUN_SECONDS, channels=(channel,))
    if tally.sent or tally.failed or tally.skipped:
        log.info("%s: %s", channel, tally)
    if (tally.sent or tally.held) and claims.anything_due(channel=channel):
        enqueue(send_due, channel=channel)


def wake_senders() -> None:
    """Something may have become due in any channel."""
    for channel in claims.channels_due():
        enqueue(send_due, channel=channel)


def prepare_mail() -> None:
    """Connect to the relay while the first mails are planned."""
    handler = CHANNELS[Channel.MAIL]
    if handler.prepare:
        handler.prepare()


def send_first() -> None:
    """The first batch of mails at once, as a message through the broker would take as long as the rest of their way.

    Planning waits for it, so it is short; other channels wait for nothing.
    """
    due = claims.channels_due()
    for channel in due:
        if channel != Channel.MAIL:
            enqueue(send_due, channel=channel)
    if Channel.MAIL not in due:
        return
    try:
        send.work(seconds=0.001, channels=(Channel.MAIL,), batch_seconds=FIRST_SECONDS)
    except Exception:
        log.exception("the first mails were not sent, and are tried again")
    enqueue(send_due, channel=Channel.MAIL)


@shared_task(name="notifications.confirmations")
def send_confirmations(**_: object) -> None:
    """Send the mails that ask new readers for confirmation."""
    subscribe.send_confirmations(now=timezone.now())


@shared_task(name="notifications.contact_notices")
def send_contact_notices(**_: object) -> None:
    """Tell tenants which of their ways is dead, was left or refuses."""
    contact_notices.find(now=timezone.now())
    contact_notices.send_due(now=timezone.now())


@shared_task(name="notifications.sign_in_codes")
def send_sign_in_codes(**_: object) -> None:
    """Mail the codes that people of customers have asked for."""
    codes.send_codes(now=timezone.now())


@shared_task(name="notifications.reminders")
def mail_reminders(**_: object) -> None:
    """Mail operators what has become due."""
    reminder_mail.mail_reminders(now=timezone.now())


@shared_task(name="notifications.reviews")
def report_reviews(**_: object) -> None:
    """Report the reviews whose deliveries are all settled."""
    review_delivery.report_delivered(now=timezone.now())


@shared_task(name="notifications.delivery_statistics")
def refresh_delivery_statistics(**_: object) -> None:
    """Keep the counts of what has left since they were kept last."""
    delivery_statistics.refresh_due(now=timezone.now())


@shared_task(name="notifications.age_out")
def age_out(**_: object) -> None:
    """Delete deliveries that are kept long enough, for a while; the next run goes on."""
    until = time.monotonic() + AGE_OUT_SECONDS
    if gone := delivery_retention.age_out(
        now=timezone.now(), go_on=lambda: time.monotonic() < until
    ):
        log.info("%d deliveries have aged out; their counts are kept", gone)
    if gone := delivery_retention.forget_readers(now=timezone.now()):
        log.info("%d addresses that nothing is sent to any more are forgotten", gone)


@shared_task(name="notifications.read_list")
def read_list(*, reading_id: int, **_: object) -> None:
    """Read an impacted list that was handed in."""
    list_readings.read(reading_id=reading_id, now=timezone.now())


@shared_task(name="notifications.sweep")
def sweep(**_: object) -> None:
    """Find what no task reached: unplanned communications, vanished workers' claims, due deliveries."""
    heartbeat.beat(now=timezone.now())
    plan.plan_due(now=timezone.now())
    if lost := settlement.expire_leases():
        log.warning("%d deliveries were claimed by a worker that vanished; they go out again", lost)
    wake_senders()
    for reading_id in list_readings.unread(since=timezone.now()):
        enqueue(read_list, reading_id=reading_id)
