"""The worker's part: claim a batch, send each message outside any transaction, settle in small steps."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models.functions import Now

from notifications import lifecycle
from notifications.lifecycle import ENDS_BATCH, Audience, Failure, State
from notifications.messages import Press
from notifications.models import Delivery, Endpoint, Result
from notifications.services import claims
from notifications.services.claims import Outcome
from notifications.transports import TRANSPORTS, Transport, TransportError

log = logging.getLogger(__name__)

BATCH = 200
# The rest of a batch is given back after this time, well before its lease runs out.
BATCH_SECONDS = 60.0
# What a worker killed between sending and settling repeats at most.
SETTLE_EVERY = 20
SETTLE_SECONDS = 2.0


@dataclass(slots=True)
class Tally:
    """What one run did."""

    sent: int = 0
    failed: int = 0
    skipped: int = 0
    waiting: int = 0

    def count(self, outcome: Outcome) -> None:
        match outcome.state:
            case State.SENT:
                self.sent += 1
            case State.FAILED:
                self.failed += 1
            case State.SKIPPED:
                self.skipped += 1
            case _:
                self.waiting += 1


def work(
    *,
    seconds: float = BATCH_SECONDS,
    batch: int = BATCH,
    transports: Mapping[str, Transport] = TRANSPORTS,
) -> Tally:
    """Send what is due until nothing is left, `seconds` are over, or the other side wants a rest."""
    tally = Tally()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        claimed = claims.claim(most=batch)
        if not claimed.deliveries:
            break
        if not _send_batch(claimed, tally, transports):
            break
    return tally


def _send_batch(claimed: claims.Batch, tally: Tally, transports: Mapping[str, Transport]) -> bool:
    """False when a transport cannot go on for now."""
    press = Press()
    outcomes: list[Outcome] = []
    started = settled_at = time.monotonic()
    stopped: set[str] = set()
    for delivery in claimed.deliveries:
        channel = delivery.endpoint.channel
        clock = time.monotonic()
        if channel in stopped or clock - started > BATCH_SECONDS:
            outcome = Outcome(delivery, State.PENDING, wait=lifecycle.FIRST_WAIT)
        else:
            outcome = _try(delivery, press, transports[channel])
            if outcome.result in ENDS_BATCH:
                stopped.add(channel)
        outcomes.append(outcome)
        tally.count(outcome)
        if len(outcomes) >= SETTLE_EVERY or clock - settled_at > SETTLE_SECONDS:
            settled_at = time.monotonic()
            claims.settle(claimed.claim, outcomes, clock=settled_at)
            outcomes = []
    claims.settle(claimed.claim, outcomes, clock=time.monotonic())
    return not stopped


def _try(delivery: Delivery, press: Press, transport: Transport) -> Outcome:
    skip = _skip_reason(delivery)
    if skip:
        return Outcome(delivery, State.SKIPPED, skip=skip)
    try:
        answer = transport.send(press.compose(delivery))
    except TransportError as error:
        return _failed(delivery, error)
    except Exception as error:
        # One message that cannot be made must not stop the others.
        log.exception("delivery %s could not be made or handed over", delivery.uuid)
        return _failed(delivery, TransportError(Failure.TEMPORARY, type(error).__name__))
    return Outcome(
        delivery, State.SENT, result=Result.SENT.value, detail=answer[:300], at=time.monotonic()
    )


def _skip_reason(delivery: Delivery) -> str:
    endpoint, incident = delivery.endpoint, delivery.communication.incident
    public = delivery.audience == Audience.PUBLIC
    reason = lifecycle.skip_reason(
        delivery.audience,
        suppressed=endpoint.suppressed_at is not None,
        confirmed=endpoint.confirmed_at is not None,
        left=(endpoint.left_posts_at if public else endpoint.left_alerts_at) is not None,
        withdrawn=incident.withdrawn_at is not None,
    )
    return reason.value if reason else ""


def _failed(delivery: Delivery, error: TransportError) -> Outcome:
    age = delivery.age  # type: ignore[attr-defined]  # annotated by claims.claim
    state = lifecycle.after_failure(error.failure, attempts=delivery.attempts, age=age)
    wait = lifecycle.wait_after(
        delivery.attempts,
        jitter=random.random(),  # noqa: S311 - spreads retries, guards nothing
        retry_after=error.retry_after,
    )
    if error.bad_address:
        Endpoint.objects.filter(pk=delivery.endpoint_id, suppressed_at__isnull=True).update(
            suppressed_at=Now(), suppressed_because=error.detail
        )
    return Outcome(
        delivery,
        state,
        wait=wait,
        result=error.failure.value,
        detail=error.detail,
        at=time.monotonic(),
    )
