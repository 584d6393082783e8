"""The statements behind `rule_history` and `rule_tester`: planning's own parts, over all that was said in the past."""

from __future__ import annotations

from notifications.audience.rule_bits import DIRECT_SQL, PARTS
from notifications.audience.target_index_sql import FRESH, REGIONS, SERVICES

OWNERS = "WITH owners AS MATERIALIZED (SELECT %(tenant)s::bigint AS tenant_id),"
# Rows of (service, region, endpoint, bits, quiet hours, by a rule): who runs, or leans on, what is where.
TARGETS = f"""
{OWNERS} {FRESH}
SELECT service_id, region_id, endpoint_id, kinds, quiet, bool_or(by_rule)
FROM fresh GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""
# The cells of those, numbered.
PLACES = """
places AS MATERIALIZED (
  SELECT * FROM unnest(%(services)s::int[], %(regions)s::int[]) WITH ORDINALITY
    AS p (service_id, region_id, place)
)
"""
# Rows of (incident, place, began, ended): the windows in what leads to somebody.
WINDOWS = f"""
WITH {PLACES}
SELECT DISTINCT o.incident_id, places.place, m.started_at, m.ended_at
FROM places JOIN incidents_impact m USING (service_id, region_id)
JOIN incidents_occurrence o ON o.id = m.occurrence_id
JOIN incidents_incident i ON i.id = o.incident_id
WHERE i.kind = 'service-issue' AND o.incident_id = ANY (%(incidents)s::bigint[])
"""
# The incidents that are spoken of in these places, or in statements to a list, and those that they were merged into.
INCIDENTS = f"""
WITH {PLACES},
spoken AS (
  SELECT c.incident_id
  FROM places JOIN incidents_scopecell x USING (service_id, region_id)
  JOIN incidents_communication c ON c.id = x.communication_id
  WHERE c.targeted_text <> ''
),
touched AS (
  SELECT id, merged_into_id FROM incidents_incident
  WHERE started_at >= %(since)s AND NOT drill AND id IN (SELECT incident_id FROM spoken)
  UNION
  SELECT id, merged_into_id FROM incidents_incident
  WHERE id IN (SELECT incident_id FROM incidents_communication WHERE id = ANY (%(said)s::bigint[]))
)
SELECT id, kind, level, audience, mitigated_at, merged_into_id, published_at, public_due_at, withdrawn_at
FROM incidents_incident
WHERE id IN (SELECT id FROM touched UNION SELECT merged_into_id FROM touched)
"""
# All that was said of these, in order, when it was planned, and which of the places it names.
STATEMENTS = f"""
WITH {PLACES},
said AS MATERIALIZED (
  SELECT id, incident_id, kind, stage, at, decision_id FROM incidents_communication
  WHERE incident_id = ANY (%(incidents)s::bigint[]) AND NOT backfilled AND targeted_text <> ''
),
plans AS (
  SELECT f.communication_id, (array_agg(f.started_at ORDER BY f.audience_version))[1] AS started_at,
    bool_or(f.audience_version > 1) AS again
  FROM said JOIN notifications_fanout f ON f.communication_id = said.id
  GROUP BY 1
),
named AS (
  SELECT x.communication_id, string_agg(places.place::text, ' ') AS places
  FROM places JOIN incidents_scopecell x USING (service_id, region_id)
  GROUP BY 1
)
SELECT said.*, coalesce(plans.started_at, said.at), coalesce(plans.again, FALSE), coalesce(named.places, '')
FROM said LEFT JOIN plans ON plans.communication_id = said.id
LEFT JOIN named ON named.communication_id = said.id
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
# Rows of (communication, endpoint, bits, quiet hours, by a rule) by the lists that the tenant is on, as
# `selection_sql.TARGETS_BY_LIST` asks for one incident.
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
