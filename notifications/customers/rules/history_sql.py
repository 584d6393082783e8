"""The statements behind `rule_history` and `rule_tester`: planning's own parts, over all that was said in the past."""

from __future__ import annotations

from notifications.audience.rule_bits import DIRECT_SQL, PARTS
from notifications.audience.target_index_sql import FRESH, REGIONS, SERVICES
from notifications.vocabulary.delivery_states import CLOSING_STAGES

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
# Rows of (incident, endpoint, service, region, began, ended): the windows in what leads to it.
WINDOWS = f"""
{OWNERS} {FRESH}
SELECT DISTINCT o.incident_id, fresh.endpoint_id, m.service_id, m.region_id, m.started_at, m.ended_at
FROM incidents_impact m JOIN incidents_occurrence o ON o.id = m.occurrence_id
JOIN fresh USING (service_id, region_id)
JOIN incidents_incident i ON i.id = o.incident_id
WHERE i.kind = 'service-issue' AND o.incident_id = ANY (%(incidents)s::bigint[])
"""
# The incidents of these statements, and those that they were merged into.
INCIDENTS = """
WITH touched AS (
  SELECT i.id, i.merged_into_id FROM incidents_incident i
  WHERE i.id IN (SELECT incident_id FROM incidents_communication WHERE id = ANY (%(said)s::bigint[]))
)
SELECT id, kind, level, audience, mitigated_at, merged_into_id, published_at, public_due_at, withdrawn_at
FROM incidents_incident
WHERE id IN (SELECT id FROM touched UNION SELECT merged_into_id FROM touched)
"""
# All that was said of these, in order, and when it was planned.
STATEMENTS = """
WITH said AS MATERIALIZED (
  SELECT id, incident_id, kind, stage, at, decision_id FROM incidents_communication
  WHERE incident_id = ANY (%(incidents)s::bigint[]) AND NOT backfilled AND targeted_text <> ''
),
plans AS (
  SELECT f.communication_id, (array_agg(f.started_at ORDER BY f.audience_version))[1] AS started_at,
    bool_or(f.audience_version > 1) AS again
  FROM said JOIN notifications_fanout f ON f.communication_id = said.id
  GROUP BY 1
)
SELECT said.*, coalesce(plans.started_at, said.at), coalesce(plans.again, FALSE)
FROM said LEFT JOIN plans ON plans.communication_id = said.id
ORDER BY said.id
"""
DECISIONS = """
SELECT incident_id, id, decided_at, facts->>'kind', facts->>'level', facts->>'audience', scenario
FROM incidents_decision WHERE incident_id = ANY (%(incidents)s::bigint[]) ORDER BY id
"""
LISTS = """
SELECT incident_id, made_at FROM notifications_audienceversion
WHERE incident_id = ANY (%(incidents)s::bigint[])
"""
ON_LIST = """
SELECT DISTINCT i.incident_id
FROM notifications_customersubscription s
JOIN notifications_impactedsubscription i ON i.subscription_id = s.id
WHERE s.tenant_id = %(tenant)s AND i.incident_id = ANY (%(incidents)s::bigint[])
"""
# The cells that updates in between name: where it went on.
SCOPES = f"""
SELECT x.communication_id, x.service_id, x.region_id
FROM incidents_communication c JOIN incidents_scopecell x ON x.communication_id = c.id
JOIN incidents_incident i ON i.id = c.incident_id
WHERE c.incident_id = ANY (%(incidents)s::bigint[]) AND i.kind = 'service-issue'
  AND c.kind = 'update' AND c.targeted_text <> ''
  AND c.stage NOT IN ({", ".join(f"'{stage}'" for stage in sorted(CLOSING_STAGES))})
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
