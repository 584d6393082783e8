"""The worker's part: claim a batch, send each message outside any transaction, settle in small steps."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from notifications.channels.base import (
    ChannelRenderer,
    Message,
    MessageTemplate,
    Transport,
    TransportError,
)
from notifications.channels.registry import CHANNELS
from notifications.delivery import (
    claims,
    contact_notices,
    kill_switch,
    sent_messages,
    settlement,
)
from notifications.delivery.circuit_breaker import Breakers
from notifications.delivery.settlement import SendOutcome
from notifications.models import Channel, Delivery, Result
from notifications.vocabulary import delivery_states
from notifications.vocabulary.delivery_states import ENDS_BATCH, SkipReason, State

log = logging.getLogger(__name__)

# A batch is what was sent in so long lately: few messages at a slow receiver, where who leaves meanwhile must
# still be seen and others' workers have their part, many at a fast one.
PACE_SECONDS = 0.5
FIRST_BATCH, LEAST_BATCH, BATCH = 5, 100, 1000  # the first message waits for the first one
# The rest of a batch is given back after this time, well before its lease runs out.
BATCH_SECONDS = 15.0
# What a worker killed between sending and settling repeats at most, with what is under way.
MOST_REPEATED = 20
SETTLE_SECONDS = 2.0
# A receiver that is slow holds one of these; mails need none, their relay is one connection.
PARALLEL_REQUESTS = 8
# While the database is away a worker keeps what it knows for so long, and repeats nothing.
DATABASE_PATIENCE = 30.0
# Whether somebody has stopped all sending, too: within a batch, so often at most.
ASK_SECONDS = 0.1
# So many tries to somebody else's server, about an hour, until its people are told.
FAILING_AFTER = 9
# Whether an entry is public is asked anew after so long.
RENDERER_SECONDS = 10.0


@dataclass(slots=True)
class SendTally:
    """What one run did. `held`: kept back for later, or taken along by another."""

    held: int = 0
    sent: int = 0
    failed: int = 0
    skipped: int = 0
    waiting: int = 0

    def count(self, outcome: SendOutcome) -> None:
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
    transports: Mapping[str, Transport] | None = None,
    channels: Sequence[str] | None = None,
    batch_seconds: float | None = None,
) -> SendTally:
    """Send what is due, channel by channel (all, or those of `transports`), until `seconds` are over.

    A channel ends when nothing is left, or when its other side wants a rest; a batch that has begun, after
    `batch_seconds` (by default BATCH_SECONDS).
    """
    batch_seconds = BATCH_SECONDS if batch_seconds is None else batch_seconds
    tally = SendTally()
    until = time.monotonic() + seconds
    transports = transports or {each.name: each.transport for each in CHANNELS.values()}
    for channel in channels or transports:
        _work_one(Channel(channel), tally, transports[channel], until, batch_seconds)
    return tally


def _work_one(
    channel: Channel, tally: SendTally, transport: Transport, until: float, batch_seconds: float
) -> None:
    renderer, made_at = CHANNELS[channel].renderer(), time.monotonic()
    batch = FIRST_BATCH
    while (began := time.monotonic()) < until:
        claimed = claims.claim(most=batch, channel=channel)
        if not claimed.picked:
            return
        tally.held += claimed.picked - len(claimed.deliveries)
        if time.monotonic() - made_at > RENDERER_SECONDS:
            renderer, made_at = CHANNELS[channel].renderer(), time.monotonic()
        if not _Run(channel, claimed, tally, transport, renderer, batch_seconds).finish():
            return
        batch = next_batch(len(claimed.deliveries), time.monotonic() - began)


def next_batch(count: int, seconds: float) -> int:
    """How many to claim after `count` took so long."""
    return min(max(LEAST_BATCH, round(count / seconds * PACE_SECONDS)), BATCH)


@dataclass
class _Run:
    """One batch under one claim."""

    channel: Channel
    claimed: claims.Batch
    tally: SendTally
    transport: Transport
    renderer: ChannelRenderer
    batch_seconds: float
    breakers: Breakers = field(default_factory=Breakers)
    outcomes: list[SendOutcome] = field(default_factory=list)
    noted: int = 0  # of these are in the journal
    bodies: dict[int, Message] = field(default_factory=dict)  # of what goes to web addresses
    contents: dict[MessageTemplate, int] = field(default_factory=dict)  # of mails, not kept yet
    kept: set[MessageTemplate] = field(default_factory=set)
    ended: bool = False  # the transport cannot go on for now
    settled_at: float = field(default_factory=time.monotonic)
    asked_at: float = 0.0
    halted: bool = False  # somebody has stopped all sending: the rest goes back

    def finish(self) -> bool:
        """False when the transport cannot go on for now."""
        started = self.settled_at
        deliveries = self.claimed.deliveries
        handler = CHANNELS[self.channel]
        if deliveries and handler.prepare and self.transport is handler.transport:
            handler.prepare()
        self.breakers.load(delivery.endpoint for delivery in deliveries)
        if self.channel.is_web:
            outcomes, under_way = self.in_parallel(deliveries, started), PARALLEL_REQUESTS
        else:
            outcomes, under_way = self.one_by_one(deliveries, started), 1
        for outcome in outcomes:
            self.outcomes.append(outcome)
            self.tally.count(outcome)
            if time.monotonic() - self.settled_at > SETTLE_SECONDS:
                self.settle()
            elif len(self.outcomes) - self.noted + under_way >= MOST_REPEATED:
                self.note()
        self.settle()
        self.patiently(self.breakers.save)
        return not self.ended

    def note(self) -> None:
        """What was sent is settled a batch at a time, noted as it leaves. Anything else is settled at once."""
        some = self.outcomes[self.noted :]
        if self.channel.is_web or any(each.state is not State.SENT for each in some):
            self.settle()
            return
        self.patiently(self.keep_note)
        self.noted = len(self.outcomes)
        self.ask_whether_stopped()

    def keep_note(self) -> None:
        self.keep_contents()
        some = self.outcomes[self.noted :]
        settlement.note(self.claimed.claim, some, clock=time.monotonic())

    def settle(self) -> None:
        """Record what happened."""
        self.patiently(self.keep_outcomes)
        # Once a delivery: long after the first failure, long before it is given up.
        failing = {
            outcome.delivery.endpoint_id: outcome.delivery.endpoint
            for outcome in self.outcomes
            if outcome.state is State.PENDING
            and outcome.result
            and outcome.delivery.attempts == FAILING_AFTER
        }
        if self.channel.is_web:
            contact_notices.note_failing(failing.values(), now=timezone.now())
        self.outcomes, self.noted = [], 0
        self.settled_at = time.monotonic()
        self.ask_whether_stopped()

    def keep_outcomes(self) -> None:
        self.keep_contents()
        settlement.settle(self.claimed.claim, self.outcomes, clock=time.monotonic())
        self.keep_bodies()

    def patiently(self, write: Callable[[], None]) -> None:
        """Keeps at it while the database is away: what is lost is sent again."""
        until = time.monotonic() + DATABASE_PATIENCE
        while True:
            try:
                write()
                return
            except (OperationalError, InterfaceError):
                if time.monotonic() > until:
                    raise
                connection.close()
                time.sleep(0.5)

    def ask_whether_stopped(self) -> None:
        now = time.monotonic()
        if not self.halted and now - self.asked_at > ASK_SECONDS:
            self.halted, self.asked_at = kill_switch.holds(), now

    def keep_contents(self) -> None:
        """Before what refers to it, and once for a batch."""
        if self.contents:
            sent_messages.keep_contents(self.contents)
            self.kept.update(self.contents)
            self.contents = {}

    def keep_bodies(self) -> None:
        """As evidence of what exactly a web address took."""
        taken = [each.delivery for each in self.outcomes if each.state is State.SENT]
        if sent := [(each, self.bodies[each.pk]) for each in taken if each.pk in self.bodies]:
            sent_messages.keep(sent, now=timezone.now())

    def held_back(self, delivery: Delivery, started: float) -> SendOutcome | None:
        """The outcome of what is not tried now: who shall not have it, and what must wait."""
        if skip := delivery.reason_to_skip():
            return SendOutcome(delivery, State.SKIPPED, skip=skip)
        if self.halted or time.monotonic() - started > self.batch_seconds:
            return SendOutcome(delivery, State.PENDING)
        if self.ended:
            return SendOutcome(delivery, State.PENDING, wait=delivery_states.FIRST_WAIT)
        if pause := self.breakers.pause(delivery.endpoint):
            return SendOutcome(delivery, State.PENDING, wait=pause)
        return None

    def one_by_one(self, deliveries: Sequence[Delivery], started: float) -> Iterator[SendOutcome]:
        """Each is made while the other side reads the last but one: a transport may announce the next."""
        made: dict[int, Message | SendOutcome] = {}

        def make(number: int) -> None:
            if number in made or number >= len(deliveries):
                return
            if not self.held_back(deliveries[number], started):
                made[number] = self.compose(deliveries[number])

        announced: Message | None = None
        for number, delivery in enumerate(deliveries):
            ready = made.pop(number, None)
            message = self.held_back(delivery, started) or ready or self.compose(delivery)
            if announced is not None and message is not announced:
                self.transport.close()  # announced, and held back after all
            announced = None
            if isinstance(message, SendOutcome):
                yield message
                continue
            make(number + 1)
            following = made.get(number + 1)
            announced = following if isinstance(following, Message) else None
            answer = _hand_over(self.transport, message, announced, partial(make, number + 2))
            yield self.with_content(message, self.judged(delivery, answer))

    def with_content(self, message: Message, outcome: SendOutcome) -> SendOutcome:
        """With what a mail said, once it is taken."""
        template = message.template
        if outcome.state is not State.SENT or template is None:
            return outcome
        if template not in self.kept:
            self.contents[template] = outcome.delivery.incident_id
        outcome.content = sent_messages.common(template).key
        outcome.own = sent_messages.own_words(message)
        return outcome

    def in_parallel(self, deliveries: Sequence[Delivery], started: float) -> Iterator[SendOutcome]:
        """Several at a time, one per endpoint (the claim sees to that within an incident)."""
        running: dict[Future[str | TransportError], Delivery] = {}
        with ThreadPoolExecutor(PARALLEL_REQUESTS) as pool:
            for delivery in deliveries:
                while len(running) >= PARALLEL_REQUESTS:
                    yield from self.collected(running)
                message = self.held_back(delivery, started) or self.compose(delivery)
                if isinstance(message, SendOutcome):
                    yield message
                else:
                    self.bodies[delivery.pk] = message
                    running[pool.submit(_hand_over, self.transport, message)] = delivery
            while running:
                yield from self.collected(running)

    def collected(
        self, running: dict[Future[str | TransportError], Delivery]
    ) -> Iterator[SendOutcome]:
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            yield self.judged(running.pop(future), future.result())

    def compose(self, delivery: Delivery) -> Message | SendOutcome:
        try:
            message = self.renderer.compose(delivery)
        except Exception as error:
            # One message that cannot be made must not stop the others.
            log.exception("delivery %s could not be made", delivery.uuid)
            return _failed(delivery, TransportError.of_ours(error))
        if delivery.stays_inside():
            return SendOutcome(delivery, State.SKIPPED, skip=SkipReason.DRILL.value)
        return message

    def judged(self, delivery: Delivery, answer: str | TransportError) -> SendOutcome:
        """What an answer means for the delivery, and for everybody behind the same host."""
        endpoint = delivery.endpoint
        if isinstance(answer, str):
            self.breakers.succeeded(endpoint)
            return SendOutcome(
                delivery,
                State.SENT,
                result=Result.SENT.value,
                detail=answer[:300],
                at=time.monotonic(),
            )
        relay = not self.channel.is_web and answer.failure in ENDS_BATCH
        if relay:
            self.ended = True
        if relay or answer.host_in_trouble:
            self.breakers.failed(endpoint, retry_after=answer.retry_after)
        return _failed(delivery, answer)


def _hand_over(
    transport: Transport,
    message: Message,
    following: Message | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> str | TransportError:
    """Touches no database of itself: it may run in a thread."""
    try:
        return transport.send(message, following, meanwhile)
    except TransportError as error:
        return error
    except Exception as error:
        log.exception("message %s could not be handed over", message.id)
        return TransportError.of_ours(error)


def _failed(delivery: Delivery, error: TransportError) -> SendOutcome:
    channel = Channel(delivery.channel)
    return SendOutcome(
        delivery,
        delivery_states.after_failure(
            error.failure, attempts=delivery.attempts, age=delivery.age, channel=channel
        ),
        wait=delivery_states.wait_after(
            delivery.attempts,
            jitter=random.random(),  # noqa: S311 - spreads retries, guards nothing
            retry_after=error.retry_after,
            longest=delivery_states.longest_wait(channel, delivery.age),
        ),
        result=error.failure.value,
        detail=error.detail,
        at=time.monotonic(),
        bad_address=error.bad_address,
        ours=error.ours,
    )
