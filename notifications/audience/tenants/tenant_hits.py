"""What of a tenant's own an event hits: its subscriptions and cells, confirmed by a list or estimated by place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from notifications.audience.tenants.tenant_events import EventBasis, TenantEvent
from notifications.models import CustomerSubscription, Tenant

# The subscriptions hit: of the list where there is one, else those that run where it was said to be.
_SUBSCRIPTIONS = """
SELECT i.incident_id, s.ref, s.name
FROM notifications_impactedsubscription i
JOIN notifications_customersubscription s ON s.id = i.subscription_id
WHERE s.tenant_id = %(tenant)s AND i.incident_id = ANY (%(by_list)s)
UNION
SELECT x.incident_id, s.ref, s.name
FROM (
  SELECT c.incident_id, p.service_id, p.region_id
  FROM incidents_communication c JOIN incidents_scopecell p ON p.communication_id = c.id
  WHERE c.incident_id = ANY (%(by_place)s)
  UNION
  SELECT o.incident_id, m.service_id, m.region_id
  FROM incidents_occurrence o JOIN incidents_impact m ON m.occurrence_id = o.id
  WHERE o.incident_id = ANY (%(by_place)s)
) x
JOIN notifications_footprint f USING (service_id, region_id)
JOIN notifications_customersubscription s ON s.id = f.subscription_id
WHERE s.tenant_id = %(tenant)s
ORDER BY 1, 2
"""
# The tenant's cells that were hit, from when to when, with those of its subscriptions that were. Who runs in a cell
# is collected once, and not for each event there.
_CELLS = """
WITH cells AS MATERIALIZED (
  SELECT o.incident_id, m.service_id, m.region_id, min(m.started_at) AS since,
    CASE WHEN bool_or(m.ended_at IS NULL) THEN NULL ELSE max(m.ended_at) END AS until
  FROM incidents_occurrence o JOIN incidents_impact m ON m.occurrence_id = o.id
  WHERE o.incident_id = ANY (%(incidents)s)
  GROUP BY 1, 2, 3
),
own AS MATERIALIZED (
  SELECT s.id, s.ref, f.service_id, f.region_id
  FROM notifications_customersubscription s
  JOIN notifications_footprint f ON f.subscription_id = s.id
  WHERE s.tenant_id = %(tenant)s
    AND (f.service_id, f.region_id) IN (SELECT service_id, region_id FROM cells)
),
running AS (
  SELECT service_id, region_id, (array_agg(ref ORDER BY ref))[1:%(most)s] AS refs, count(*) AS number
  FROM own GROUP BY 1, 2
),
listed AS (
  SELECT x.incident_id, own.service_id, own.region_id,
    (array_agg(own.ref ORDER BY own.ref))[1:%(most)s] AS refs, count(*) AS number
  FROM notifications_impactedsubscription x JOIN own ON own.id = x.subscription_id
  WHERE x.incident_id = ANY (%(by_list)s)
  GROUP BY 1, 2, 3
),
hit AS (
  SELECT c.*, running.refs, running.number
  FROM cells c JOIN running USING (service_id, region_id)
  WHERE c.incident_id <> ALL (%(by_list)s)
  UNION ALL
  SELECT c.*, coalesce(listed.refs, ARRAY[]::text[]), coalesce(listed.number, 0)
  FROM cells c JOIN running USING (service_id, region_id)
  LEFT JOIN listed USING (incident_id, service_id, region_id)
  WHERE c.incident_id = ANY (%(by_list)s)
)
SELECT hit.incident_id, v.slug, v.name, r.slug, r.name, hit.since, hit.until, hit.refs, hit.number
FROM hit
JOIN incidents_service v ON v.id = hit.service_id JOIN incidents_region r ON r.id = hit.region_id
ORDER BY 1, 6, 3, 5
"""
# The cells that an event is about: what was said of, and what was hit.
_PLACES = """
SELECT c.incident_id, p.service_id, p.region_id
FROM incidents_communication c JOIN incidents_scopecell p ON p.communication_id = c.id
WHERE c.incident_id = ANY (%(incidents)s)
UNION
SELECT o.incident_id, m.service_id, m.region_id
FROM incidents_occurrence o JOIN incidents_impact m ON m.occurrence_id = o.id
WHERE o.incident_id = ANY (%(incidents)s)
"""
# By cell of those: the tenant's subscriptions that run there.
_RUNNING = """
SELECT f.service_id, f.region_id, array_agg(f.subscription_id)
FROM notifications_customersubscription s JOIN notifications_footprint f ON f.subscription_id = s.id
WHERE s.tenant_id = %(tenant)s
  AND (f.service_id, f.region_id) IN (SELECT * FROM unnest(%(services)s::int[], %(regions)s::int[]))
GROUP BY 1, 2
"""
_LISTED = """
SELECT i.incident_id, array_agg(i.subscription_id)
FROM notifications_customersubscription s JOIN notifications_impactedsubscription i ON i.subscription_id = s.id
WHERE s.tenant_id = %(tenant)s AND i.incident_id = ANY (%(incidents)s)
GROUP BY 1
"""
# So many subscriptions of an event are named in a list of events.
SHOWN = 4
# So many subscriptions of a cell are named; all of an event are in `subscriptions_hit`.
MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class Subscription:
    ref: str
    name: str

    def __str__(self) -> str:
        return self.name or self.ref


@dataclass(frozen=True, slots=True)
class OwnCell:
    """A cell of the tenant that was hit, from when to when (UTC); no end: still going on.

    `subscriptions`: MOST_NAMED of those that were hit in it, by identifier; `count`: how many were.
    """

    service_slug: str
    service: str
    region_slug: str
    region: str
    started_at: datetime
    ended_at: datetime | None
    subscriptions: Sequence[str]
    count: int


@dataclass(frozen=True, slots=True)
class TenantHit:
    """The tenant's subscriptions (ids) that an event hits; SHOWN of them by name."""

    ids: frozenset[int] = frozenset()
    shown: tuple[Subscription, ...] = ()


def hits(tenant: Tenant, events: Sequence[TenantEvent]) -> dict[int, TenantHit]:
    """By incident, what `subscriptions_hit` says; for lists, where each may hit thousands."""
    by_list = [each.incident.pk for each in events if each.basis is EventBasis.LIST]
    by_place = [
        each.incident.pk
        for each in events
        if each.basis in (EventBasis.FOOTPRINT, EventBasis.PUBLIC)
    ]
    found: dict[int, set[int]] = {}
    if by_list:
        with connection.cursor() as cursor:
            cursor.execute(_LISTED, {"tenant": tenant.pk, "incidents": by_list})
            found = {incident: set(ids) for incident, ids in cursor.fetchall()}
    if by_place:
        with connection.cursor() as cursor:
            cursor.execute(_PLACES, {"incidents": by_place})
            places = cursor.fetchall()
        cells = sorted({(service, region) for _, service, region in places})
        facts: dict[str, Any] = {
            "tenant": tenant.pk,
            "services": [service for service, _ in cells],
            "regions": [region for _, region in cells],
        }
        with connection.cursor() as cursor:
            cursor.execute(_RUNNING, facts)
            running = {(service, region): ids for service, region, ids in cursor.fetchall()}
        for incident, *cell in places:
            found.setdefault(incident, set()).update(running.get((cell[0], cell[1]), ()))
    first = {incident: sorted(ids)[:SHOWN] for incident, ids in found.items() if ids}
    named = CustomerSubscription.objects.in_bulk({pk for some in first.values() for pk in some})
    return {
        incident: TenantHit(
            frozenset(found[incident]),
            tuple(Subscription(named[pk].ref, named[pk].name) for pk in some),
        )
        for incident, some in first.items()
    }


def subscriptions_hit(
    tenant: Tenant, events: Sequence[TenantEvent]
) -> dict[int, list[Subscription]]:
    """By incident: which of the tenant's subscriptions it hits, confirmed or (see `basis`) estimated."""
    by_list = [each.incident.pk for each in events if each.basis is EventBasis.LIST]
    by_place = [
        each.incident.pk
        for each in events
        if each.basis in (EventBasis.FOOTPRINT, EventBasis.PUBLIC)
    ]
    found: dict[int, list[Subscription]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            _SUBSCRIPTIONS, {"tenant": tenant.pk, "by_list": by_list, "by_place": by_place}
        )
        for incident, ref, name in cursor.fetchall():
            found.setdefault(incident, []).append(Subscription(ref, name))
    return found


def cells_hit(tenant: Tenant, events: Sequence[TenantEvent]) -> dict[int, list[OwnCell]]:
    """By incident: the tenant's own windows, its cells that were hit."""
    hit = [each for each in events if each.basis is not EventBasis.NOT_HIT]
    facts: dict[str, Any] = {
        "tenant": tenant.pk,
        "incidents": [each.incident.pk for each in hit],
        "by_list": [each.incident.pk for each in hit if each.basis is EventBasis.LIST],
        "most": MOST_NAMED,
    }
    found: dict[int, list[OwnCell]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_CELLS, facts)
        for incident, *cell in cursor.fetchall():
            found.setdefault(incident, []).append(OwnCell(*cell))
    return found
