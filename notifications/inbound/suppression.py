"""Endpoints that nothing is sent to any more: which, why, whom that silences, and how it ends."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import OuterRef, QuerySet, Subquery

from notifications.models import Bounce, Endpoint, OperatorAct, Tenant

LONGEST_REASON = 300
MOST_SILENCED = 50

# Who would hear of nothing: every address that alerts would go to (as `audience_sql.TARGETS` finds
# them, rules before the contact) is suppressed or has left. Begins with the few suppressed ones.
_SILENCED = """
WITH dead AS MATERIALIZED (
  SELECT id FROM notifications_endpoint WHERE suppressed_at IS NOT NULL
),
touched AS MATERIALIZED (
  SELECT t.id FROM dead JOIN notifications_tenant t ON t.contact_id = dead.id
  UNION
  SELECT g.tenant_id FROM dead
  JOIN notifications_actiongroup_endpoints ge ON ge.endpoint_id = dead.id
  JOIN notifications_actiongroup g ON g.id = ge.actiongroup_id
),
targets AS MATERIALIZED (
  SELECT t.id AS tenant_id, ge.endpoint_id
  FROM touched t
  JOIN notifications_alertrule r ON r.tenant_id = t.id AND r.active
  JOIN notifications_alertrule_action_groups rg ON rg.alertrule_id = r.id
  JOIN notifications_actiongroup_endpoints ge ON ge.actiongroup_id = rg.actiongroup_id
),
led AS MATERIALIZED (
  SELECT tenant_id, endpoint_id FROM targets
  UNION
  SELECT t.id, t.contact_id FROM touched JOIN notifications_tenant t ON t.id = touched.id
  WHERE t.contact_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM targets WHERE targets.tenant_id = t.id)
)
SELECT led.tenant_id FROM led JOIN notifications_endpoint e ON e.id = led.endpoint_id
GROUP BY 1
HAVING bool_and(e.suppressed_at IS NOT NULL OR e.left_alerts_at IS NOT NULL)
  AND bool_or(e.suppressed_at IS NOT NULL)
ORDER BY 1 LIMIT %s
"""


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


def silenced_tenants() -> list[Tenant]:
    """Tenants that can be told nothing, since every address of theirs is suppressed; some at most."""
    with connection.cursor() as cursor:
        cursor.execute(_SILENCED, (MOST_SILENCED,))
        ids = [row[0] for row in cursor.fetchall()]
    return list(Tenant.objects.filter(pk__in=ids).order_by("name")) if ids else []


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
