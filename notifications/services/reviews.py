"""Telling the ledger that a targeted review has reached everybody it can reach."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from incidents.models import Communication
from incidents.services.publicity import review_settled
from notifications.lifecycle import Phase, State
from notifications.models import Delivery, FanOut

# A review that some address never settles for is taken as delivered after this time.
LATEST = timedelta(hours=72)
UNSETTLED = (State.PENDING, State.SENDING)


def awaited() -> QuerySet[Communication]:
    """Reviews, planned to the end, whose incidents are public only until they are delivered."""
    planned = FanOut.objects.filter(phase=Phase.DONE).values("communication_id")
    return Communication.objects.filter(
        pk__in=planned,
        kind="review",
        incident__withdraw_after_review=True,
        incident__published_at__isnull=False,
        incident__withdrawn_at__isnull=True,
    ).exclude(incident__audience="unknown")


def report_settled(*, now: datetime) -> list[int]:
    """Report each awaited review whose deliveries are all settled, or whose time is up; their ids.

    Safe to run twice and late: the ledger takes a report once.
    """
    reported = []
    for communication in awaited().order_by("id"):
        counts = Delivery.objects.filter(communication=communication).aggregate(
            planned=Count("id"),
            told=Count("id", filter=Q(state=State.SENT)),
            open=Count("id", filter=Q(state__in=UNSETTLED)),
        )
        if counts["open"] and communication.at > now - LATEST:
            continue
        review_settled(
            incident_id=communication.incident_id,
            told=counts["told"],
            planned=counts["planned"],
            now=now,
        )
        reported.append(communication.pk)
    return reported
