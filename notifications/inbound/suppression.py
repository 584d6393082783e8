"""Endpoints that nothing is sent to any more: which, why, and how it ends."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from notifications.models import Bounce, Endpoint, OperatorAct

LONGEST_REASON = 300


class LiftError(ValueError):
    """It cannot be lifted so; the message names the field and the remedy."""


def suppressed() -> QuerySet[Endpoint]:
    """The latest first, each with `last_bounce` (how it is known) and `last_detail`."""
    bounces = Bounce.objects.filter(endpoint=OuterRef("pk")).order_by("-at")
    return (
        Endpoint.objects.filter(suppressed_at__isnull=False)
        .annotate(
            last_source=Subquery(bounces.values("source")[:1]),
            last_detail=Subquery(bounces.values("detail")[:1]),
            last_at=Subquery(bounces.values("at")[:1]),
        )
        .select_related("tenant")
        .prefetch_related("contact_of", "action_groups__tenant")
        .order_by("-suppressed_at", "-id")
    )


@transaction.atomic
def lift(*, endpoint_id: int, reason: str, now: datetime, actor: AbstractBaseUser) -> Endpoint:
    """Send to this endpoint again; what it refused before counts no more. Raises LiftError."""
    if len(reason := " ".join(reason.split())) > LONGEST_REASON:
        raise LiftError(f"reason: has {len(reason)} characters; shorten it to {LONGEST_REASON}.")
    if not reason:
        raise LiftError("reason: is empty; write why mail will arrive now.")
    endpoint = Endpoint.objects.select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None or endpoint.suppressed_at is None:
        raise LiftError("endpoint: is not suppressed; somebody else may have been faster.")
    if endpoint.erased_at is not None:
        raise LiftError("endpoint: its address was erased; there is nobody to send to.")
    endpoint.suppressed_at, endpoint.suppressed_because, endpoint.lifted_at = None, "", now
    endpoint.save(update_fields=["suppressed_at", "suppressed_because", "lifted_at"])
    OperatorAct.objects.create(
        what=OperatorAct.What.LIFT, endpoint=endpoint, reason=reason, actor_id=actor.pk, at=now
    )
    return endpoint


@transaction.atomic
def take_back(*, endpoint_id: int, now: datetime, actor: AbstractBaseUser) -> Endpoint:
    """Alerts to who has left come again, at their wish; raises LiftError."""
    endpoint = Endpoint.objects.select_for_update().filter(pk=endpoint_id).first()
    if endpoint is None or endpoint.left_alerts_at is None:
        raise LiftError("endpoint: has not left; somebody else may have been faster.")
    if endpoint.erased_at is not None:
        raise LiftError("endpoint: its address was erased; there is nobody to send to.")
    endpoint.left_alerts_at = None
    endpoint.save(update_fields=["left_alerts_at"])
    OperatorAct.objects.create(
        what=OperatorAct.What.UNDO, endpoint=endpoint, actor_id=actor.pk, at=now
    )
    return endpoint
