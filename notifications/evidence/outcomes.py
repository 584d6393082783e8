"""What became of a delivery, in words for the customer whose it is."""

from __future__ import annotations

from datetime import UTC, datetime

from notifications.models import Delivery
from notifications.vocabulary.delivery_states import Deferral, SkipReason, State

SKIPPED = {
    SkipReason.SUPERSEDED: "not sent: a newer statement took its place",
    SkipReason.SUPPRESSED: "not sent: the address is disabled",
    SkipReason.UNCONFIRMED: "not sent: the address is not confirmed",
    SkipReason.LEFT: "not sent: the address has left",
    SkipReason.WITHDRAWN: "not sent: the entry was withdrawn",
    SkipReason.DRILL: "not sent: a drill",
    SkipReason.PAUSED: "not sent: its reader has paused posts",
}
HELD = {
    Deferral.DAILY: "waits for the daily summary",
    Deferral.LIMIT: "waits: this hour's messages are used up",
    Deferral.QUIET: "held by the quiet hours of your rule",
    Deferral.INTERVAL: "waits: the last message about this event is too fresh",
}


def what_became_of(row: Delivery) -> str:
    """Asks for the digest of what is in one (`select_related`)."""
    if row.skip_reason == SkipReason.IN_DIGEST:
        if row.told_by.state == State.SENT:
            return "told in a digest with others"
        # A digest that has aged out leaves its items without one.
        rest = f": {what_became_of(row.told_by)}" if row.told_by != row else ""
        return f"part of a digest{rest}"
    if row.state == State.SKIPPED:
        return SKIPPED[SkipReason(row.skip_reason)]
    if row.state == State.PENDING and row.deferred:
        return f"{HELD[Deferral(row.deferred)]}, until {_moment(row.next_attempt_at)}"
    held = f", after quiet hours that ended {_moment(row.quiet_until)}" if row.quiet_until else ""
    return {
        State.SENT: f"accepted by the other side{held}",
        State.FAILED: "could not be delivered",
        State.PENDING: "is tried again" if row.attempts else "is about to be sent",
        State.SENDING: "is being sent",
    }[State(row.state)]


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %B, %H:%M} UTC"
