"""What was sent to a tenant, the newest first: every message, why, and what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from notifications.evidence.delivery_lookup import endpoints_of
from notifications.models import Attempt, Delivery, Endpoint, Tenant
from notifications.vocabulary.delivery_states import (
    Deferral,
    DeliveryAudience,
    Reason,
    SkipReason,
    State,
)

A_PAGE = 50
WHY = {
    Reason.ALERT_RULE: "an alert rule matches",
    Reason.FIRST_AND_LAST: "an alert rule matches, for first and last statements",
    Reason.DEFAULT_CONTACT: "you have no rule that leads anywhere, so your contact is told",
    Reason.TOLD_BEFORE: "it was told of this event before",
}
SKIPPED = {
    SkipReason.SUPERSEDED: "not sent: a newer statement went out instead",
    SkipReason.SUPPRESSED: "not sent: the address is disabled",
    SkipReason.UNCONFIRMED: "not sent: the address is not confirmed",
    SkipReason.IN_DIGEST: "told in a digest with others",
    SkipReason.LEFT: "not sent: the address has left",
    SkipReason.WITHDRAWN: "not sent: the entry was withdrawn",
    SkipReason.DRILL: "not sent: a drill",
    SkipReason.PAUSED: "not sent: its reader has paused posts",
}
HELD = {
    Deferral.DAILY: "waiting for the daily summary",
    Deferral.LIMIT: "waits: this hour's messages are used up",
    Deferral.QUIET: "held by the quiet hours of your rule",
    Deferral.INTERVAL: "waits: the last message about this event is too fresh",
}


@dataclass(frozen=True, slots=True)
class Line:
    """`answer`: what the other side said at the last try, where there was one."""

    delivery: Delivery
    why: str
    what: str
    answer: str


def log_of(
    tenant: Tenant,
    incidents: Sequence[int],
    *,
    endpoint: Endpoint | None = None,
    before: int | None = None,
    most: int = A_PAGE,
) -> list[Line]:
    """So many lines about these incidents, those that concern the tenant; `before`: a delivery's id."""
    rows = Delivery.objects.filter(
        incident__in=incidents,
        audience=DeliveryAudience.TARGETED,
    )
    if endpoint is not None:
        rows = rows.filter(endpoint=endpoint)
    else:
        rows = rows.filter(endpoint__in=endpoints_of(tenant).values("pk"))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    page = list(
        rows.select_related("endpoint", "incident", "communication", "digest").order_by("-pk")[
            :most
        ]
    )
    answers = {
        each.delivery_id: each.detail
        for each in Attempt.objects.filter(
            delivery__in=[row.digest_id or row.pk for row in page]
        ).order_by("number")
    }
    return [
        Line(
            row,
            WHY.get(Reason(row.reason), ""),
            what(row),
            answers.get(row.digest_id or row.pk, ""),
        )
        for row in page
    ]


def place_of(identifier: str) -> int | None:
    """The id to go on before, of a delivery's UUID: ids would tell how many messages others got in between."""
    try:
        found = Delivery.objects.filter(uuid=uuid.UUID(identifier))
    except ValueError:
        return None
    return found.values_list("pk", flat=True).first()


def what(row: Delivery) -> str:
    """What became of a delivery, in words."""
    if row.state == State.SKIPPED:
        if row.skip_reason == SkipReason.IN_DIGEST and row.digest and row.digest.deferred:
            return f"told in a digest, which is {what(row.digest)}"
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


def last_tries(endpoint: Endpoint, most: int = 10) -> list[tuple[datetime, str, str]]:
    """The last tries at an endpoint, the newest first: when, with which result, and the answer."""
    rows = (
        Attempt.objects.filter(delivery__endpoint=endpoint)
        .order_by("-pk")
        .values_list("at", "result", "detail")[:most]
    )
    return list(rows)
