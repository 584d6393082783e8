"""States of a fan-out and of a delivery, and what may follow what. Pure: tables and arithmetic.

The database repeats these rules as constraints; tests walk through the tables cell by cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from incidents.vocabulary import CommunicationKind, Stage, Word


class Channel(Word):
    """How an endpoint is reached. What each does is in its folder of `notifications.channels`."""

    MAIL = "mail"
    WEBHOOK = "webhook"
    CHAT = "chat"
    PUSH = "push", "Browser"
    APPRISE = "apprise", "Phone or SMS (Apprise)"

    @property
    def is_web(self) -> bool:
        """Whether it leads to a web address of somebody else; mail leads to our own relay."""
        return self is not Channel.MAIL


class State(Word):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"


# From SENDING back to PENDING: a wait after a failure, a hold, or the lease of a vanished worker ran out.
# From SKIPPED only the items of a digest, when that digest itself is skipped, and what an address that is
# sent to again has missed.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.SENDING, State.SKIPPED}),
    State.SENDING: frozenset({State.SENT, State.PENDING, State.FAILED, State.SKIPPED}),
    State.SENT: frozenset(),
    State.FAILED: frozenset({State.PENDING}),
    State.SKIPPED: frozenset({State.PENDING}),
}


class Phase(Word):
    """Where a fan-out stands. Each phase has a cursor of its own; they follow in this order."""

    MATCHING = "matching"
    TOLD_BEFORE = "told-before"
    PUBLIC = "public"
    DONE = "done"


NEXT_PHASE: Mapping[Phase, Phase] = {
    Phase.MATCHING: Phase.TOLD_BEFORE,
    Phase.TOLD_BEFORE: Phase.PUBLIC,
    Phase.PUBLIC: Phase.DONE,
}


class SkipReason(Word):
    SUPERSEDED = "superseded"
    SUPPRESSED = "suppressed"
    UNCONFIRMED = "unconfirmed"
    IN_DIGEST = "in_digest"  # held back, and told in a digest: `digest`
    LEFT = "left"
    WITHDRAWN = "withdrawn"
    DRILL = "drill"  # everything but the last step: the address is not on the drill's list
    PAUSED = "paused"  # its reader wants no posts before a day


class Deferral(Word):
    """Why a pending delivery is kept back although the other side would take it."""

    LIMIT = "limit"  # the hour's messages to this endpoint are used up
    INTERVAL = "interval"  # the last message about this incident is too fresh
    DAILY = "daily"  # its reader wants one summary a day
    QUIET = "quiet"  # the alert rules that lead to it have quiet hours


class DeliveryAudience(Word):
    TARGETED = "targeted"
    PUBLIC = "public"


class Relevance(Word):
    """How much an incident concerns a receiver; the words a mail uses are in `messages`."""

    IMPACTED = "impacted"
    RELATED = "related"
    PARTIALLY_RELATED = "partially-related"
    NOT_IMPACTED = "not-impacted"
    DEPENDENT = "dependent"  # may be affected: runs on what depends on it
    PUBLIC = "public"


class Reason(Word):
    """Why an endpoint is in an audience."""

    ALERT_RULE = "alert-rule"
    DEFAULT_CONTACT = "default-contact"
    FIRST_AND_LAST = "first-and-last"  # an alert rule that wants nothing in between
    TOLD_BEFORE = "told-before"
    TOPIC = "topic"
    TOPIC_ENDS = "topic-ends"  # a reader who wants the first and the last statements
    TOPIC_DAILY = "topic-daily"  # a reader who wants one summary a day
    FOLLOWED = "followed"  # a reader of this incident
    FOLLOWED_END = "followed-end"  # a reader who wants to know when it is over


class Cadence(Word):
    """How often a reader of public posts wants to hear."""

    EVERY = "every", "Every update"
    ENDS = "ends", "First and last"
    DAILY = "daily", "One summary a day"


class Failure(Word):
    """What a failed attempt means. Classified once, by the transport."""

    PERMANENT = "permanent"  # this receiver will never take it
    TEMPORARY = "temporary"  # this receiver may take it later
    THROTTLED = "throttled"  # the other side wants us to slow down: end the batch
    UNREACHABLE = "unreachable"  # nobody there, or our own set-up is at fault: end the batch


ENDS_BATCH = frozenset({Failure.THROTTLED, Failure.UNREACHABLE})

FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(minutes=15)
# A dead relay is no receiver's fault, so age decides and not the number of tries; the number stops
# only a message that takes a worker down each time.
GIVE_UP_AFTER = timedelta(hours=24)
MOST_ATTEMPTS = 200
# Somebody else's server is tried over days, as Standard Webhooks asks, ever more rarely: (up to this age, longest
# wait).
WEB_WAITS = (
    (timedelta(hours=2), LONGEST_WAIT),
    (timedelta(hours=24), timedelta(hours=1)),
    (timedelta(days=4), timedelta(hours=6)),
)
WEB_GIVE_UP_AFTER = WEB_WAITS[-1][0]


def wait_after(
    attempts: int,
    *,
    jitter: float,
    retry_after: timedelta | None = None,
    longest: timedelta = LONGEST_WAIT,
) -> timedelta:
    """The backoff: how long to wait for the retry after the `attempts`-th try failed (1 = the first).

    Doubles from FIRST_WAIT to `longest` and is stretched by up to a half: `jitter` is a random
    number from 0 to 1. A longer wait asked for by the other side wins, up to an hour.
    """
    doublings = min(max(attempts, 1) - 1, 12)
    wait = min(FIRST_WAIT * (1 << doublings), longest) * (1 + jitter / 2)
    return max(wait, min(retry_after or timedelta(0), timedelta(hours=1)))


def longest_wait(channel: Channel, age: timedelta) -> timedelta:
    """Between two tries of a delivery of this age."""
    if not channel.is_web:
        return LONGEST_WAIT
    return next((longest for until, longest in WEB_WAITS if age < until), WEB_WAITS[-1][1])


def after_failure(
    failure: Failure, *, attempts: int, age: timedelta, channel: Channel = Channel.MAIL
) -> State:
    """PENDING (try again later) or FAILED; `age` is counted from the delivery's creation."""
    give_up = WEB_GIVE_UP_AFTER if channel.is_web else GIVE_UP_AFTER
    if failure is Failure.PERMANENT or age >= give_up or attempts >= MOST_ATTEMPTS:
        return State.FAILED
    return State.PENDING


URGENT, USUAL, PATIENT = 0, 1, 2
CLOSING_STAGES = frozenset({"mitigated", "resolved", "complete", "cancelled"})


def priority(*, kind: str, stage: str, number: int) -> int:
    """First notices, ends, retractions and corrections overtake updates; reviews wait for both."""
    if kind == CommunicationKind.REVIEW:
        return PATIENT
    urgent = (
        kind in (CommunicationKind.RETRACTION, CommunicationKind.CORRECTION)
        or number == 1
        or stage in CLOSING_STAGES
    )
    return URGENT if urgent else USUAL


def is_in_between(*, kind: str, stage: str) -> bool:
    """Whether a rule for first and last statements passes it over. Another date is no mere update."""
    return kind == CommunicationKind.UPDATE and stage not in CLOSING_STAGES | {Stage.RESCHEDULED}


# No storms: what the hour's limit holds back, and what the interval between updates of one incident does.
# First notices, ends, retractions and corrections are held by neither.
LIMITED = frozenset({USUAL, PATIENT})
SPACED = frozenset({USUAL})


def is_end(*, kind: str, stage: str) -> bool:
    """Whether it tells that something is over."""
    return kind == CommunicationKind.UPDATE and stage in CLOSING_STAGES


def takes_back(*, kind: str) -> bool:
    """Whether it is for exactly those who heard what was wrong, at once and however they chose to be told."""
    return kind in (CommunicationKind.RETRACTION, CommunicationKind.CORRECTION)


def asks_first(*, kind: str, stage: str, number: int, receivers: int, threshold: int) -> bool:
    """Whether a person must confirm the number of receivers: never of a first notice, an end or a retraction,
    since every minute counts. A correction overtakes updates, too, but whoever corrects has a moment. 0: never.
    """
    if (
        kind != CommunicationKind.CORRECTION
        and priority(kind=kind, stage=stage, number=number) == URGENT
    ):
        return False
    return 0 < threshold <= receivers


def may_hear_drill(address: str, allowed: Iterable[str]) -> bool:
    """Whether a drill may reach an address: named itself, by `@domain`, or by how its web address begins."""
    heard = address.lower()
    for entry in map(str.lower, allowed):
        if "://" in entry and (heard == entry or heard.startswith(entry.rstrip("/") + "/")):
            return True
        if heard == entry or (
            entry.startswith("@") and "://" not in heard and heard.endswith(entry)
        ):
            return True
    return False


def skip_reason(
    audience: str,
    *,
    suppressed: bool,
    confirmed: bool,
    left: bool,
    withdrawn: bool,
    paused: bool = False,
) -> SkipReason | None:
    """Why a delivery must not be sent after all; asked again right before each try.

    `left`: the receiver left this kind of message. `withdrawn`: the public entry is gone meanwhile. `paused`: its
    reader wants no posts for a while.
    Targeted alerts need no confirmation (the operator was given the address) and outlive the entry.
    """
    if suppressed:
        return SkipReason.SUPPRESSED
    if left:
        return SkipReason.LEFT
    if audience == DeliveryAudience.PUBLIC and not confirmed:
        return SkipReason.UNCONFIRMED
    if audience == DeliveryAudience.PUBLIC and withdrawn:
        return SkipReason.WITHDRAWN
    if audience == DeliveryAudience.PUBLIC and paused:
        return SkipReason.PAUSED
    return None


# The rows of notifications_sendingheartbeat: the workers' sweep, and what runs without a broker.
BEAT, SUBSTITUTE = 1, 2
