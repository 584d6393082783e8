"""Deliveries age out, in slices; their counts and moments stay.

What order, told-before or a review may still ask for never goes: an incident must be over, and nothing
of it may wait. A run that is cut short goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from incidents.models import Incident
from incidents.services.scheduled.review_deadlines import owing
from notifications.evidence import delivery_statistics
from notifications.models import (
    Bounce,
    Delivery,
    DeliveryStatistics,
    Endpoint,
    FollowedIncident,
    MailContent,
    OperatorAct,
)

SLICE = 5_000
# A review that is owed is waited for, but not for ever: whoever never writes it must not keep addresses.
OWED_REVIEW = timedelta(days=90)
# For so long an incident that is over may still be followed: a review comes.
FOLLOWED_AFTER_END = timedelta(days=30)


def over(*, now: datetime) -> QuerySet[Incident]:
    """Incidents whose deliveries are older than DELIVERY_RETENTION_DAYS and needed by nobody any more."""
    if not settings.DELIVERY_RETENTION_DAYS:
        return Incident.objects.none()
    old = now - timedelta(days=settings.DELIVERY_RETENTION_DAYS)
    deliveries = Delivery.objects.filter(incident=OuterRef("pk"))
    young = Q(created_at__gte=old) | Q(state__in=delivery_statistics.UNSETTLED)
    return (
        Incident.objects.filter(closed_at__lt=old, updated_at__lt=old)
        # Whoever heard of an absorbed incident hears how the other one goes on.
        .filter(Q(merged_into__isnull=True) | Q(merged_into__closed_at__lt=old))
        .exclude(withdraw_after_review=True, published_at__isnull=False, withdrawn_at__isnull=True)
        .exclude(
            pk__in=owing(Incident.objects.filter(mitigated_at__gte=now - OWED_REVIEW)).values("pk")
        )
        .filter(Exists(deliveries))
        .exclude(Exists(deliveries.filter(young)))
        .order_by("closed_at", "id")
    )


def age_out(*, now: datetime, go_on: Callable[[], bool] = lambda: True) -> int:
    """Delete what has aged, oldest incidents first, while `go_on`; returns deliveries deleted."""
    deleted = 0
    for incident_id in list(over(now=now).values_list("pk", flat=True)):
        _keep_counts(incident_id, now)
        while go_on() and (gone := _slice(incident_id)):
            deleted += gone
        if not Delivery.objects.filter(incident_id=incident_id).exists():
            MailContent.objects.filter(incident_id=incident_id).delete()
        if not go_on():
            break
    return deleted


@transaction.atomic
def forget_readers(*, now: datetime) -> int:
    """Delete addresses of readers who asked for nothing that still goes on, once nothing is kept of them; returns
    how many. What a person or a tenant has to do with stays, and so does who must not be written to.
    """
    FollowedIncident.objects.filter(incident__closed_at__lt=now - FOLLOWED_AFTER_END).delete()
    idle = (
        Endpoint.objects.filter(
            confirmed_at__lt=now - FOLLOWED_AFTER_END, tenant=None, suppressed_at=None
        )
        .filter(topics=None, followed=None, contact_of=None, action_groups=None)
        .exclude(Exists(Delivery.objects.filter(endpoint=OuterRef("pk"))))
        .exclude(Exists(OperatorAct.objects.filter(endpoint=OuterRef("pk"))))
        .exclude(Exists(Bounce.objects.filter(endpoint=OuterRef("pk"))))
    )
    ids = list(idle.values_list("pk", flat=True)[:SLICE])
    Endpoint.objects.filter(pk__in=ids).delete()
    return len(ids)


@transaction.atomic
def _keep_counts(incident_id: int, now: datetime) -> None:
    """Before the first delivery goes, the counts are final: they are never made from what is left."""
    delivery_statistics.refresh(incident_id=incident_id, now=now)
    DeliveryStatistics.objects.filter(incident_id=incident_id, aged_at__isnull=True).update(
        aged_at=now
    )


@transaction.atomic
def _slice(incident_id: int) -> int:
    chosen = Delivery.objects.filter(incident_id=incident_id).order_by("endpoint_id")
    ids = list(chosen.values_list("pk", flat=True)[:SLICE])
    if ids:
        # Through the models, so that whatever hangs on a delivery goes or is let go with it.
        Delivery.objects.filter(pk__in=ids).delete()
    return len(ids)
