"""Tenants that hear nothing, and why, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from notifications.models import Tenant
from notifications.vocabulary.delivery_states import SkipReason

MOST_SILENCED = 50

# To stand behind a tenant's name.
_REASONS: Mapping[str, str] = {
    SkipReason.SUPPRESSED: "its address is suppressed",
    SkipReason.LEFT: "its address has left",
    SkipReason.DRILL: "its address is not on the drill's list",
}
_LOOKS_ELSEWHERE = "none of its alert rules asks for this"
_NO_ADDRESS = "it has no default contact, and no alert rule that leads to an address"

# Every address that alerts would go to (rules before the contact, as the target index has them) is suppressed
# or has left, or there is none. Begins with the few that are dead and the tenants without a contact.
_SILENCED = """
WITH dead AS MATERIALIZED (
  SELECT id FROM notifications_endpoint WHERE suppressed_at IS NOT NULL
  UNION
  SELECT id FROM notifications_endpoint WHERE left_alerts_at IS NOT NULL
),
touched AS MATERIALIZED (
  SELECT t.id FROM dead JOIN notifications_tenant t ON t.contact_id = dead.id
  UNION
  SELECT g.tenant_id FROM dead
  JOIN notifications_actiongroup_endpoints ge ON ge.endpoint_id = dead.id
  JOIN notifications_actiongroup g ON g.id = ge.actiongroup_id
  UNION
  SELECT id FROM notifications_tenant WHERE contact_id IS NULL
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
SELECT touched.id,
  coalesce(array_agg(DISTINCT CASE WHEN e.suppressed_at IS NULL THEN 'left' ELSE 'suppressed' END)
    FILTER (WHERE e.id IS NOT NULL), '{}'),
  FALSE, count(*) OVER ()
FROM touched
LEFT JOIN led ON led.tenant_id = touched.id
LEFT JOIN notifications_endpoint e ON e.id = led.endpoint_id
GROUP BY touched.id
HAVING bool_and(e.id IS NULL OR e.suppressed_at IS NOT NULL OR e.left_alerts_at IS NOT NULL)
ORDER BY touched.id LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Silent:
    """A tenant that hears nothing. `why` reads on from its name and a colon."""

    tenant: Tenant
    why: str


def silenced() -> tuple[list[Silent], int]:
    """Tenants that can be told nothing at all, whatever the cause: some of them, and how many there are."""
    with connection.cursor() as cursor:
        cursor.execute(_SILENCED, (MOST_SILENCED,))
        rows = cursor.fetchall()
    named = sorted(silent_tenants(rows), key=lambda each: each.tenant.name)
    return named, rows[0][3] if rows else 0


def silent_tenants(rows: Iterable[tuple[int, Sequence[str], bool, int]]) -> list[Silent]:
    """From rows of (tenant id, why its addresses are skipped, whether its rules look elsewhere, …)."""
    rows = list(rows)
    tenants = Tenant.objects.in_bulk([pk for pk, *_ in rows])
    return [
        Silent(tenants[pk], _why(reasons, looks_elsewhere))
        for pk, reasons, looks_elsewhere, _ in rows
    ]


def _why(reasons: Sequence[str], looks_elsewhere: bool) -> str:
    if reasons:
        return ", or ".join(_REASONS[SkipReason(reason)] for reason in sorted(reasons))
    return _LOOKS_ELSEWHERE if looks_elsewhere else _NO_ADDRESS
