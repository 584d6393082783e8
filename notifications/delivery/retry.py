"""Trying deliveries once more, when a person says so: what failed, and what an address has missed.

What fails is tried again by itself after the waits of `delivery_states.wait_after`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from incidents.vocabulary import CommunicationKind
from notifications.delivery.supersede import supersede
from notifications.models import Delivery, DeliveryStatistics, OperatorAct
from notifications.models.delivery.told import TOLD
from notifications.vocabulary.delivery_states import Channel, DeliveryAudience, SkipReason, State

# What the same endpoint has heard of the same incident since.
_NEWER = Delivery.objects.filter(
    incident=OuterRef("incident"),
    endpoint=OuterRef("endpoint"),
    communication__gt=OuterRef("communication"),
).filter(TOLD)

_LEFT = Q(audience=DeliveryAudience.PUBLIC, endpoint__left_posts_at__isnull=False) | Q(
    audience=DeliveryAudience.TARGETED, endpoint__left_alerts_at__isnull=False
)


def retryable(*, incident_id: int) -> QuerySet[Delivery]:
    """Failed deliveries that may be tried again.

    Not to who is suppressed or has left; nothing older than what an endpoint has heard since (order
    holds); of a false positive nothing but the retraction.
    """
    return (
        Delivery.objects.filter(
            incident_id=incident_id, settled_as=State.FAILED, endpoint__suppressed_at__isnull=True
        )
        .exclude(_LEFT)
        .exclude(
            ~Q(communication__kind=CommunicationKind.RETRACTION),
            incident__false_positive=True,
        )
        .exclude(Exists(_NEWER))
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
    _have_counted_anew(ids)
    supersede(incident_id=incident_id, delivery_ids=ids)
    OperatorAct.objects.create(
        what=OperatorAct.What.RETRY,
        incident_id=incident_id,
        count=tried_again,
        actor_id=actor.pk,
        at=now,
    )
    return tried_again


# What an address has missed for longer than this, it reads on the page.
LONGEST_REPLAY = timedelta(days=14)


def missed(*, endpoint_id: int, since: datetime, now: datetime) -> QuerySet[Delivery]:
    """What an endpoint has not got since (at most LONGEST_REPLAY), but what it has heard newer of."""
    return (
        Delivery.objects.filter(
            endpoint_id=endpoint_id, created_at__gte=max(since, now - LONGEST_REPLAY)
        )
        .filter(Q(skip_reason=SkipReason.SUPPRESSED) | Q(state=State.FAILED))
        .exclude(_LEFT)
        .exclude(incident__drill=True)
        .exclude(
            ~Q(communication__kind=CommunicationKind.RETRACTION), incident__false_positive=True
        )
        .exclude(Exists(_NEWER))
    )


@transaction.atomic
def replay_missed(
    *, endpoint_id: int, since: datetime, now: datetime, actor: AbstractBaseUser | None
) -> int:
    """What an endpoint has missed since it was suppressed is due again, of each incident the newest that covers
    what was said before; returns how many.

    Webhooks get all of it, with the ids that it would have had: a machine takes the steps in their order. A step that
    is refused for now then gives way to a newer one, as whatever waits.
    Without an `actor` its own people have asked.
    """
    by_incident: dict[int, list[int]] = {}
    machine = False
    missing = missed(endpoint_id=endpoint_id, since=since, now=now)
    for each in missing.select_for_update(of=("self",), skip_locked=True).order_by("id"):
        by_incident.setdefault(each.incident_id, []).append(each.pk)
        machine = each.channel == Channel.WEBHOOK
    ids = [pk for found in by_incident.values() for pk in found]
    if not ids:
        return 0
    replayed = Delivery.objects.filter(pk__in=ids).update(
        state=State.PENDING, skip_reason="", next_attempt_at=Now()
    )
    for incident_id, found in by_incident.items():
        if not machine:
            replayed -= supersede(incident_id=incident_id, delivery_ids=found)
    _have_counted_anew(ids)
    OperatorAct.objects.create(
        what=OperatorAct.What.LATE,
        endpoint_id=endpoint_id,
        count=replayed,
        actor_id=actor.pk if actor else None,
        at=now,
    )
    return replayed


def _have_counted_anew(ids: Sequence[int]) -> None:
    """The statistics of these deliveries' incidents, and of those whose statements go with them in a digest."""
    incidents = Delivery.objects.filter(Q(pk__in=ids) | Q(digest__in=ids)).values("incident")
    kept = DeliveryStatistics.objects.filter(incident__in=incidents, aged_at__isnull=True)
    kept.update(settled=False)
