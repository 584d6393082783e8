"""The statements behind `audience`: parts of WITH chains, put together there."""

from __future__ import annotations

# Parts of one WITH chain. Parameters: services, regions (the scope), kind, incident, line (the incident
# and those merged into it), after, most.
SCOPE = """
WITH scope AS MATERIALIZED (
  SELECT * FROM unnest(%(services)s::bigint[], %(regions)s::bigint[]) AS s(service_id, region_id)
),
"""

MATCHED_BY_FOOTPRINT = """
matched AS MATERIALIZED (
  SELECT DISTINCT f.subscription_id AS id
  FROM notifications_footprint f JOIN scope USING (service_id, region_id)
  WHERE f.subscription_id > %(after)s
  ORDER BY 1 LIMIT %(most)s
),
hits AS MATERIALIZED (
  SELECT s.id AS subscription_id, s.tenant_id, f.service_id, f.region_id
  FROM matched
  JOIN notifications_customersubscription s ON s.id = matched.id
  JOIN notifications_footprint f ON f.subscription_id = s.id
  JOIN scope USING (service_id, region_id)
),
"""

# The list replaces the footprint: whoever is on it was hit, wherever in the scope.
MATCHED_BY_LIST = """
matched AS MATERIALIZED (
  SELECT DISTINCT i.subscription_id AS id
  FROM notifications_impactedsubscription i
  WHERE i.incident_id = ANY (%(line)s) AND i.subscription_id > %(after)s
  ORDER BY 1 LIMIT %(most)s
),
hits AS MATERIALIZED (
  SELECT s.id AS subscription_id, s.tenant_id, scope.service_id, scope.region_id
  FROM matched
  JOIN notifications_customersubscription s ON s.id = matched.id
  CROSS JOIN scope
),
"""

# An inactive rule, or one that leads to no endpoint, counts as none: its tenant hears at the default
# contact, since a missed alert is worse than one too many.
TARGETS = """
rules AS MATERIALIZED (
  SELECT DISTINCT r.id
  FROM hits h
  JOIN notifications_alertrule r ON r.tenant_id = h.tenant_id AND r.active
  WHERE (r.kinds = '{}' OR %(kind)s = ANY (r.kinds))
    AND (NOT EXISTS (SELECT FROM notifications_alertrule_services x WHERE x.alertrule_id = r.id)
      OR EXISTS (SELECT FROM notifications_alertrule_services x
                 WHERE x.alertrule_id = r.id AND x.service_id = h.service_id))
    AND (NOT EXISTS (SELECT FROM notifications_alertrule_regions x WHERE x.alertrule_id = r.id)
      OR EXISTS (SELECT FROM notifications_alertrule_regions x
                 WHERE x.alertrule_id = r.id AND x.region_id = h.region_id))
    AND (NOT EXISTS (SELECT FROM notifications_alertrule_subscriptions x
                     WHERE x.alertrule_id = r.id)
      OR EXISTS (SELECT FROM notifications_alertrule_subscriptions x
                 WHERE x.alertrule_id = r.id
                   AND x.customersubscription_id = h.subscription_id))
),
targets AS MATERIALIZED (
  SELECT DISTINCT ge.endpoint_id, 'alert-rule' AS reason
  FROM rules
  JOIN notifications_alertrule_action_groups rg ON rg.alertrule_id = rules.id
  JOIN notifications_actiongroup_endpoints ge ON ge.actiongroup_id = rg.actiongroup_id
  UNION
  SELECT t.contact_id, 'default-contact'
  FROM (SELECT DISTINCT tenant_id FROM hits) h
  JOIN notifications_tenant t ON t.id = h.tenant_id
  WHERE t.contact_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM notifications_alertrule r
    JOIN notifications_alertrule_action_groups rg ON rg.alertrule_id = r.id
    JOIN notifications_actiongroup_endpoints ge ON ge.actiongroup_id = rg.actiongroup_id
    WHERE r.tenant_id = t.id AND r.active
  )
)
"""

INSERT = """
INSERT INTO notifications_delivery (incident_id, communication_id, endpoint_id, audience, relevance,
  reason, priority, uuid, state, skip_reason, attempts, next_attempt_at, created_at)
"""

ADD_TARGETS = """,
added AS (
  {insert}
  SELECT %(incident)s, %(communication)s, t.endpoint_id, 'targeted', %(relevance)s,
    min(t.reason), %(priority)s, gen_random_uuid(), 'pending', '', 0, now(), now()
  FROM targets t GROUP BY t.endpoint_id ORDER BY t.endpoint_id
  ON CONFLICT (communication_id, endpoint_id) DO NOTHING RETURNING 1
)
SELECT (SELECT max(id) FROM matched), (SELECT count(*) FROM matched), (SELECT count(*) FROM added)
""".replace("{insert}", INSERT)

# What each endpoint last heard in this incident. Who was told "you were not affected" has heard the
# end; only a retraction goes there, too. With a list, an endpoint whose tenants are not on it was told
# by an estimate that was wrong; one whose tenant is on it merely has rules that look elsewhere.
ADD_TOLD_BEFORE = """
WITH told AS MATERIALIZED (
  SELECT DISTINCT ON (d.endpoint_id) d.endpoint_id AS id, d.relevance
  FROM notifications_delivery d
  WHERE d.incident_id = ANY (%(line)s) AND d.communication_id < %(communication)s
    AND d.endpoint_id > %(after)s AND d.audience = 'targeted'
    AND (d.state <> 'skipped' OR d.skip_reason = 'capped')
  ORDER BY d.endpoint_id, d.communication_id DESC LIMIT %(most)s
),
listed AS MATERIALIZED (
  SELECT DISTINCT s.tenant_id
  FROM notifications_impactedsubscription i
  JOIN notifications_customersubscription s ON s.id = i.subscription_id
  WHERE i.incident_id = ANY (%(line)s)
),
hit AS MATERIALIZED (
  SELECT ge.endpoint_id AS id
  FROM listed
  JOIN notifications_actiongroup g ON g.tenant_id = listed.tenant_id
  JOIN notifications_actiongroup_endpoints ge ON ge.actiongroup_id = g.id
  UNION
  SELECT t.contact_id FROM listed JOIN notifications_tenant t ON t.id = listed.tenant_id
  UNION
  SELECT e.id FROM listed JOIN notifications_endpoint e ON e.tenant_id = listed.tenant_id
),
added AS (
  {insert}
  SELECT %(incident)s, %(communication)s, told.id, 'targeted',
    CASE
      WHEN %(retraction)s THEN told.relevance
      WHEN NOT %(by_list)s THEN 'partially-related'
      WHEN EXISTS (SELECT FROM hit WHERE hit.id = told.id) THEN 'impacted'
      ELSE 'not-impacted'
    END,
    'told-before', %(priority)s, gen_random_uuid(), 'pending', '', 0, now(), now()
  FROM told WHERE %(retraction)s OR told.relevance <> 'not-impacted'
  ORDER BY told.id
  ON CONFLICT (communication_id, endpoint_id) DO NOTHING RETURNING 1
)
SELECT (SELECT max(id) FROM told), (SELECT count(*) FROM told), (SELECT count(*) FROM added)
""".replace("{insert}", INSERT)

READERS = """
readers AS MATERIALIZED (
  SELECT t.endpoint_id AS id, 'topic' AS reason
  FROM notifications_publictopic t
  WHERE t.endpoint_id > %(after)s AND %(matching)s AND (
    (t.service_id IS NULL AND t.region_id IS NULL) OR EXISTS (
      SELECT FROM scope s
      WHERE (t.service_id IS NULL OR t.service_id = s.service_id)
        AND (t.region_id IS NULL OR t.region_id = s.region_id)))
  UNION
  SELECT d.endpoint_id, 'told-before'
  FROM notifications_delivery d
  WHERE d.incident_id = ANY (%(line)s) AND d.communication_id < %(communication)s
    AND d.endpoint_id > %(after)s AND d.audience = 'public'
    AND (d.state <> 'skipped' OR d.skip_reason = 'capped')
),
chosen AS MATERIALIZED (
  SELECT r.id, max(r.reason) AS reason
  FROM readers r JOIN notifications_endpoint e ON e.id = r.id
  WHERE e.confirmed_at IS NOT NULL AND e.left_posts_at IS NULL
  GROUP BY r.id ORDER BY r.id LIMIT %(most)s
)
"""

ADD_READERS = """,
added AS (
  {insert}
  SELECT %(incident)s, %(communication)s, chosen.id, 'public', 'public', chosen.reason,
    %(priority)s, gen_random_uuid(), 'pending', '', 0, now(), now()
  FROM chosen ORDER BY chosen.id
  ON CONFLICT (communication_id, endpoint_id) DO NOTHING RETURNING 1
)
SELECT (SELECT max(id) FROM chosen), (SELECT count(*) FROM chosen), (SELECT count(*) FROM added)
""".replace("{insert}", INSERT)

COUNT = """
SELECT (SELECT count(*) FROM matched), (SELECT count(DISTINCT tenant_id) FROM hits),
  (SELECT count(DISTINCT endpoint_id) FROM targets)
"""


# One row a group: what it counts, the group's name, how many.
BREAKDOWN = """
SELECT 'channel', e.channel, count(DISTINCT e.id)
  FROM targets t JOIN notifications_endpoint e ON e.id = t.endpoint_id GROUP BY 2
UNION ALL
SELECT 'geography', g.name, count(DISTINCT h.subscription_id)
  FROM hits h JOIN incidents_region r ON r.id = h.region_id
  LEFT JOIN incidents_geography g ON g.id = r.geography_id GROUP BY 2
UNION ALL
(SELECT 'tenant', n.ref, count(DISTINCT h.subscription_id)
  FROM hits h JOIN notifications_tenant n ON n.id = h.tenant_id GROUP BY 2
  ORDER BY 3 DESC, 2 LIMIT 20)
UNION ALL
(SELECT DISTINCT 'sample', e.channel || ' ' || e.address, 1
  FROM targets t JOIN notifications_endpoint e ON e.id = t.endpoint_id
  ORDER BY 2 LIMIT 10)
"""
