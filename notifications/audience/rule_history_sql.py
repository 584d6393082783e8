"""The statements behind `customers.rule_tester`: planning's own parts, over all that was said in the past."""

from __future__ import annotations

from notifications.audience.rule_bits import DIRECT_SQL, PARTS
from notifications.audience.target_index_sql import FRESH, REGIONS, SERVICES

OWNERS = "WITH owners AS MATERIALIZED (SELECT %(tenant)s::bigint AS tenant_id),"
# Rows of (communication, endpoint, bits, quiet hours, by a rule): who runs, or leans on, where it speaks of.
BY_FOOTPRINT = f"""
{OWNERS} {FRESH},
said AS MATERIALIZED (
  SELECT c.id FROM incidents_communication c JOIN incidents_incident i ON i.id = c.incident_id
  WHERE i.started_at >= %(since)s AND NOT i.drill AND c.targeted_text <> ''
)
SELECT said.id, fresh.endpoint_id, fresh.kinds, fresh.quiet, bool_or(fresh.by_rule)
FROM said JOIN incidents_scopecell x ON x.communication_id = said.id
JOIN fresh USING (service_id, region_id)
GROUP BY 1, 2, 3, 4
"""
# Rows of (incident, endpoint, service, region, began, ended): the windows in what leads to it, of incidents that have
# ended somewhere.
WINDOWS = f"""
{OWNERS} {FRESH}
SELECT DISTINCT o.incident_id, fresh.endpoint_id, m.service_id, m.region_id, m.started_at, m.ended_at
FROM incidents_impact m JOIN incidents_occurrence o ON o.id = m.occurrence_id
JOIN fresh USING (service_id, region_id)
WHERE o.incident_id = ANY (%(incidents)s)
"""
# The same by the lists that the tenant is on, as `selection_sql.TARGETSBY_LIST` asks for one incident.
BY_LIST = f"""
WITH hit AS MATERIALIZED (
  SELECT i.incident_id, i.subscription_id
  FROM notifications_customersubscription s
  JOIN notifications_impactedsubscription i ON i.subscription_id = s.id
  JOIN incidents_incident n ON n.id = i.incident_id
  WHERE s.tenant_id = %(tenant)s AND n.started_at >= %(since)s AND NOT n.drill
),
lined AS (SELECT incident_id AS line, incident_id, subscription_id FROM hit
  UNION SELECT n.merged_into_id, n.id, hit.subscription_id
  FROM hit JOIN incidents_incident n ON n.id = hit.incident_id WHERE n.merged_into_id IS NOT NULL),
ends AS MATERIALIZED (
  SELECT DISTINCT r.id, ge.endpoint_id
  FROM notifications_alertrule r
  JOIN notifications_alertrule_action_groups rg ON rg.alertrule_id = r.id
  JOIN notifications_actiongroup_endpoints ge ON ge.actiongroup_id = rg.actiongroup_id
  WHERE r.tenant_id = %(tenant)s AND r.active
),
rules AS MATERIALIZED (
  SELECT r.id, r.certainty, r.dependents, part.quiet, {DIRECT_SQL} AS kinds,
    {SERVICES} AS services, {REGIONS} AS regions,
    EXISTS (SELECT FROM notifications_alertrule_subscriptions x WHERE x.alertrule_id = r.id) AS narrowed
  FROM (SELECT DISTINCT id FROM ends) told JOIN notifications_alertrule r USING (id) {PARTS}
),
said AS MATERIALIZED (
  SELECT c.id, c.incident_id FROM incidents_communication c
  WHERE c.targeted_text <> '' AND c.incident_id IN (SELECT line FROM lined)
)
SELECT said.id, ends.endpoint_id, rules.kinds, rules.quiet, TRUE
FROM said CROSS JOIN rules JOIN ends ON ends.id = rules.id
WHERE rules.certainty <> 'estimated'
  AND (NOT rules.narrowed OR EXISTS (
    SELECT FROM lined JOIN notifications_alertrule_subscriptions x
      ON x.customersubscription_id = lined.subscription_id
    WHERE lined.line = said.incident_id AND x.alertrule_id = rules.id))
  AND EXISTS (
    SELECT FROM incidents_scopecell s
    WHERE s.communication_id = said.id AND (rules.regions IS NULL OR s.region_id = ANY (rules.regions))
      AND (rules.services IS NULL OR s.service_id = ANY (rules.services)
        OR (rules.dependents AND EXISTS (
          SELECT FROM incidents_dependency d
          WHERE d.depends_on_id = s.service_id AND d.service_id = ANY (rules.services)))))
UNION ALL
SELECT said.id, t.contact_id, -1, 0, FALSE
FROM said CROSS JOIN notifications_tenant t
WHERE t.id = %(tenant)s AND t.contact_id IS NOT NULL AND NOT EXISTS (SELECT FROM ends)
  AND EXISTS (SELECT FROM incidents_scopecell s WHERE s.communication_id = said.id)
"""


REACH = f"""
{OWNERS} {FRESH}
SELECT c.service_id, c.region_id, f.endpoint_id, f.kinds
FROM cells c LEFT JOIN fresh f USING (service_id, region_id)
"""
