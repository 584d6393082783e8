"""The statements behind `targets`: what the target index must hold, and the triggers that mark what changed."""

from __future__ import annotations

from collections.abc import Mapping

from incidents.vocabulary import Kind

# A bit per kind of incident. A rule that names no kind has all bits, those of future kinds, too.
BITS: Mapping[str, int] = {kind: 1 << place for place, kind in enumerate(Kind)}
EVERY_KIND = -1

_NAMED = " | ".join(
    f"CASE WHEN '{kind}' = ANY (r.kinds) THEN {bit} ELSE 0 END" for kind, bit in BITS.items()
)

# What the index must hold for the tenants in `owners`. An inactive rule, or one that leads to no endpoint,
# counts as none: its tenant hears at the default contact, since a missed alert is worse than one too many.
# Rules without subscriptions are matched with the tenant's distinct cells, not with every footprint row:
# a tenant with 20,000 subscriptions and 1,000 rules has 7,000 cells at most.
FRESH = f"""
cells AS MATERIALIZED (
  SELECT DISTINCT s.tenant_id, f.service_id, f.region_id
  FROM owners
  JOIN notifications_customersubscription s USING (tenant_id)
  JOIN notifications_footprint f ON f.subscription_id = s.id
),
rules AS MATERIALIZED (
  SELECT r.id, r.tenant_id,
    CASE WHEN r.kinds = '{{}}' THEN {EVERY_KIND} ELSE {_NAMED} END AS kinds,
    (SELECT array_agg(x.service_id) FROM notifications_alertrule_services x
     WHERE x.alertrule_id = r.id) AS services,
    (SELECT array_agg(x.region_id) FROM notifications_alertrule_regions x
     WHERE x.alertrule_id = r.id) AS regions,
    EXISTS (SELECT FROM notifications_alertrule_subscriptions x
            WHERE x.alertrule_id = r.id) AS narrowed
  FROM owners JOIN notifications_alertrule r USING (tenant_id)
  WHERE r.active
),
ends AS MATERIALIZED (
  SELECT DISTINCT rules.id, ge.endpoint_id
  FROM rules
  JOIN notifications_alertrule_action_groups rg ON rg.alertrule_id = rules.id
  JOIN notifications_actiongroup_endpoints ge ON ge.actiongroup_id = rg.actiongroup_id
),
places AS (
  SELECT r.id, r.tenant_id, r.kinds, c.service_id, c.region_id
  FROM rules r JOIN cells c USING (tenant_id)
  WHERE NOT r.narrowed
    AND (r.services IS NULL OR c.service_id = ANY (r.services))
    AND (r.regions IS NULL OR c.region_id = ANY (r.regions))
  UNION ALL
  SELECT r.id, r.tenant_id, r.kinds, f.service_id, f.region_id
  FROM rules r
  JOIN notifications_alertrule_subscriptions x ON x.alertrule_id = r.id
  JOIN notifications_customersubscription s
    ON s.id = x.customersubscription_id AND s.tenant_id = r.tenant_id
  JOIN notifications_footprint f ON f.subscription_id = s.id
  WHERE r.narrowed
    AND (r.services IS NULL OR f.service_id = ANY (r.services))
    AND (r.regions IS NULL OR f.region_id = ANY (r.regions))
),
fresh AS MATERIALIZED (
  SELECT p.tenant_id, ends.endpoint_id, p.service_id::int, p.region_id::int, p.kinds::smallint,
    TRUE AS by_rule
  FROM places p JOIN ends USING (id)
  UNION
  SELECT c.tenant_id, t.contact_id, c.service_id::int, c.region_id::int, {EVERY_KIND}::smallint, FALSE
  FROM cells c JOIN notifications_tenant t ON t.id = c.tenant_id
  WHERE t.contact_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM rules JOIN ends USING (id) WHERE rules.tenant_id = t.id)
)
"""

_SAME = " AND ".join(
    f"f.{column} = t.{column}"
    for column in ("tenant_id", "endpoint_id", "service_id", "region_id", "kinds", "by_rule")
)

_OWNERS = "WITH owners AS MATERIALIZED (SELECT unnest(%(tenants)s::bigint[]) AS tenant_id),"

# Only what differs is written: one cell of a large customer costs one row, not all of its rows.
REPLACE = f"""
{_OWNERS} {FRESH},
gone AS (
  DELETE FROM notifications_target t USING owners
  WHERE t.tenant_id = owners.tenant_id AND NOT EXISTS (SELECT FROM fresh f WHERE {_SAME})
)
INSERT INTO notifications_target (tenant_id, endpoint_id, service_id, region_id, kinds, by_rule)
SELECT f.* FROM fresh f ORDER BY f.tenant_id, f.service_id, f.region_id
ON CONFLICT DO NOTHING
"""

# Rows that are missing or too many, of the tenants given.
DIFFERENCES = f"""
{_OWNERS} {FRESH},
held AS (SELECT t.tenant_id, t.endpoint_id, t.service_id, t.region_id, t.kinds, t.by_rule
         FROM notifications_target t JOIN owners USING (tenant_id))
SELECT count(*) FROM (
  (SELECT * FROM fresh EXCEPT SELECT * FROM held) UNION ALL
  (SELECT * FROM held EXCEPT SELECT * FROM fresh)
) AS differing
"""

TAKE_MARKS = """
DELETE FROM notifications_staletenant WHERE tenant_id IN (
  SELECT DISTINCT tenant_id FROM notifications_staletenant ORDER BY tenant_id LIMIT %(most)s)
RETURNING tenant_id
"""

# One after the other for each tenant; new subscriptions and rules of it are not held up.
LOCK_TENANTS = """
SELECT count(*) FROM (
  SELECT FROM notifications_tenant WHERE id = ANY (%(tenants)s::bigint[])
  ORDER BY id FOR NO KEY UPDATE) AS locked
"""

# Also the tenants that are gone and have left rows behind.
NEXT_TENANTS = """
SELECT id FROM (
  (SELECT id FROM notifications_tenant WHERE id > %(after)s ORDER BY id LIMIT %(most)s)
  UNION
  (SELECT DISTINCT tenant_id FROM notifications_target WHERE tenant_id > %(after)s
   AND NOT EXISTS (SELECT FROM notifications_tenant n WHERE n.id = tenant_id)
   ORDER BY tenant_id LIMIT %(most)s)
) AS either ORDER BY id LIMIT %(most)s
"""
