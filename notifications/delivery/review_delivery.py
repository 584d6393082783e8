"""Reporting to `incidents` that a targeted review has reached everybody it can reach: the withdrawal follows."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db.models import Count, Exists, Max, OuterRef, QuerySet

from incidents.models import Communication, Review
from incidents.services.visibility import review_delivered
from incidents.vocabulary import Audience, CommunicationKind, ReviewKind
from notifications.models import Delivery, FanOut
from notifications.models.delivery.told import TOLD, alone_or_in_digest
from notifications.vocabulary.delivery_states import State

log = logging.getLogger(__name__)

# A review that some address never settles for is taken as delivered after this time.
LATEST = timedelta(hours=72)
UNSETTLED = alone_or_in_digest(State.PENDING, State.SENDING)


def awaited() -> QuerySet[Communication]:
    """Newest reviews, planned to the end, of incidents that are public only until the final one is out: one that was
    published since the impact ended. What has come back is not reviewed, and its entry stays.
    """
    plannings = FanOut.objects.filter(communication=OuterRef("pk"))
    final = Review.objects.filter(
        incident=OuterRef("incident"),
        kind=ReviewKind.FINAL,
        published_at__gte=OuterRef("incident__mitigated_at"),
    )
    newer = Communication.objects.filter(
        incident=OuterRef("incident"), kind=CommunicationKind.REVIEW, pk__gt=OuterRef("pk")
    )
    return Communication.objects.filter(
        Exists(plannings),
        ~Exists(plannings.filter(done_at__isnull=True)),  # as for whom a longer list has added
        Exists(final),
        ~Exists(newer),
        kind=CommunicationKind.REVIEW,
        incident__withdraw_after_review=True,
        incident__published_at__isnull=False,
        incident__withdrawn_at__isnull=True,
    ).exclude(incident__audience=Audience.UNKNOWN)


def report_delivered(*, now: datetime) -> list[int]:
    """Report each awaited review whose deliveries are all settled, or whose time is up; their ids.

    Safe to run twice and late: a report is taken once.
    """
    reported = []
    for communication in awaited().order_by("id"):
        planned = Delivery.objects.filter(
            incident=communication.incident_id, communication=communication
        )
        counts = planned.aggregate(
            planned=Count("id"),
            told=Count("id", filter=TOLD),
            open=Count("id", filter=UNSETTLED),
        )
        if counts["open"] and _planned_at(communication) > now - LATEST:
            continue
        try:
            review_delivered(
                incident_id=communication.incident_id,
                told=counts["told"],
                planned=counts["planned"],
                now=now,
            )
        except Exception:
            # One that cannot leave must not hold up the others; it is reported at each sweep.
            log.exception("%s: its review is delivered", communication.incident)
        else:
            reported.append(communication.pk)
    return reported


def _planned_at(communication: Communication) -> datetime:
    """When its last planning ended: the 72 hours count from then, however long the audience was unknown."""
    plannings = FanOut.objects.filter(communication=communication)
    ended: datetime = plannings.aggregate(ended=Max("done_at"))["ended"]
    return ended
