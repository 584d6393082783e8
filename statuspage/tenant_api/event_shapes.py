"""Events in the shapes of Azure's `Microsoft.ResourceHealth/events` and of AWS Health's `describe_events`.

Names and words are those of the published schemas, so that what reads those maps one to one; what only we know is
in `concern`. Times are ISO 8601 in UTC. What has no counterpart here is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.conf import settings
from pydantic import BaseModel, Field

from incidents.models import Incident
from incidents.vocabulary import NOT_BEGUN, Kind, Level
from notifications.audience.tenants import tenant_events, tenant_hits
from notifications.audience.tenants.tenant_events import TenantEvent, ToldStatement
from notifications.audience.tenants.tenant_hits import OwnCell
from notifications.channels.webhook.formats.azure import LEVELS
from notifications.evidence import when_told
from notifications.evidence.when_told import FirstTold
from notifications.models import Tenant

EventType = Literal["ServiceIssue", "PlannedMaintenance", "HealthAdvisory", "SecurityAdvisory"]
Status = Literal["Active", "Resolved"]
Category = Literal["issue", "scheduledChange", "accountNotification"]
StatusCode = Literal["open", "upcoming", "closed"]
EVENT_TYPES: dict[str, EventType] = {
    Kind.SERVICE_ISSUE: "ServiceIssue",
    Kind.PLANNED_MAINTENANCE: "PlannedMaintenance",
    Kind.HEALTH_ADVISORY: "HealthAdvisory",
    Kind.SECURITY_ADVISORY: "SecurityAdvisory",
}
_CATEGORIES: dict[str, Category] = {
    Kind.SERVICE_ISSUE: "issue",
    Kind.PLANNED_MAINTENANCE: "scheduledChange",
    Kind.HEALTH_ADVISORY: "accountNotification",
    Kind.SECURITY_ADVISORY: "accountNotification",
}
_CODES = {"issue": "OPERATIONAL_ISSUE", "scheduledChange": "MAINTENANCE_SCHEDULED"}


class Update(BaseModel):
    summary: str = Field(description="Markdown, as it was said.")
    updateDateTime: datetime
    eventTags: list[str]


class ImpactedRegion(BaseModel):
    impactedRegion: str
    impactedRegionId: str = Field(description="Our slug.")
    status: Status
    impactedSubscriptions: list[str] = Field(
        description="At most a hundred; all are at …/impactedSubscriptions."
    )
    impactedSubscriptionCount: int
    impactStartTime: datetime
    impactMitigationTime: datetime | None
    lastUpdateTime: datetime
    updates: list[Update]


class Impact(BaseModel):
    impactedService: str
    impactedServiceGuid: str = Field(description="Our slug.")
    impactedRegions: list[ImpactedRegion]


class Concern(BaseModel):
    """How it concerns the tenant, which only we tell."""

    basis: str = Field(description="list, footprint, not-hit, public or told.")
    public: bool
    stage: str
    firstToldTime: datetime | None
    toldBy: list[str]


class Properties(BaseModel):
    eventType: EventType
    eventSource: Literal["ServiceHealth"] = "ServiceHealth"
    status: Status
    title: str
    summary: str = Field(description="The newest statement, Markdown.")
    header: str
    level: Literal["Critical", "Warning"]
    eventLevel: str = Field(description="Error, Warning or Informational.")
    isHIR: bool = False
    isEventSensitive: bool
    platformInitiated: bool = True
    impactStartTime: datetime
    impactMitigationTime: datetime | None
    lastUpdateTime: datetime
    impact: list[Impact]
    updates: list[Update]
    concern: Concern


class AzureEvent(BaseModel):
    id: str
    name: str = Field(description="The tracking ID.")
    type: Literal["Microsoft.ResourceHealth/events"] = "Microsoft.ResourceHealth/events"
    properties: Properties


class AwsEvent(BaseModel):
    arn: str
    service: str
    eventTypeCode: str
    eventTypeCategory: Category
    eventScopeCode: Literal["PUBLIC", "ACCOUNT_SPECIFIC"]
    region: str
    startTime: datetime
    endTime: datetime | None
    lastUpdatedTime: datetime
    statusCode: StatusCode


@dataclass(frozen=True, slots=True)
class Known:
    """All that is known of one event for a tenant."""

    event: TenantEvent
    cells: Sequence[OwnCell]
    statements: Sequence[ToldStatement]
    told: FirstTold | None

    @property
    def incident(self) -> Incident:
        return self.event.incident

    @property
    def updated_at(self) -> datetime:
        return self.statements[0].communication.at if self.statements else self.incident.started_at


def known(tenant: Tenant, events: Sequence[TenantEvent]) -> list[Known]:
    """A fixed number of questions, however many events."""
    pks = [each.incident.pk for each in events]
    cells = tenant_hits.cells_hit(tenant, events)
    told = when_told.statements_told(tenant, pks)
    statements = tenant_events.statements_by_incident(events, told)
    first = when_told.first_told(tenant, pks)
    return [
        Known(each, cells.get(pk, []), statements.get(pk, []), first.get(pk))
        for pk, each in zip(pks, events, strict=True)
    ]


def kinds_of(category: Category) -> tuple[str, ...]:
    return tuple(kind for kind, each in _CATEGORIES.items() if each == category)


def is_over(incident: Incident) -> bool:
    return incident.closed_at is not None


def as_azure(one: Known) -> AzureEvent:
    incident, updates = one.incident, [_update(each) for each in one.statements]
    start, end = _times(incident)
    return AzureEvent(
        id=f"/providers/Microsoft.ResourceHealth/events/{incident.tracking_id}",
        name=incident.tracking_id,
        properties=Properties(
            eventType=EVENT_TYPES[incident.kind],
            status=_status(is_over(incident)),
            title=incident.public_title,
            summary=updates[0].summary if updates else "",
            header=f"Your services may be affected by {incident.public_title}"
            if one.event.targeted
            else incident.public_title,
            level="Critical" if incident.level == Level.ERROR else "Warning",
            eventLevel=LEVELS[incident.level or ""],
            isEventSensitive=incident.kind == Kind.SECURITY_ADVISORY,
            impactStartTime=start,
            impactMitigationTime=end,
            lastUpdateTime=one.updated_at,
            impact=list(_impacts(one, updates)),
            updates=updates,
            concern=Concern(
                basis=one.event.basis.value,
                public=one.event.public,
                stage=incident.stage,
                firstToldTime=one.told.at if one.told else None,
                toldBy=list(one.told.ways) if one.told else [],
            ),
        ),
    )


def as_aws(one: Known) -> AwsEvent:
    incident = one.incident
    category = _CATEGORIES[incident.kind]
    service = _single({each.service_slug for each in one.cells}, "MULTIPLE_SERVICES")
    region = _single({each.region_slug for each in one.cells}, "global")
    shout = service.upper().replace("-", "_")
    code = f"{shout}_{_CODES.get(category, 'OPERATIONAL_NOTIFICATION')}"
    start, end = _times(incident)
    upcoming = incident.stage in NOT_BEGUN
    return AwsEvent(
        arn=f"arn:{_partition()}:health:{region}::event/{service}/{code}/{incident.tracking_id}",
        service=service,
        eventTypeCode=code,
        eventTypeCategory=category,
        eventScopeCode="PUBLIC" if not one.event.targeted else "ACCOUNT_SPECIFIC",
        region=region,
        startTime=start,
        endTime=end,
        lastUpdatedTime=one.updated_at,
        statusCode="closed" if is_over(incident) else "upcoming" if upcoming else "open",
    )


def _times(incident: Incident) -> tuple[datetime, datetime | None]:
    """When it begins and ends: of a maintenance the plan, while nothing else has happened."""
    if incident.kind == Kind.PLANNED_MAINTENANCE:
        start = incident.scheduled_for or incident.started_at
        return start, incident.mitigated_at or incident.scheduled_until
    return incident.started_at, incident.mitigated_at


def _impacts(one: Known, updates: list[Update]) -> Iterable[Impact]:
    by_service: dict[str, list[OwnCell]] = {}
    for cell in one.cells:
        by_service.setdefault(cell.service_slug, []).append(cell)
    for slug, cells in by_service.items():
        yield Impact(
            impactedService=cells[0].service,
            impactedServiceGuid=slug,
            impactedRegions=[
                ImpactedRegion(
                    impactedRegion=cell.region,
                    impactedRegionId=cell.region_slug,
                    status=_status(is_over(one.incident) or cell.ended_at is not None),
                    impactedSubscriptions=list(cell.subscriptions),
                    impactedSubscriptionCount=cell.count,
                    impactStartTime=cell.started_at,
                    impactMitigationTime=cell.ended_at,
                    lastUpdateTime=one.updated_at,
                    updates=updates[:1],  # all are once above, not once a cell
                )
                for cell in cells
            ],
        )


def _update(told: ToldStatement) -> Update:
    said = told.communication
    return Update(
        summary=told.text,
        updateDateTime=said.at,
        eventTags=[each for each in (said.kind, said.stage) if each],
    )


def _status(over: bool) -> Status:
    return "Resolved" if over else "Active"


def _single(found: set[str], many: str) -> str:
    return next(iter(found)) if len(found) == 1 else many


def _partition() -> str:
    """ARNs are told apart by provider."""
    return "".join(each for each in settings.SITE_NAME.lower() if each.isalnum()) or "statuspage"
