"""Who is concerned by a statement: sets computed by the database, in slices, never a loop over people.

Order of the questions: which customer subscriptions are hit (by index on service and region), which
alert rules of their tenants match, which endpoints those lead to. Deliveries are unique per
communication and endpoint, so asking twice, late or in parallel adds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from incidents.models import Communication, Incident
from notifications.lifecycle import Relevance, priority
from notifications.models import ImpactedSubscription

Cell = tuple[int, int]  # (service id, region id)

# Parts of one WITH chain. Parameters: services, regions (the scope), kind, incident, line (the incident
# and those merged into it), after, most.
_SCOPE = """
WITH scope AS MATERIALIZED (
  SELECT * FROM unnest(%(services)s::bigint[], %(regions)s::bigint[]) AS s(service_id, region_id)
),
"""

_MATCHED_BY_FOOTPRINT = """
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
_MATCHED_BY_LIST = """
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
_TARGETS = """
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

_INSERT = """
INSERT INTO notifications_delivery (incident_id, communication_id, endpoint_id, audience, relevance,
  reason, priority, uuid, state, skip_reason, attempts, next_attempt_at, created_at)
"""

_ADD_TARGETS = """,
added AS (
  {insert}
  SELECT %(incident)s, %(communication)s, t.endpoint_id, 'targeted', %(relevance)s,
    min(t.reason), %(priority)s, gen_random_uuid(), 'pending', '', 0, now(), now()
  FROM targets t GROUP BY t.endpoint_id ORDER BY t.endpoint_id
  ON CONFLICT (communication_id, endpoint_id) DO NOTHING RETURNING 1
)
SELECT (SELECT max(id) FROM matched), (SELECT count(*) FROM matched), (SELECT count(*) FROM added)
""".replace("{insert}", _INSERT)

# What each endpoint last heard in this incident. Who was told "you were not affected" has heard the
# end; only a retraction goes there, too. With a list, an endpoint whose tenants are not on it was told
# by an estimate that was wrong; one whose tenant is on it merely has rules that look elsewhere.
_ADD_TOLD_BEFORE = """
WITH told AS MATERIALIZED (
  SELECT DISTINCT ON (d.endpoint_id) d.endpoint_id AS id, d.relevance
  FROM notifications_delivery d
  WHERE d.incident_id = ANY (%(line)s) AND d.communication_id < %(communication)s
    AND d.endpoint_id > %(after)s AND d.audience = 'targeted' AND d.state <> 'skipped'
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
""".replace("{insert}", _INSERT)

_READERS = """
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
    AND d.endpoint_id > %(after)s AND d.audience = 'public' AND d.state <> 'skipped'
),
chosen AS MATERIALIZED (
  SELECT r.id, max(r.reason) AS reason
  FROM readers r JOIN notifications_endpoint e ON e.id = r.id
  WHERE e.confirmed_at IS NOT NULL AND e.left_posts_at IS NULL
  GROUP BY r.id ORDER BY r.id LIMIT %(most)s
)
"""

_ADD_READERS = """,
added AS (
  {insert}
  SELECT %(incident)s, %(communication)s, chosen.id, 'public', 'public', chosen.reason,
    %(priority)s, gen_random_uuid(), 'pending', '', 0, now(), now()
  FROM chosen ORDER BY chosen.id
  ON CONFLICT (communication_id, endpoint_id) DO NOTHING RETURNING 1
)
SELECT (SELECT max(id) FROM chosen), (SELECT count(*) FROM chosen), (SELECT count(*) FROM added)
""".replace("{insert}", _INSERT)

_COUNT = """
SELECT (SELECT count(*) FROM matched), (SELECT count(DISTINCT tenant_id) FROM hits),
  (SELECT count(DISTINCT endpoint_id) FROM targets)
"""


@dataclass(frozen=True, slots=True)
class Slice:
    """One step of a phase: the last id looked at (None: nothing left), ids seen, deliveries added."""

    last: int | None
    seen: int
    added: int


@dataclass(frozen=True, slots=True)
class Counts:
    """An audience before anything is sent. `readers`: public subscribers, if it were public."""

    subscriptions: int
    tenants: int
    endpoints: int
    readers: int


def line_of(incident_id: int) -> list[int]:
    """The incident and those it has absorbed: who heard of one of them hears how it goes on."""
    absorbed = Incident.objects.filter(merged_into=incident_id).values_list("pk", flat=True)
    return [incident_id, *absorbed]


def has_list(communication: Communication) -> bool:
    """Whether an impacted list replaces the footprint. Confirmed without a list still means it."""
    incident = communication.incident
    return incident.audience == "confirmed" and has_impacted(incident.pk)


def has_impacted(incident_id: int) -> bool:
    return ImpactedSubscription.objects.filter(incident__in=line_of(incident_id)).exists()


def add_matching(
    communication: Communication, cells: Sequence[Cell], *, by_list: bool, after: int, most: int
) -> Slice:
    """Deliveries for the endpoints of the next `most` matching subscriptions with an id > `after`."""
    chain = (_SCOPE, _MATCHED_BY_LIST if by_list else _MATCHED_BY_FOOTPRINT, _TARGETS, _ADD_TARGETS)
    return _step(
        "".join(chain),
        _facts(communication, cells, after, most)
        | {"relevance": Relevance.IMPACTED if by_list else Relevance.RELATED},
    )


def add_told_before(communication: Communication, *, by_list: bool, after: int, most: int) -> Slice:
    """Deliveries for endpoints that heard, targeted, of this incident before and match no longer."""
    return _step(
        _ADD_TOLD_BEFORE,
        _facts(communication, (), after, most)
        | {"by_list": by_list, "retraction": communication.kind == "retraction"},
    )


def add_readers(
    communication: Communication, cells: Sequence[Cell], *, after: int, most: int
) -> Slice:
    """Deliveries for confirmed public subscribers, by topic or because they were told before."""
    return _step(
        "".join((_SCOPE, _READERS, _ADD_READERS)),
        _facts(communication, cells, after, most)
        | {"matching": communication.kind != "retraction"},
    )


def count(cells: Sequence[Cell], *, kind: str, incident_id: int | None = None) -> Counts:
    """The audience of a first statement about these cells; with `incident_id`, of its impacted list."""
    facts: dict[str, Any] = {
        "services": [service for service, _ in cells],
        "regions": [region for _, region in cells],
        "kind": kind,
        "line": [] if incident_id is None else line_of(incident_id),
        "incident": incident_id or 0,
        "communication": 0,
        "after": 0,
        "most": None,
        "matching": True,
    }
    by = _MATCHED_BY_FOOTPRINT if incident_id is None else _MATCHED_BY_LIST
    with connection.cursor() as cursor:
        cursor.execute("".join((_SCOPE, by, _TARGETS, _COUNT)), facts)
        subscriptions, tenants, endpoints = cursor.fetchone() or (0, 0, 0)
        cursor.execute("".join((_SCOPE, _READERS, "SELECT count(*) FROM chosen")), facts)
        (readers,) = cursor.fetchone() or (0,)
    return Counts(subscriptions, tenants, endpoints, readers)


def _facts(
    communication: Communication, cells: Sequence[Cell], after: int, most: int
) -> dict[str, Any]:
    return {
        "services": [service for service, _ in cells],
        "regions": [region for _, region in cells],
        "kind": communication.incident.kind,
        "line": line_of(communication.incident_id),
        "incident": communication.incident_id,
        "communication": communication.pk,
        "priority": priority(
            kind=communication.kind, stage=communication.stage, number=communication.number
        ),
        "after": after,
        "most": most,
    }


def _step(statement: str, facts: dict[str, Any]) -> Slice:
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        last, seen, added = cursor.fetchone() or (None, 0, 0)
    return Slice(last, seen, added)
