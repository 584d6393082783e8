"""What concerns each receiver of a batch: their tenants, subscriptions and cells, in one question for all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import connection

from notifications.audience.selection import has_list
from notifications.audience.selection_sql import SPREAD
from notifications.lifecycle import Audience
from notifications.models import Delivery
from notifications.models.concern import MOST_COUNTED, SHOWN, Concern, Hit, Pair

# A tenant that many endpoints of a batch belong to is looked up once. By list, who is on it was hit, wherever.
_CONCERNS = """
WITH told AS MATERIALIZED (
  SELECT * FROM unnest(%(ids)s::bigint[], %(endpoints)s::bigint[], %(communications)s::bigint[],
    %(incidents)s::bigint[], %(by_list)s::boolean[])
    AS t(id, endpoint_id, communication_id, incident_id, by_list)
),
owners AS MATERIALIZED (
  SELECT told.id, t.id AS tenant_id, communication_id, incident_id, by_list
  FROM told JOIN notifications_tenant t ON t.contact_id = told.endpoint_id
  UNION
  SELECT told.id, g.tenant_id, communication_id, incident_id, by_list
  FROM told JOIN notifications_actiongroup_endpoints ge ON ge.endpoint_id = told.endpoint_id
  JOIN notifications_actiongroup g ON g.id = ge.actiongroup_id
),
wanted AS MATERIALIZED (SELECT DISTINCT tenant_id, communication_id, incident_id, by_list FROM owners),
hits AS MATERIALIZED (
  SELECT w.tenant_id, w.communication_id, s.id, s.name, s.ref, f.service_id, f.region_id
  FROM wanted w
  JOIN notifications_customersubscription s ON s.tenant_id = w.tenant_id
  JOIN notifications_footprint f ON f.subscription_id = s.id
  JOIN incidents_scopecell c ON c.communication_id = w.communication_id
    AND c.service_id = f.service_id AND c.region_id = f.region_id
  WHERE NOT w.by_list
  UNION ALL
  SELECT w.tenant_id, w.communication_id, s.id, s.name, s.ref, f.service_id, f.region_id
  FROM wanted w
  JOIN incidents_incident n ON w.incident_id IN (n.id, n.merged_into_id)
  JOIN notifications_impactedsubscription i ON i.incident_id = n.id
  JOIN notifications_customersubscription s ON s.id = i.subscription_id AND s.tenant_id = w.tenant_id
  LEFT JOIN (notifications_footprint f JOIN incidents_scopecell c
      ON c.service_id = f.service_id AND c.region_id = f.region_id)
    ON f.subscription_id = s.id AND c.communication_id = w.communication_id
  WHERE w.by_list
),
concerned AS MATERIALIZED (
  SELECT tenant_id, communication_id, id, coalesce(nullif(name, ''), ref) AS name,
    array_agg(DISTINCT service_id * {spread}::bigint + region_id) AS places
  FROM hits GROUP BY 1, 2, 3, 4
),
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY tenant_id, communication_id ORDER BY name, id) AS place,
    count(*) OVER (PARTITION BY tenant_id, communication_id) AS hit
  FROM concerned
),
own AS (
  SELECT tenant_id, communication_id,
    array_agg(DISTINCT service_id * {spread}::bigint + region_id) AS places
  FROM hits GROUP BY 1, 2
)
SELECT o.id, o.tenant_id, t.name,
  (SELECT count(*) FROM (SELECT FROM notifications_customersubscription s
    WHERE s.tenant_id = o.tenant_id LIMIT %(most)s) counted),
  r.hit, own.places, r.name, r.places
FROM owners o JOIN notifications_tenant t ON t.id = o.tenant_id
JOIN ranked r ON r.tenant_id = o.tenant_id AND r.communication_id = o.communication_id
JOIN own ON own.tenant_id = o.tenant_id AND own.communication_id = o.communication_id
WHERE r.place <= %(shown)s
ORDER BY o.id, t.name, o.tenant_id, r.place
""".replace("{spread}", str(SPREAD))

_HEARD_BEFORE = """
SELECT t.id FROM unnest(%(ids)s::bigint[], %(endpoints)s::bigint[], %(communications)s::bigint[],
  %(incidents)s::bigint[]) AS t(id, endpoint_id, communication_id, incident_id)
WHERE EXISTS (
  SELECT FROM notifications_delivery d
  WHERE d.incident_id IN (SELECT n.id FROM incidents_incident n
      WHERE t.incident_id IN (n.id, n.merged_into_id))
    AND d.endpoint_id = t.endpoint_id AND d.communication_id < t.communication_id
    AND (d.state <> 'skipped' OR d.skip_reason = 'in_digest'))
"""


def attach(deliveries: Sequence[Delivery]) -> None:
    """Set `concern` and `is_first` of these deliveries, whose communications are loaded already."""
    targeted = [one for one in deliveries if one.audience == Audience.TARGETED]
    by_list = {one.communication_id: one.communication for one in targeted}
    lists = {pk: has_list(communication) for pk, communication in by_list.items()}
    if targeted:
        for one, concern in zip(targeted, _concerns(targeted, lists), strict=True):
            one.concern = concern
    later = [one for one in deliveries if one.communication.number > 1]
    if later:
        with connection.cursor() as cursor:
            cursor.execute(_HEARD_BEFORE, _facts(later))
            heard = {pk for (pk,) in cursor.fetchall()}
        for one in later:
            one.is_first = one.pk not in heard


def _concerns(deliveries: Sequence[Delivery], lists: dict[int, bool]) -> list[Concern]:
    facts = _facts(deliveries) | {
        "by_list": [lists[one.communication_id] for one in deliveries],
        "most": MOST_COUNTED,
        "shown": SHOWN,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CONCERNS, facts)
        rows: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
        for pk, *row in cursor.fetchall():
            rows[pk].append(tuple(row))
    return [_concern(rows[one.pk]) for one in deliveries]


def _concern(rows: Sequence[tuple[Any, ...]]) -> Concern:
    """Of one receiver; an address of several tenants hears of all of theirs together."""
    owners = {pk: counted for pk, *counted, _, _ in rows}
    hits = [Hit(name, _pairs(places)) for *_, name, places in rows]
    return Concern(
        tenants=tuple(name for name, *_ in owners.values()),
        hits=tuple(hits[:SHOWN]),
        hit=sum(hit for _, _, hit, _ in owners.values()),
        subscriptions=sum(subscriptions for _, subscriptions, *_ in owners.values()),
        cells=_pairs([place for *_, places in owners.values() for place in places]),
    )


def _pairs(places: Sequence[int | None]) -> tuple[Pair, ...]:
    known = sorted({place for place in places if place is not None})
    return tuple(divmod(place, SPREAD) for place in known)


def _facts(deliveries: Sequence[Delivery]) -> dict[str, Any]:
    return {
        "ids": [one.pk for one in deliveries],
        "endpoints": [one.endpoint_id for one in deliveries],
        "communications": [one.communication_id for one in deliveries],
        "incidents": [one.incident_id for one in deliveries],
    }
