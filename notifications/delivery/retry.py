"""Trying failed deliveries once more, when a person says so."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from incidents.vocabulary import CommunicationKind
from notifications.delivery.supersede import supersede
from notifications.lifecycle import DeliveryAudience, SkipReason, State
from notifications.models import Delivery, DeliveryStatistics, OperatorAct


def retryable(*, incident_id: int) -> QuerySet[Delivery]:
    """Failed deliveries that may be tried again.

    Not to who is suppressed or has left; nothing older than what an endpoint has heard since (order
    holds); of a false positive nothing but the retraction.
    """
    newer = Delivery.objects.filter(
        incident=OuterRef("incident"),
        endpoint=OuterRef("endpoint"),
        communication__gt=OuterRef("communication"),
    ).filter(Q(state=State.SENT) | Q(skip_reason=SkipReason.IN_DIGEST, digest__state=State.SENT))
    left = Q(audience=DeliveryAudience.PUBLIC, endpoint__left_posts_at__isnull=False) | Q(
        audience=DeliveryAudience.TARGETED, endpoint__left_alerts_at__isnull=False
    )
    return (
        Delivery.objects.filter(
            incident_id=incident_id, state=State.FAILED, endpoint__suppressed_at__isnull=True
        )
        .exclude(left)
        .exclude(
            ~Q(communication__kind=CommunicationKind.RETRACTION),
            incident__false_positive=True,
        )
        .exclude(Exists(newer))
    )


@transaction.atomic
def retry(*, incident_id: int, now: datetime, actor: AbstractBaseUser) -> int:
    """Make what may be retried due again; returns how many. A second press finds nothing left to do."""
    chosen = retryable(incident_id=incident_id).order_by("id")
    ids = list(
        chosen.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True)
    )
    if not ids:
        return 0
    tried_again = Delivery.objects.filter(pk__in=ids, state=State.FAILED).update(
        state=State.PENDING, next_attempt_at=Now()
    )
    DeliveryStatistics.objects.filter(
        Q(communication__isnull=True) | Q(communication__deliveries__in=ids),
        incident_id=incident_id,
    ).update(settled=False)
    supersede(incident_id=incident_id, delivery_ids=ids)
    OperatorAct.objects.create(
        what=OperatorAct.What.RETRY,
        incident_id=incident_id,
        count=tried_again,
        actor_id=actor.pk,
        at=now,
    )
    return tried_again
