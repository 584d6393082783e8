"""What was sent to a tenant, the newest first: every message, why, and what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from notifications.evidence.delivery_lookup import endpoints_of, of_lines
from notifications.evidence.outcomes import what_became_of
from notifications.models import Attempt, Delivery, Endpoint, Tenant
from notifications.vocabulary.delivery_states import DeliveryAudience, Reason

A_PAGE = 50
WHY = {
    Reason.ALERT_RULE: "an alert rule matches",
    Reason.FIRST_AND_LAST: "an alert rule matches, for first and last statements",
    Reason.DEFAULT_CONTACT: "you have no rule that leads anywhere, so your contact is told",
    Reason.TOLD_BEFORE: "it was told of this event before",
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
    """So many lines about these incidents, those that concern the tenant, and what they absorbed; `before`: a
    delivery's id.
    """
    rows = Delivery.objects.filter(of_lines(incidents), audience=DeliveryAudience.TARGETED)
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
        for each in Attempt.objects.filter(delivery__in=[row.told_by.pk for row in page]).order_by(
            "number"
        )
    }
    return [
        Line(
            row,
            WHY.get(Reason(row.reason), ""),
            what_became_of(row),
            answers.get(row.told_by.pk, ""),
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


def last_tries(endpoint: Endpoint, most: int = 10) -> list[tuple[datetime, str, str]]:
    """The last tries at an endpoint, the newest first: when, with which result, and the answer."""
    rows = (
        Attempt.objects.filter(delivery__endpoint=endpoint)
        .order_by("-pk")
        .values_list("at", "result", "detail")[:most]
    )
    return list(rows)
