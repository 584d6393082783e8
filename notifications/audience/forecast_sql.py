"""The statements behind `forecast`: planning's own parts (`selection_sql`), and what becomes of each endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from notifications.audience import selection_sql as sql
from notifications.audience.readers_sql import READERS
from notifications.models.delivery.told import NOT_LEFT_OUT, told_at_sql

# What `ADD_TOLD_BEFORE` adds, for all endpoints at once.
_TOLD = f"""
told AS MATERIALIZED (
  SELECT DISTINCT ON (d.endpoint_id) d.endpoint_id AS id, d.relevance, d.reason, d.quiet
  FROM notifications_delivery d
  WHERE d.incident_id = ANY (%(line)s) AND d.communication_id < %(communication)s
    AND d.audience = 'targeted' AND {NOT_LEFT_OUT}
  ORDER BY d.endpoint_id, d.communication_id DESC
)
"""
# Each endpoint once, as planning finds it first.
_PLANNED = """
planned AS MATERIALIZED (
  SELECT DISTINCT ON (id) id, audience, quiet FROM (
    SELECT endpoint_id AS id, 'targeted' AS audience, quiet, 1 AS phase FROM targets
    WHERE %(concerns)s AND NOT EXISTS (SELECT FROM released WHERE released.id = targets.endpoint_id)
      AND (every OR NOT %(in_between)s OR NOT EXISTS (
        SELECT FROM told WHERE told.id = targets.endpoint_id))
    UNION ALL
    SELECT id, 'targeted', quiet, 2 FROM told
    WHERE %(targeted)s AND (%(retraction)s OR relevance <> 'not-impacted')
      AND (NOT %(in_between)s OR reason <> 'first-and-last')
      AND NOT EXISTS (SELECT FROM released WHERE released.id = told.id)
    UNION ALL
    SELECT id, 'public', NULL, 3 FROM chosen WHERE %(public)s
  ) found
  WHERE NOT EXISTS (
    SELECT FROM notifications_delivery d
    WHERE d.incident_id = ANY (%(line)s) AND d.endpoint_id = found.id
      AND d.communication_id = %(communication)s)
  ORDER BY id, phase
)
"""
# The same answers as `delivery_states.skip_reason` and `Delivery.stays_inside` give right before a try. Readers
# are confirmed and have not left, or they are not chosen.
_JUDGED = """
judged AS MATERIALIZED (
  SELECT p.id, p.audience, e.channel, held.until IS NOT NULL AS held,
    CASE
      WHEN e.suppressed_at IS NOT NULL THEN 'suppressed'
      WHEN p.audience = 'targeted' AND e.left_alerts_at IS NOT NULL THEN 'left'
      WHEN %(drill)s AND NOT p.id = ANY (%(drill_ids)s::bigint[]) THEN 'drill'
      ELSE ''
    END AS skip
  FROM planned p JOIN notifications_endpoint e ON e.id = p.id {quiet}
)
""".replace("{quiet}", sql.QUIET.format(quiet="p.quiet", id="p.id"))
# As `rate_limits` judges a claim: the hour's messages, and the last one about this incident.
_HELD = f"""
(%(hourly)s > 0 AND (
  SELECT count(*) FROM notifications_delivery s
  WHERE s.endpoint_id = j.id AND s.sent_at > clock_timestamp() - interval '1 hour') >= %(hourly)s)
OR (%(interval)s > 0 AND (
  SELECT max({told_at_sql("said")}) FROM notifications_delivery said
  WHERE said.incident_id = %(incident)s AND said.endpoint_id = j.id
) + %(interval)s * interval '1 second' > clock_timestamp())
"""
_DAILY = """
(j.audience = 'public' AND EXISTS (
  SELECT FROM chosen WHERE chosen.id = j.id AND chosen.reason = 'topic-daily'))
"""
_COUNTED = f"""
SELECT audience, channel, count(*),
  CASE WHEN %(hourly)s > 0 OR %(interval)s > 0 THEN count(*) FILTER (WHERE {_DAILY} OR j.held OR {_HELD})
    ELSE count(*) FILTER (WHERE {_DAILY} OR j.held) END
FROM judged j WHERE skip = '' GROUP BY 1, 2
UNION ALL SELECT 'skipped', skip, count(*), 0 FROM judged WHERE skip <> '' GROUP BY 2
UNION ALL
SELECT 'readers', e.channel, count(*), 0
FROM chosen JOIN notifications_endpoint e ON e.id = chosen.id
WHERE e.suppressed_at IS NULL
  AND NOT EXISTS (SELECT FROM judged j WHERE j.id = e.id AND j.audience = 'targeted')
  AND NOT (%(drill)s AND NOT e.id = ANY (%(drill_ids)s::bigint[]))
GROUP BY 2
UNION ALL
SELECT 'total', n.name, n.number, 0
FROM (SELECT count(*) AS subscriptions, count(DISTINCT s.tenant_id) AS tenants
      FROM matched JOIN notifications_customersubscription s USING (id)) t,
  LATERAL (VALUES ('subscriptions', t.subscriptions), ('tenants', t.tenants)) AS n(name, number)
"""

_LED_BY_FOOTPRINT = """
led AS MATERIALIZED (
  SELECT DISTINCT t.tenant_id, t.endpoint_id
  FROM notifications_target t JOIN scope USING (service_id, region_id)
  WHERE t.kinds & %(wanted)s <> 0
)
"""
# Whom the cells concern, without an address that hears of it. First by the addresses its rules lead to, which
# nearly all have; for the few others by every address of theirs, as they may have been told before.
_SILENT = """,
living AS MATERIALIZED (SELECT id FROM judged WHERE skip = ''),
owners AS MATERIALIZED (
  SELECT DISTINCT s.tenant_id FROM matched JOIN notifications_customersubscription s USING (id)
),
unled AS MATERIALIZED (
  SELECT tenant_id FROM owners
  EXCEPT SELECT led.tenant_id FROM led JOIN living ON living.id = led.endpoint_id
),
own AS MATERIALIZED (
  SELECT g.tenant_id, ge.endpoint_id
  FROM unled JOIN notifications_actiongroup g USING (tenant_id)
  JOIN notifications_actiongroup_endpoints ge ON ge.actiongroup_id = g.id
  UNION
  SELECT t.id, t.contact_id FROM unled JOIN notifications_tenant t ON t.id = unled.tenant_id
  UNION
  SELECT e.tenant_id, e.id FROM unled JOIN notifications_endpoint e USING (tenant_id)
),
silent AS MATERIALIZED (
  SELECT tenant_id FROM unled
  EXCEPT SELECT own.tenant_id FROM own JOIN living ON living.id = own.endpoint_id
)
SELECT silent.tenant_id,
  coalesce((SELECT array_agg(DISTINCT j.skip) FROM led JOIN judged j ON j.id = led.endpoint_id
            WHERE led.tenant_id = silent.tenant_id), '{}'),
  EXISTS (
    SELECT FROM notifications_alertrule r
    JOIN notifications_alertrule_action_groups rg ON rg.alertrule_id = r.id
    JOIN notifications_actiongroup_endpoints ge ON ge.actiongroup_id = rg.actiongroup_id
    WHERE r.tenant_id = silent.tenant_id AND r.active),
  (SELECT count(*) FROM silent)
FROM silent JOIN notifications_tenant n ON n.id = silent.tenant_id
ORDER BY n.name, n.id LIMIT %(named)s
"""


def _judged(facts: Mapping[str, Any]) -> tuple[str, ...]:
    targets = sql.TARGETS_BY_WIDE_FOOTPRINT if facts["wide"] else sql.TARGETS_BY_FOOTPRINT
    parts = (sql.MATCHED_BY_LIST, sql.TARGETS_BY_LIST) if facts["by_list"] else (targets,)
    return (*parts, READERS, _TOLD, sql.RELEASED, _PLANNED, _JUDGED)


def _with_matched(facts: Mapping[str, Any]) -> tuple[str, ...]:
    return (*(() if facts["by_list"] else (sql.MATCHED_BY_FOOTPRINT,)), *_judged(facts))


def counted(facts: Mapping[str, Any]) -> str:
    """Rows of (group, name, how many, how many of them later). `facts`: the parameters; those called `by_list` and
    `wide` choose the statement, here and below.
    """
    return sql.chain(*_with_matched(facts)) + _COUNTED


def silent(facts: Mapping[str, Any]) -> str:
    """Rows of (tenant, why its addresses are skipped, whether it has rules, how many tenants in all)."""
    led = () if facts["by_list"] else (_LED_BY_FOOTPRINT,)
    return sql.chain(*_with_matched(facts), *led) + _SILENT


def hearers(facts: Mapping[str, Any]) -> str:
    """One number: the endpoints that hear of it."""
    return sql.chain(*_judged(facts)) + "SELECT count(*) FROM judged WHERE skip = ''"


def ways(facts: Mapping[str, Any]) -> str:
    """Rows of (audience, channel, language, how many endpoints), the most heard first."""
    return sql.chain(*_judged(facts)) + (
        "SELECT j.audience, j.channel, e.language, count(*)"
        " FROM judged j JOIN notifications_endpoint e ON e.id = j.id"
        " WHERE j.skip = '' GROUP BY 1, 2, 3 ORDER BY 1 DESC, 4 DESC, 2, 3"
    )
