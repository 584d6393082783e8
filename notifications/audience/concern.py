"""What concerns each receiver of a batch: their tenants, subscriptions and cells, in a few questions for all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from incidents import prepared_statements
from incidents.cells import CellIds
from incidents.models import Communication
from notifications.audience.selection import has_list, line_of
from notifications.audience.selection_sql import SPREAD, place
from notifications.models import CustomerSubscription, Delivery, Footprint, ImpactedSubscription
from notifications.models.delivery.concern import SHOWN, Concern, HitSubscription
from notifications.models.delivery.told import NOT_LEFT_OUT
from notifications.vocabulary.delivery_states import DeliveryAudience

MOST_READ = 10_000  # subscriptions of a tenant, one by one

# Fences of OFFSET: whatever the statistics know, the few tenants of a batch are looked up by key. Somebody may be
# named twice: telling that here would take as long as the rest.
_OWNERS = """
SELECT told.endpoint_id, t.id FROM unnest(%(endpoints)s::bigint[]) AS told(endpoint_id)
CROSS JOIN LATERAL (
  SELECT id FROM notifications_tenant WHERE contact_id = told.endpoint_id
  UNION ALL
  SELECT g.tenant_id FROM notifications_actiongroup_endpoints ge
  JOIN notifications_actiongroup g ON g.id = ge.actiongroup_id
  WHERE ge.endpoint_id = told.endpoint_id
  OFFSET 0) t
"""

# Every subscription of these tenants, with its cells among those named. Which are left out past so many is all the
# same: who has more is counted as a whole (`_LARGE`).
_SUBSCRIPTIONS = """
SELECT w.tenant_id, w.name, s.id, s.name, ARRAY (
  SELECT service_id * {spread}::bigint + region_id FROM notifications_footprint
  WHERE subscription_id = s.id
    AND service_id * {spread}::bigint + region_id = ANY (%(places)s::bigint[]))
FROM (SELECT id AS tenant_id, name FROM notifications_tenant WHERE id = ANY (%(tenants)s::bigint[])) w
CROSS JOIN LATERAL (
  SELECT id, coalesce(nullif(name, ''), ref) AS name FROM notifications_customersubscription
  WHERE tenant_id = w.tenant_id LIMIT %(most)s) s
ORDER BY w.tenant_id, s.name, s.id
""".replace("{spread}", str(SPREAD))

# The same of one tenant with more than are read one by one, counted where they lie. `named` and `others`: places.
_LARGE = """
WITH hit AS MATERIALIZED (
  SELECT s.id, coalesce(nullif(s.name, ''), s.ref) AS name,
    coalesce(array_agg(f.place) FILTER (WHERE f.place = ANY (%(named)s::bigint[])), '{}') AS places,
    coalesce(bool_or(f.place = ANY (%(others)s::bigint[])), false) AS elsewhere
  FROM notifications_customersubscription s
  LEFT JOIN (
    SELECT subscription_id, service_id * {spread}::bigint + region_id AS place FROM notifications_footprint
  ) f ON f.subscription_id = s.id AND f.place = ANY (%(named)s::bigint[] || %(others)s::bigint[])
  WHERE s.tenant_id = %(tenant)s AND (NOT %(by_list)s OR s.id IN (
    SELECT subscription_id FROM notifications_impactedsubscription
    WHERE incident_id = ANY (%(line)s::bigint[])))
  GROUP BY s.id
), told AS MATERIALIZED (SELECT * FROM hit WHERE %(by_list)s OR places <> '{}')
SELECT (SELECT count(*) FROM notifications_customersubscription WHERE tenant_id = %(tenant)s),
  (SELECT count(*) FROM told), (SELECT coalesce(bool_or(elsewhere), false) FROM hit),
  ARRAY (SELECT DISTINCT unnest(places) FROM told ORDER BY 1),
  ARRAY (SELECT id FROM told ORDER BY name, id LIMIT {shown})
""".replace("{spread}", str(SPREAD)).replace("{shown}", str(SHOWN))

_OPEN = """
SELECT i.service_id, i.region_id FROM incidents_occurrence o JOIN incidents_impact i ON i.occurrence_id = o.id
WHERE o.incident_id = %(incident)s AND i.ended_at IS NULL
"""

_HEARD_BEFORE = f"""
SELECT t.id FROM unnest(%(ids)s::bigint[], %(endpoints)s::bigint[], %(communications)s::bigint[])
  AS t(id, endpoint_id, communication_id)
WHERE EXISTS (
  SELECT FROM notifications_delivery d
  WHERE d.incident_id = ANY (%(line)s::bigint[]) AND d.endpoint_id = t.endpoint_id
    AND d.communication_id < t.communication_id
    AND {NOT_LEFT_OUT} OFFSET 0)
"""  # noqa: S608 - a part of our own


@dataclass(frozen=True, slots=True)
class _Tenant:
    """`hits`: those that may be named; `hit` counts all of them, `cells` are theirs."""

    name: str
    subscriptions: int
    hits: tuple[HitSubscription, ...]
    hit: int
    cells: frozenset[CellIds]
    elsewhere: bool


def attach(deliveries: Sequence[Delivery]) -> None:
    """Set `concern` and `is_first` of these deliveries, whose communications are loaded already."""
    for communication, told in _by_statement(deliveries):
        targeted = [one for one in told if one.audience == DeliveryAudience.TARGETED]
        if targeted:
            _attach_concern(communication, targeted)
    attach_first(deliveries)


def attach_first(deliveries: Sequence[Delivery]) -> None:
    """Set `is_first` alone: what a digest tells along has no concern of its own."""
    for communication, told in _by_statement(deliveries):
        if communication.number > 1:
            _attach_first(communication, told)


def _by_statement(deliveries: Sequence[Delivery]) -> Iterable[tuple[Communication, list[Delivery]]]:
    found: dict[int, list[Delivery]] = defaultdict(list)
    for one in deliveries:
        found[one.communication_id].append(one)
    return [(told[0].communication, told) for told in found.values()]


def _attach_concern(communication: Communication, deliveries: Sequence[Delivery]) -> None:
    endpoints = prepared_statements.array(one.endpoint_id for one in deliveries)
    found = _rows(_OWNERS, {"endpoints": endpoints})
    tenants = _tenants(communication, {pk for _, pk in found})
    owners: dict[int, set[int]] = defaultdict(set)
    for endpoint, pk in found:
        if pk in tenants:
            owners[endpoint].add(pk)
    for one in deliveries:
        one.concern = _concern([tenants[pk] for pk in sorted(owners[one.endpoint_id])])


def _tenants(communication: Communication, wanted: Iterable[int]) -> Mapping[int, _Tenant]:
    named = {place(*cell) for cell in communication.cell_ids}
    open_still = _rows(_OPEN, {"incident": communication.incident_id})
    others = {place(*cell) for cell in open_still} - named
    found = _rows(
        _SUBSCRIPTIONS,
        {
            "tenants": prepared_statements.array(wanted),
            "places": prepared_statements.array([*named, *others]),
            "most": MOST_READ + 1,
        },
    )
    listed: set[int] | None = None
    if by_list := has_list(communication):
        on_list = ImpactedSubscription.objects.filter(
            incident__in=line_of(communication.incident_id),
            subscription__in=[row[2] for row in found],
        )
        listed = set(on_list.values_list("subscription_id", flat=True))
    # Many run in the same cells.
    shapes: dict[tuple[int, ...], tuple[tuple[CellIds, ...], bool]] = {}
    tenants = {}
    for (pk, tenant), group in groupby(found, key=itemgetter(0, 1)):
        own, hits, elsewhere = list(group), [], False
        if len(own) > MOST_READ:
            tenants[pk] = _large(communication, pk, tenant, named, others, by_list=by_list)
            continue
        for *_, subscription, name, places in own:
            key = tuple(places)
            if key not in shapes:
                shapes[key] = _pairs(named.intersection(key)), not others.isdisjoint(key)
            cells, left = shapes[key]
            # By list, who is on it was hit, wherever it runs.
            if listed is None:
                is_hit = bool(cells)
            else:
                is_hit = subscription in listed
                left = left and is_hit
            if is_hit:
                hits.append(HitSubscription(name, cells))
            elsewhere = elsewhere or left
        touched = frozenset(pair for hit in hits for pair in hit.cells)
        tenants[pk] = _Tenant(tenant, len(own), tuple(hits), len(hits), touched, elsewhere)
    return tenants


def _large(
    communication: Communication,
    tenant: int,
    name: str,
    named: Collection[int],
    others: Collection[int],
    *,
    by_list: bool,
) -> _Tenant:
    facts = {
        "tenant": tenant,
        "named": prepared_statements.array(named),
        "others": prepared_statements.array(others),
        "by_list": by_list,
        "line": prepared_statements.array(line_of(communication.incident_id)),
    }
    ((owned, hit, elsewhere, places, first),) = _rows(_LARGE, facts)
    shown = CustomerSubscription.objects.in_bulk(first)
    footprint = Footprint.objects.filter(subscription__in=first)
    cells: dict[int, list[int]] = defaultdict(list)
    for subscription, *cell in footprint.values_list("subscription", "service", "region"):
        if (at := place(*cell)) in named:
            cells[subscription].append(at)
    return _Tenant(
        name,
        owned,
        tuple(HitSubscription(str(shown[pk]), _pairs(cells[pk])) for pk in first),
        hit,
        frozenset(_pairs(places)),
        elsewhere,
    )


def _concern(tenants: Sequence[_Tenant]) -> Concern:
    """Of one receiver; an address of several tenants hears of all of theirs that are concerned, together."""
    if len(tenants) == 1 and len(tenants[0].hits) == 1:
        # Most of them by far.
        (one,) = tenants
        return Concern(
            (one.name,), one.hits, 1, one.subscriptions, one.hits[0].cells, one.elsewhere
        )
    concerned = [one for one in tenants if one.hits]
    hits = [hit for one in concerned for hit in one.hits]
    return Concern(
        tenants=tuple(one.name for one in concerned),
        hits=tuple(hits[:SHOWN]),
        hit=sum(one.hit for one in concerned),
        subscriptions=sum(one.subscriptions for one in concerned),
        cells=tuple(sorted(frozenset[CellIds]().union(*(one.cells for one in concerned)))),
        elsewhere=any(one.elsewhere for one in tenants),
    )


def _attach_first(communication: Communication, deliveries: Sequence[Delivery]) -> None:
    facts = {
        "ids": prepared_statements.array(one.id for one in deliveries),
        "endpoints": prepared_statements.array(one.endpoint_id for one in deliveries),
        "communications": prepared_statements.array(one.communication_id for one in deliveries),
        "line": prepared_statements.array(line_of(communication.incident_id)),
    }
    heard = {pk for (pk,) in _rows(_HEARD_BEFORE, facts)}
    for one in deliveries:
        one.is_first = one.pk not in heard


def _pairs(places: Iterable[int]) -> tuple[CellIds, ...]:
    return tuple(divmod(one, SPREAD) for one in sorted(places))


def _rows(statement: str, facts: Mapping[str, Any]) -> list[prepared_statements.DatabaseRow]:
    with prepared_statements.executed(statement, facts) as cursor:
        return cursor.fetchall()
