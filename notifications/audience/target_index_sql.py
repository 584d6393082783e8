"""The statements behind `targets`: what the target index must hold, and the triggers that mark what changed."""

from __future__ import annotations

from notifications.audience.rule_bits import ALL, DEPENDENT_SQL, DIRECT_SQL, PARTS

# Which services and regions a rule `r` looks at; NULL: all of them. Categories and geographies stand for what
# is in them now.
SERVICES = """
(SELECT array_agg(found.id) FROM (
   SELECT x.service_id AS id FROM notifications_alertrule_services x WHERE x.alertrule_id = r.id
   UNION
   SELECT v.id FROM notifications_alertrule_categories x
   JOIN incidents_service v ON v.category_id = x.servicecategory_id
   WHERE x.alertrule_id = r.id
   -- A category that has become empty does not stand for everything.
   UNION
   SELECT -1 FROM notifications_alertrule_categories x WHERE x.alertrule_id = r.id) found)
"""
REGIONS = """
(SELECT array_agg(found.id) FROM (
   SELECT x.region_id AS id FROM notifications_alertrule_regions x WHERE x.alertrule_id = r.id
   UNION
   SELECT v.id FROM notifications_alertrule_geographies x
   JOIN incidents_region v ON v.geography_id = x.geography_id
   WHERE x.alertrule_id = r.id
   UNION
   SELECT -1 FROM notifications_alertrule_geographies x WHERE x.alertrule_id = r.id) found)
"""

# What the index must hold for the tenants in `owners`. An inactive rule, or one that leads to no endpoint,
# counts as none: its tenant hears at the default contact, since a missed alert is worse than one too many.
# Rules without subscriptions are matched with the tenant's distinct cells, not with every footprint row:
# a tenant with 20,000 subscriptions and 1,000 rules has 7,000 cells at most.
# Rules for what is confirmed alone have no rows: by footprint nothing is. `leaning`: where something fails that
# the tenant's services depend on, as `public.snapshot.dependents` follows dependencies.
FRESH = f"""
cells AS MATERIALIZED (
  SELECT DISTINCT s.tenant_id, f.service_id, f.region_id
  FROM owners
  JOIN notifications_customersubscription s USING (tenant_id)
  JOIN notifications_footprint f ON f.subscription_id = s.id
),
rules AS MATERIALIZED (
  SELECT r.id, r.tenant_id, r.certainty, part.quiet, {DIRECT_SQL} AS kinds,
    CASE WHEN r.dependents THEN {DEPENDENT_SQL} ELSE 0 END AS leaning,
    {SERVICES} AS services, {REGIONS} AS regions,
    EXISTS (SELECT FROM notifications_alertrule_subscriptions x
            WHERE x.alertrule_id = r.id) AS narrowed
  FROM owners JOIN notifications_alertrule r USING (tenant_id) {PARTS}
  WHERE r.active
),
ends AS MATERIALIZED (
  SELECT DISTINCT rules.id, ge.endpoint_id
  FROM rules
  JOIN notifications_alertrule_action_groups rg ON rg.alertrule_id = rules.id
  JOIN notifications_actiongroup_endpoints ge ON ge.actiongroup_id = rg.actiongroup_id
),
own AS (
  SELECT r.id, r.tenant_id, r.quiet, r.kinds, r.leaning, c.service_id, c.region_id
  FROM rules r JOIN cells c USING (tenant_id)
  WHERE NOT r.narrowed AND r.certainty <> 'confirmed'
    AND (r.services IS NULL OR c.service_id = ANY (r.services))
    AND (r.regions IS NULL OR c.region_id = ANY (r.regions))
  UNION ALL
  SELECT r.id, r.tenant_id, r.quiet, r.kinds, r.leaning, f.service_id, f.region_id
  FROM rules r
  JOIN notifications_alertrule_subscriptions x ON x.alertrule_id = r.id
  JOIN notifications_customersubscription s
    ON s.id = x.customersubscription_id AND s.tenant_id = r.tenant_id
  JOIN notifications_footprint f ON f.subscription_id = s.id
  WHERE r.narrowed AND r.certainty <> 'confirmed'
    AND (r.services IS NULL OR f.service_id = ANY (r.services))
    AND (r.regions IS NULL OR f.region_id = ANY (r.regions))
),
places AS (
  SELECT id, tenant_id, quiet, kinds, service_id, region_id FROM own
  UNION ALL
  SELECT DISTINCT own.id, own.tenant_id, own.quiet, own.leaning, o.service_id, o.region_id
  FROM own
  JOIN incidents_dependency d ON d.service_id = own.service_id
  JOIN incidents_offering o ON o.service_id = d.depends_on_id
  JOIN incidents_region place ON place.id = o.region_id
  WHERE own.leaning <> 0 AND (
    o.region_id = own.region_id OR place.is_global
    OR EXISTS (
      SELECT FROM incidents_region mine
      WHERE mine.id = own.region_id AND mine.is_global AND EXISTS (
        SELECT FROM incidents_offering w JOIN incidents_region everywhere ON everywhere.id = w.region_id
        WHERE w.service_id = o.service_id AND everywhere.is_global)))
),
fresh AS MATERIALIZED (
  SELECT p.tenant_id, ends.endpoint_id, p.service_id::int, p.region_id::int, p.kinds::int,
    p.quiet, TRUE AS by_rule
  FROM places p JOIN ends USING (id)
  WHERE p.kinds <> 0
  UNION
  SELECT c.tenant_id, t.contact_id, c.service_id::int, c.region_id::int, {ALL}::int, 0, FALSE
  FROM cells c JOIN notifications_tenant t ON t.id = c.tenant_id
  WHERE t.contact_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM rules JOIN ends USING (id) WHERE rules.tenant_id = t.id)
)
"""

_SAME = " AND ".join(
    f"f.{column} = t.{column}"
    for column in (
        "tenant_id",
        "endpoint_id",
        "service_id",
        "region_id",
        "kinds",
        "quiet",
        "by_rule",
    )
)

_OWNERS = "WITH owners AS MATERIALIZED (SELECT unnest(%(tenants)s::bigint[]) AS tenant_id),"

# Only what differs is written: one cell of a large customer costs one row, not all of its rows.
REPLACE = f"""
{_OWNERS} {FRESH},
gone AS (
  DELETE FROM notifications_target t USING owners
  WHERE t.tenant_id = owners.tenant_id AND NOT EXISTS (SELECT FROM fresh f WHERE {_SAME})
)
INSERT INTO notifications_target (tenant_id, endpoint_id, service_id, region_id, kinds, quiet, by_rule)
SELECT f.* FROM fresh f ORDER BY f.tenant_id, f.service_id, f.region_id
ON CONFLICT DO NOTHING
"""

# Rows that are missing or too many, of the tenants given.
DIFFERENCES = f"""
{_OWNERS} {FRESH},
held AS (SELECT t.tenant_id, t.endpoint_id, t.service_id, t.region_id, t.kinds, t.quiet, t.by_rule
         FROM notifications_target t JOIN owners USING (tenant_id))
SELECT count(*) FROM (
  (SELECT * FROM fresh EXCEPT SELECT * FROM held) UNION ALL
  (SELECT * FROM held EXCEPT SELECT * FROM fresh)
) AS differing
"""

ANY_MARK = "SELECT FROM notifications_staletenant LIMIT 1"

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
