"""The statements behind `audience`: parts of WITH chains, put together there."""

from __future__ import annotations

from notifications.audience.rule_bits import DIRECT_SQL, PARTS
from notifications.audience.target_index_sql import ANY_MARK, REGIONS, SERVICES
from notifications.models.delivery.told import NOT_LEFT_OUT

# Parts of one WITH chain. Parameters: services, regions (the scope), the bits of kind and level (see
# `rule_bits`), incident, line (the incident and those merged into it), after and upto (a window of tenants), most.
SCOPE = """
WITH scope AS MATERIALIZED (
  SELECT * FROM unnest(%(services)s::int[], %(regions)s::int[]) AS s(service_id, region_id)
)
"""


# More than there are regions, and no power of two: hashes of what comes out shall differ.
SPREAD = 1_000_003


def place(service_id: int, region_id: int) -> int:
    """One number for a cell, as `TARGETS_BY_WIDE_FOOTPRINT` makes it."""
    return service_id * SPREAD + region_id


def chain(*parts: str) -> str:
    """The scope and these parts as one WITH chain; a statement follows, or more parts after a comma."""
    return ",".join((SCOPE, *parts))


# By footprint: read from the target index, which holds subscriptions, rules and groups joined already.
TARGETS_BY_FOOTPRINT = """
targets AS MATERIALIZED (
  SELECT t.endpoint_id, bool_or(t.by_rule) AS by_rule,
    bool_or(t.kinds & %(every)s <> 0) AS every, bool_or(t.kinds & %(direct)s <> 0) AS direct,
    CASE WHEN bool_and(t.quiet <> 0) THEN array_agg(t.quiet) FILTER (WHERE t.quiet <> 0) END AS quiet
  FROM notifications_target t JOIN scope USING (service_id, region_id)
  WHERE t.tenant_id > %(after)s AND t.tenant_id <= %(upto)s AND t.kinds & %(wanted)s <> 0
  GROUP BY t.endpoint_id
)
"""

# The same for very many cells: all rows of the tenants, each asked whether its cell is one of them, instead
# of as many looks into the index for every window. A cell is one number there (see `place`). Few endpoints have several
# windows, and these are looked up: gathered for all, the planner would expect so much of them that it goes to disk.
TARGETS_BY_WIDE_FOOTPRINT = """
targets AS MATERIALIZED (
  SELECT t.endpoint_id, bool_or(t.by_rule) AS by_rule,
    bit_or(t.kinds) & %(every)s <> 0 AS every, bit_or(t.kinds) & %(direct)s <> 0 AS direct,
    CASE WHEN min(t.quiet) = 0 THEN NULL WHEN min(t.quiet) = max(t.quiet) THEN ARRAY[min(t.quiet)]
      ELSE ARRAY(
        SELECT DISTINCT o.quiet FROM notifications_target o
        WHERE o.tenant_id BETWEEN min(t.tenant_id) AND max(t.tenant_id) AND o.endpoint_id = t.endpoint_id
          AND o.kinds & %(wanted)s <> 0
          AND o.service_id * {spread}::bigint + o.region_id = ANY (%(places)s::bigint[]))
    END AS quiet
  FROM notifications_target t
  WHERE t.tenant_id > %(after)s AND t.tenant_id <= %(upto)s AND t.kinds & %(wanted)s <> 0
    AND t.service_id * {spread}::bigint + t.region_id = ANY (%(places)s::bigint[])
  GROUP BY t.endpoint_id
)
""".replace("{spread}", str(SPREAD))

MATCHED_BY_FOOTPRINT = """
matched AS MATERIALIZED (
  SELECT DISTINCT f.subscription_id AS id
  FROM notifications_footprint f JOIN scope USING (service_id, region_id)
)
"""

# The list replaces the footprint: whoever is on it was hit, wherever in the scope.
MATCHED_BY_LIST = """
matched AS MATERIALIZED (
  SELECT DISTINCT i.subscription_id AS id
  FROM notifications_impactedsubscription i
  WHERE i.incident_id = ANY (%(line)s) AND EXISTS (SELECT FROM scope)
)
"""

# The same rules as in `target_index_sql.FRESH`, asked of the subscriptions on the list. Whoever is on it is hit, also
# by what fails beneath a service that the rule names.
TARGETS_BY_LIST = f"""
hit AS MATERIALIZED (
  SELECT s.id AS subscription_id, s.tenant_id
  FROM matched JOIN notifications_customersubscription s ON s.id = matched.id
  WHERE s.tenant_id > %(after)s AND s.tenant_id <= %(upto)s
),
concerned AS MATERIALIZED (SELECT DISTINCT tenant_id FROM hit),
ends AS MATERIALIZED (
  SELECT r.id, r.tenant_id, ge.endpoint_id
  FROM concerned
  JOIN notifications_alertrule r ON r.tenant_id = concerned.tenant_id AND r.active
  JOIN notifications_alertrule_action_groups rg ON rg.alertrule_id = r.id
  JOIN notifications_actiongroup_endpoints ge ON ge.actiongroup_id = rg.actiongroup_id
),
rules AS MATERIALIZED (
  SELECT r.id, r.dependents, part.quiet, {DIRECT_SQL} & %(every)s <> 0 AS every,
    {SERVICES} AS services, {REGIONS} AS regions
  FROM (SELECT DISTINCT id FROM ends) told JOIN notifications_alertrule r USING (id) {PARTS}
  WHERE {DIRECT_SQL} & %(direct)s <> 0 AND r.certainty <> 'estimated'
    AND (NOT EXISTS (SELECT FROM notifications_alertrule_subscriptions x
                     WHERE x.alertrule_id = r.id)
      OR EXISTS (SELECT FROM notifications_alertrule_subscriptions x
                 JOIN hit ON hit.subscription_id = x.customersubscription_id
                 JOIN notifications_alertrule o ON o.id = r.id AND o.tenant_id = hit.tenant_id
                 WHERE x.alertrule_id = r.id))
),
led AS MATERIALIZED (
  SELECT ends.tenant_id, ends.endpoint_id, TRUE AS by_rule, rules.every, rules.quiet
  FROM ends JOIN rules USING (id)
  WHERE EXISTS (
    SELECT FROM scope
    WHERE (rules.regions IS NULL OR scope.region_id = ANY (rules.regions))
      AND (rules.services IS NULL OR scope.service_id = ANY (rules.services)
        OR (rules.dependents AND EXISTS (
          SELECT FROM incidents_dependency d
          WHERE d.depends_on_id = scope.service_id AND d.service_id = ANY (rules.services)))))
  UNION ALL
  SELECT t.id, t.contact_id, FALSE, TRUE, 0
  FROM concerned JOIN notifications_tenant t ON t.id = concerned.tenant_id
  WHERE t.contact_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM ends WHERE ends.tenant_id = t.id)
),
targets AS MATERIALIZED (
  SELECT endpoint_id, bool_or(by_rule) AS by_rule, bool_or(every) AS every, TRUE AS direct,
    CASE WHEN bool_and(quiet <> 0) THEN array_agg(quiet) END AS quiet
  FROM led GROUP BY endpoint_id
)
"""

INSERT = """
INSERT INTO notifications_delivery (incident_id, communication_id, endpoint_id, channel, audience,
  relevance, reason, priority, state, skip_reason, attempts, next_attempt_at, created_at, deferred, quiet,
  quiet_until)
"""
# Until when a message to endpoint `id` waits whose rules have these quiet hours: where it is quiet by all of them, for
# the first to end. Parameters: windows, zones and ends, of those that it is quiet in now.
QUIET = """
LEFT JOIN LATERAL (
  SELECT min(q.until) AS until
  FROM unnest({quiet}) AS w(quiet)
  LEFT JOIN unnest(%(quiet)s::int[], %(quiet_zones)s::text[], %(quiet_untils)s::timestamptz[])
    AS q(quiet, zone, until) ON q.quiet = w.quiet
    AND q.zone = (SELECT time_zone FROM notifications_endpoint WHERE id = {id})
  WHERE {quiet} IS NOT NULL
  HAVING bool_and(q.until IS NOT NULL)
) held ON TRUE
"""

# Who has been told that all of theirs is well again, while the incident went on elsewhere: they hear of it no more,
# unless it hits them anew or they want to. `partial`: whether there may be any; of a retraction, a correction or a
# review there are none. What names a cell of theirs is told them, unless it is the end of it all (`closing`), which
# names every cell.
RELEASED = """
windows AS MATERIALIZED (
  SELECT i.service_id, i.region_id, max(i.ended_at) AS ended_at, bool_and(i.ended_at IS NOT NULL) AS ended,
    NOT %(closing)s AND EXISTS (
      SELECT FROM incidents_scopecell s WHERE s.communication_id = %(communication)s
        AND s.service_id = i.service_id AND s.region_id = i.region_id) AS named
  FROM incidents_impact i JOIN incidents_occurrence o ON o.id = i.occurrence_id
  WHERE %(partial)s AND o.incident_id = ANY (%(line)s)
  GROUP BY 1, 2
),
well AS MATERIALIZED (
  SELECT t.endpoint_id AS id, max(w.ended_at) AS ended_at
  FROM notifications_target t JOIN windows w USING (service_id, region_id)
  GROUP BY 1
  HAVING bool_and(w.ended AND NOT w.named) AND max(w.ended_at) < coalesce(
    (SELECT mitigated_at FROM incidents_incident WHERE id = %(incident)s), 'infinity')
),
released AS MATERIALIZED (
  SELECT well.id FROM well JOIN notifications_endpoint e ON e.id = well.id AND NOT e.follows_on
  WHERE EXISTS (
    SELECT FROM notifications_delivery d JOIN incidents_communication c ON c.id = d.communication_id
    WHERE d.incident_id = ANY (%(line)s) AND d.endpoint_id = well.id
      AND d.communication_id < %(communication)s AND d.audience = 'targeted' AND c.at >= well.ended_at
      AND {not_left_out})
)
""".replace("{not_left_out}", NOT_LEFT_OUT)

# Who wants the first and the last alone is passed over in between, once told. What has led to the last
# delivery decides (`reason`), so that it goes on as it began.
ADD_TARGETS = (
    """,
{released},
added AS (
  {insert}
  SELECT %(incident)s, %(communication)s, t.endpoint_id,
    (SELECT channel FROM notifications_endpoint WHERE id = t.endpoint_id), 'targeted',
    CASE WHEN t.direct THEN %(relevance)s ELSE 'dependent' END,
    CASE WHEN NOT t.by_rule THEN 'default-contact' WHEN t.every THEN 'alert-rule' ELSE 'first-and-last' END,
    %(priority)s, 'pending', '', 0, coalesce(held.until, now()), now(),
    CASE WHEN held.until IS NULL THEN '' ELSE 'quiet' END, t.quiet, held.until
  FROM targets t {quiet}
  WHERE NOT EXISTS (SELECT FROM released WHERE released.id = t.endpoint_id)
    AND (t.every OR NOT %(in_between)s OR NOT EXISTS (
    SELECT FROM notifications_delivery d
    WHERE d.incident_id = ANY (%(line)s) AND d.communication_id < %(communication)s
      AND d.endpoint_id = t.endpoint_id AND d.audience = 'targeted'
      AND {not_left_out}))
  ORDER BY t.endpoint_id
  ON CONFLICT (incident_id, endpoint_id, communication_id) DO NOTHING RETURNING 1
)
SELECT %(upto)s, (SELECT count(*) FROM targets), (SELECT count(*) FROM added)
""".replace("{insert}", INSERT)
    .replace("{released}", RELEASED)
    .replace("{not_left_out}", NOT_LEFT_OUT)
    .replace("{quiet}", QUIET.format(quiet="t.quiet", id="t.endpoint_id"))
)

ABSORBED = "SELECT id FROM incidents_incident WHERE merged_into_id = %(incident)s"
QUIET_HOURS = "SELECT DISTINCT quiet_from, quiet_until FROM notifications_alertrule WHERE quiet_from IS NOT NULL"
# What a slice asks before all else: whether the index is behind, the incidents of the line, whether anything of
# them was well again (before all of it was, if that is over), and the tenants that come next. The first window begins
# before the first tenant, and there is nothing after the last.
STANDING = f"""
WITH absorbed AS MATERIALIZED ({ABSORBED})
SELECT EXISTS ({ANY_MARK}), ARRAY(SELECT id FROM absorbed), EXISTS (
    SELECT FROM incidents_impact i JOIN incidents_occurrence o ON o.id = i.occurrence_id
    WHERE o.incident_id = ANY (ARRAY(SELECT id FROM absorbed) || %(incident)s::bigint)
      AND i.ended_at < coalesce(
        (SELECT mitigated_at FROM incidents_incident WHERE id = %(incident)s), 'infinity')),
  (SELECT min(id) FROM notifications_tenant WHERE id > %(after)s), (SELECT max(id) FROM notifications_tenant)
"""

# What each endpoint last heard in this incident. Who was told "you were not affected" has heard the
# end; only a retraction goes there, too. With a list, an endpoint whose tenants are not on it was told
# by an estimate that was wrong; one whose tenant is on it merely has rules that look elsewhere.
ADD_TOLD_BEFORE = (
    """
WITH told AS MATERIALIZED (
  SELECT DISTINCT ON (d.endpoint_id) d.endpoint_id AS id, d.relevance, d.reason, d.quiet
  FROM notifications_delivery d
  WHERE d.incident_id = ANY (%(line)s) AND d.communication_id < %(communication)s
    AND d.endpoint_id > %(after)s AND d.audience = 'targeted'
    AND {not_left_out}
  ORDER BY d.endpoint_id, d.communication_id DESC LIMIT %(most)s
),
{released},
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
  SELECT %(incident)s, %(communication)s, told.id,
    (SELECT channel FROM notifications_endpoint WHERE id = told.id), 'targeted',
    CASE
      WHEN %(retraction)s THEN told.relevance
      WHEN %(by_list)s AND EXISTS (SELECT FROM hit WHERE hit.id = told.id) THEN 'impacted'
      WHEN told.relevance = 'dependent' THEN 'dependent'
      WHEN NOT %(by_list)s THEN 'partially-related'
      ELSE 'not-impacted'
    END,
    CASE told.reason WHEN 'first-and-last' THEN told.reason ELSE 'told-before' END, %(priority)s,
    'pending', '', 0, coalesce(held.until, now()), now(),
    CASE WHEN held.until IS NULL THEN '' ELSE 'quiet' END, told.quiet, held.until
  FROM told {quiet}
  WHERE (%(retraction)s OR told.relevance <> 'not-impacted')
    AND (NOT %(in_between)s OR told.reason <> 'first-and-last')
    AND NOT EXISTS (SELECT FROM released WHERE released.id = told.id)
  ORDER BY told.id
  ON CONFLICT (incident_id, endpoint_id, communication_id) DO NOTHING RETURNING 1
)
SELECT (SELECT max(id) FROM told), (SELECT count(*) FROM told), (SELECT count(*) FROM added)
""".replace("{insert}", INSERT)
    .replace("{released}", RELEASED)
    .replace("{not_left_out}", NOT_LEFT_OUT)
    .replace("{quiet}", QUIET.format(quiet="told.quiet", id="told.id"))
)

# One row a group, of endpoints that are sent to: what it counts, the group's name, how many.
CHANNELS = """,
named AS MATERIALIZED (SELECT e.channel, e.address FROM targets t JOIN notifications_endpoint e ON e.id = t.endpoint_id
  WHERE e.suppressed_at IS NULL AND e.left_alerts_at IS NULL)
SELECT 'channel', channel, count(*) FROM named GROUP BY 2
UNION ALL
(SELECT 'sample', channel || ' ' || address, 1 FROM named ORDER BY channel, address LIMIT 10)
"""

# Where the subscriptions are hit: each once for every geography of the scope that it runs in.
SPREAD_BY_FOOTPRINT = """
spread AS MATERIALIZED (
  SELECT DISTINCT f.subscription_id AS id, coalesce(g.name, 'Global') AS place
  FROM notifications_footprint f JOIN scope USING (service_id, region_id)
  JOIN incidents_region r ON r.id = f.region_id
  LEFT JOIN incidents_geography g ON g.id = r.geography_id
)
"""
SPREAD_BY_LIST = """
spread AS MATERIALIZED (
  SELECT DISTINCT m.id,
    CASE WHEN r.id IS NULL THEN 'by the list alone' ELSE coalesce(g.name, 'Global') END AS place
  FROM matched m
  LEFT JOIN (notifications_footprint f JOIN scope USING (service_id, region_id)
    JOIN incidents_region r ON r.id = region_id) ON f.subscription_id = m.id
  LEFT JOIN incidents_geography g ON g.id = r.geography_id
)
"""
PLACES = """,
owners AS MATERIALIZED (
  SELECT s.tenant_id, count(*) AS subscriptions
  FROM (SELECT DISTINCT id FROM spread) each
  JOIN notifications_customersubscription s USING (id) GROUP BY 1
)
SELECT 'geography', place, count(*) FROM spread GROUP BY 2
UNION ALL SELECT 'total', 'tenants', count(*) FROM owners
UNION ALL SELECT 'total', 'subscriptions', coalesce(sum(subscriptions), 0)::bigint FROM owners
UNION ALL
(SELECT 'tenant', n.ref, o.subscriptions
 FROM (SELECT * FROM owners ORDER BY subscriptions DESC, tenant_id LIMIT 20) o
 JOIN notifications_tenant n ON n.id = o.tenant_id ORDER BY 3 DESC, 2)
"""
