"""Which incidents concern a tenant, and what it may read of them. The one rule of the customers' own page.

Targeted texts are for whom planning would tell, and for whom it has told: by the impacted list where there is
one, else by the footprint in the cells a statement speaks of. What is public anyway is shown where it names
cells that the tenant runs in.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from incidents import prepared_statements
from incidents.models import Communication, Incident
from incidents.services.visibility import waits_for_audience
from incidents.vocabulary import Kind
from notifications.models import Tenant
from notifications.models.delivery import rows
from notifications.models.delivery.told import told_at_sql

# All columns of the incident; whether on the tenant's list, on anybody's, spoken of to the affected, told, publicly
# placed.
_CONCERNED = """
WITH own AS MATERIALIZED (
  SELECT id FROM notifications_customersubscription WHERE tenant_id = %(tenant)s
),
cells AS MATERIALIZED (
  SELECT DISTINCT f.service_id, f.region_id
  FROM own JOIN notifications_footprint f ON f.subscription_id = own.id
),
listed AS (
  SELECT DISTINCT i.incident_id
  FROM own JOIN notifications_impactedsubscription i ON i.subscription_id = own.id
  WHERE EXISTS (
    SELECT FROM incidents_communication c
    WHERE c.incident_id = i.incident_id AND c.targeted_text <> '')
),
spoken AS (
  SELECT DISTINCT c.incident_id
  FROM cells JOIN incidents_scopecell x USING (service_id, region_id)
  JOIN incidents_communication c ON c.id = x.communication_id
  WHERE c.targeted_text <> ''
),
endpoints AS MATERIALIZED (
  SELECT id FROM notifications_endpoint WHERE tenant_id = %(tenant)s
  UNION
  SELECT contact_id FROM notifications_tenant WHERE id = %(tenant)s
  UNION
  SELECT ge.endpoint_id FROM notifications_actiongroup g
  JOIN notifications_actiongroup_endpoints ge ON ge.actiongroup_id = g.id
  WHERE g.tenant_id = %(tenant)s
),
told AS (
  SELECT DISTINCT coalesce(line.merged_into_id, line.id) AS incident_id
  FROM endpoints JOIN notifications_delivery d ON d.endpoint_id = endpoints.id
  JOIN incidents_incident line ON line.id = d.incident_id
  WHERE d.audience = 'targeted' AND {told_at} IS NOT NULL
),
placed AS (
  SELECT DISTINCT o.incident_id
  FROM cells JOIN incidents_impact m USING (service_id, region_id)
  JOIN incidents_occurrence o ON o.id = m.occurrence_id
  UNION
  SELECT m.incident_id FROM incidents_mention m
  WHERE m.role = 'impacted' AND m.service_id IN (SELECT service_id FROM cells)
    AND EXISTS (
      SELECT FROM incidents_mention r
      WHERE r.incident_id = m.incident_id AND r.role = 'impacted' AND (
        r.region_id IN (SELECT region_id FROM cells)
        OR r.geography_id IN (
          SELECT geography_id FROM incidents_region WHERE id IN (SELECT region_id FROM cells))))
)
SELECT {columns}, i.id IN (SELECT incident_id FROM listed),
  i.audience = 'confirmed'
    AND EXISTS (SELECT FROM notifications_impactedsubscription x WHERE x.incident_id = i.id),
  i.id IN (SELECT incident_id FROM spoken), i.id IN (SELECT incident_id FROM told),
  i.id IN (SELECT incident_id FROM placed)
FROM incidents_incident i
WHERE NOT i.drill AND i.merged_into_id IS NULL
  AND (%(tracking_id)s = '' OR i.tracking_id = %(tracking_id)s)
  AND (%(since)s::timestamptz IS NULL OR i.started_at >= %(since)s)
  AND (%(kinds)s::text[] = '{}' OR i.kind = ANY (%(kinds)s::text[]))
  AND (%(over)s::boolean IS NULL OR (i.closed_at IS NOT NULL) = %(over)s)
  AND (%(upcoming)s::boolean IS NULL OR (i.stage IN ('planned', 'rescheduled')) = %(upcoming)s)
  AND ((%(service)s = '' AND %(region)s = '') OR EXISTS (
    SELECT FROM incidents_occurrence o JOIN incidents_impact m ON m.occurrence_id = o.id
    JOIN cells USING (service_id, region_id)
    JOIN incidents_service v ON v.id = m.service_id JOIN incidents_region r ON r.id = m.region_id
    WHERE o.incident_id = i.id AND %(service)s IN ('', v.slug) AND %(region)s IN ('', r.slug)))
  AND (%(before_at)s::timestamptz IS NULL OR (i.started_at, i.id) < (%(before_at)s, %(before_id)s::bigint))
  AND i.id IN (
    SELECT incident_id FROM listed UNION SELECT incident_id FROM spoken
    UNION SELECT incident_id FROM placed UNION SELECT incident_id FROM told)
ORDER BY i.started_at DESC, i.id DESC
LIMIT %(most)s::bigint
""".replace("{columns}", rows.columns(Incident, "i")).replace("{told_at}", told_at_sql("d"))
_FLAGS = 5


class EventBasis(StrEnum):
    """Why an incident is shown to a tenant."""

    LIST = "list"  # impact analysis has confirmed it
    FOOTPRINT = "footprint"  # estimated: the tenant runs where it is
    NOT_HIT = "not-hit"  # told by an estimate; the list then left the tenant out
    PUBLIC = "public"  # posted for everybody, and it names where the tenant runs
    TOLD = "told"  # elsewhere, and told all the same: by a rule for what depends on it, or from before a move


@dataclass(frozen=True, slots=True)
class TenantEvent:
    """An incident as one tenant may see it. `targeted`: its targeted texts are for this tenant."""

    incident: Incident
    basis: EventBasis
    public: bool

    @property
    def targeted(self) -> bool:
        return self.basis in (EventBasis.LIST, EventBasis.FOOTPRINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which events; what is left out, all.

    `since`: impact began then (UTC) or later. `over`: closed or not. `upcoming`: planned and not begun. `service`,
    `region`: slugs; a cell of the tenant there was hit. `before`: older than the event that began then, of this id.
    """

    tracking_id: str = ""
    since: datetime | None = None
    kinds: tuple[str, ...] = ()
    over: bool | None = None
    upcoming: bool | None = None
    service: str = ""
    region: str = ""
    before: tuple[datetime, int] | None = None


EVERYTHING = Asked()


def events_of(
    tenant: Tenant, asked: Asked = EVERYTHING, *, most: int | None = None
) -> list[TenantEvent]:
    """What concerns the tenant, the newest first; `most` of it."""
    found: list[TenantEvent] = []
    while True:
        concerned, judged = _judged(tenant, asked, most)
        found += judged
        if most is None or len(concerned) < most or len(found) >= most:
            return found[:most]
        # Some of them are not to be seen, or not yet: as many again.
        asked = replace(asked, before=(concerned[-1].started_at, concerned[-1].pk))


def _judged(
    tenant: Tenant, asked: Asked, most: int | None
) -> tuple[list[Incident], list[TenantEvent]]:
    """The next of those that may concern the tenant, and of these what it may see."""
    before_at, before_id = asked.before or (None, None)
    facts = {
        "tenant": tenant.pk,
        "tracking_id": asked.tracking_id,
        "since": asked.since,
        "kinds": prepared_statements.array(asked.kinds),
        "over": asked.over,
        "upcoming": asked.upcoming,
        "service": asked.service,
        "region": asked.region,
        "before_at": before_at,
        "before_id": before_id,
        "most": most,
    }
    with prepared_statements.executed(_CONCERNED, facts) as cursor:
        concerned = [
            (rows.instance(Incident, row[:-_FLAGS]), row[-_FLAGS:]) for row in cursor.fetchall()
        ]
    incidents = [incident for incident, _ in concerned]
    if not concerned:
        return [], []
    # Nothing else can be public, and the gate costs the more the more are asked about.
    published = [incident.pk for incident in incidents if incident.published_at]
    public = set(
        Incident.objects.public().filter(pk__in=rows.among(published)).values_list("pk", flat=True)
    )
    found = []
    for incident, flags in concerned:
        basis = _basis(incident, *flags, public=incident.pk in public)
        if basis is None or ((asked.service or asked.region) and basis is EventBasis.NOT_HIT):
            continue
        found.append(TenantEvent(incident, basis, public=incident.pk in public))
    return incidents, found


def events_for(
    tenant: Tenant, asked: Asked = EVERYTHING, *, security: bool, most: int | None = None
) -> list[TenantEvent]:
    """`events_of`, for somebody who may or may not see what is about `security`."""
    if not security:
        kinds = asked.kinds or tuple(each.value for each in Kind)
        shown = tuple(each for each in kinds if each != Kind.SECURITY_ADVISORY)
        if not shown:
            return []
        asked = replace(asked, kinds=shown)
    return events_of(tenant, asked, most=most)


def _basis(
    incident: Incident,
    on_list: bool,
    has_list: bool,
    spoken: bool,
    told: bool,
    placed: bool,
    *,
    public: bool,
) -> EventBasis | None:
    targeted = (spoken or on_list) and not waits_for_audience(incident)
    if targeted and has_list and on_list:
        return EventBasis.LIST
    if targeted and spoken and not has_list:
        return EventBasis.FOOTPRINT
    if has_list and spoken and told:
        return EventBasis.NOT_HIT
    if public and (placed or spoken):
        return EventBasis.PUBLIC
    return EventBasis.TOLD if told else None


@dataclass(frozen=True, slots=True)
class ToldStatement:
    """A statement in the words that are for this reader; `targeted`: it was not for everybody."""

    communication: Communication
    text: str
    targeted: bool


def statements_of(event: TenantEvent, told: Collection[int] = ()) -> list[ToldStatement]:
    """What was said, the newest first. Whom a list left out reads what it was `told` (ids), and what is public."""
    return statements_by_incident([event], told).get(event.incident.pk, [])


def statements_by_incident(
    events: Sequence[TenantEvent], told: Collection[int]
) -> dict[int, list[ToldStatement]]:
    """`statements_of` many events."""
    rows = Communication.objects.filter(incident__in=[each.incident.pk for each in events])
    public = set(Communication.objects.public().filter(pk__in=rows).values_list("pk", flat=True))
    targeted = {each.incident.pk for each in events if each.targeted}
    found: dict[int, list[ToldStatement]] = {}
    for each in rows.order_by("-number"):
        of_it = found.setdefault(each.incident_id, [])
        if each.targeted_text and (each.incident_id in targeted or each.pk in told):
            of_it.append(ToldStatement(each, each.targeted_text, targeted=True))
        elif each.pk in public:
            of_it.append(ToldStatement(each, each.public_text, targeted=False))
    return found
