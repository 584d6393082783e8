"""Alerts as Azure Service Health sends them: the activity log's own schema, and the common alert schema. Pure.

Fields and words after Microsoft's published schema of Service Health's activity log alerts; numbers are strings there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from incidents.texts.markdown import to_html
from incidents.texts.timestamps import seconds
from notifications.channels.webhook.event import Event

INCIDENT_TYPES = {
    "service-issue": "Incident",
    "planned-maintenance": "Maintenance",
    "health-advisory": "Informational",
    "security-advisory": "Security",
}
LEVELS = {
    "error": "Error",
    "warning": "Warning",
    "informational": "Informational",
    "": "Informational",
}
SEVERITIES = {"error": "Sev1", "warning": "Sev2", "informational": "Sev4", "": "Sev4"}
# The numbers of the levels in the common schema's copy of the event.
LEVEL_NUMBERS = {"error": 2, "warning": 3, "informational": 4, "": 4}
MAINTENANCE_STAGES = {
    "planned": "Planned",
    "rescheduled": "Rescheduled",
    "in-progress": "InProgress",
    "complete": "Complete",
    "cancelled": "Canceled",
}
PROPERTIES_VERSION = "0.1.1"
MOST_CELLS = 100


def classic(event: Event) -> dict[str, Any]:
    return {
        "schemaId": "Microsoft.Insights/activityLogs",
        "data": {
            "status": "Activated",
            "context": {
                "activityLog": {
                    "channels": "Admin",
                    "eventSource": "ServiceHealth",
                    "level": LEVELS[event.level],
                    **_record(event),
                }
            },
            "properties": {},
        },
    }


def common(event: Event) -> dict[str, Any]:
    fired = seconds(event.at)
    return {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {
            "essentials": {
                "alertId": f"{event.base_url}/alerts/{event.incident_uuid}",
                "alertRule": event.site,
                "severity": SEVERITIES[event.level],
                "signalType": "Activity Log",
                "monitorCondition": "Resolved" if event.is_over else "Fired",
                "monitoringService": "ServiceHealth",
                "alertTargetIDs": [f"/subscriptions/{_subscription(event)}"],
                "originAlertId": str(event.incident_uuid),
                "firedDateTime": fired,
                "resolvedDateTime": fired if event.is_over else None,
                "description": event.headline,
                "essentialsVersion": "1.0",
                "alertContextVersion": "1.0",
            },
            "alertContext": {
                "authorization": None,
                "channels": 1,
                "claims": None,
                "caller": None,
                "eventSource": 2,
                "httpRequest": None,
                "level": LEVEL_NUMBERS[event.level],
                "subStatus": None,
                "ResourceType": None,
                **_record(event),
            },
        },
    }


def _record(event: Event) -> dict[str, Any]:
    incident_type = INCIDENT_TYPES[event.kind]
    return {
        "correlationId": str(event.incident_uuid),
        "eventDataId": str(event.uuid),
        "eventTimestamp": seconds(event.at),
        "operationName": f"Microsoft.ServiceHealth/{incident_type.lower()}/action",
        "operationId": str(event.uuid),
        "properties": properties(event),
        "status": "Resolved" if event.is_over else "Active",
        "subscriptionId": _subscription(event),
        "submissionTimestamp": seconds(event.at),
    }


def _subscription(event: Event) -> str:
    """The receiver's, by name; the site's own where none of theirs is known."""
    return event.own.named[0].name if event.own and event.own.named else event.site


def properties(event: Event) -> Mapping[str, Any]:
    services = list(dict.fromkeys(cell.service_name for cell in event.cells))
    regions = list(dict.fromkeys(cell.region_name for cell in event.cells))
    text = to_html(event.whole_text)  # Markdown here, HTML there
    impacted: list[dict[str, Any]] = [
        {
            "ServiceName": service,
            "ServiceGuid": event.cells_of(service)[0].service,
            "ImpactedRegions": [
                {"RegionId": cell.region, "RegionName": cell.region_name}
                for cell in event.cells_of(service)[:MOST_CELLS]
            ],
        }
        for service in services
    ]
    end = event.scheduled_until if event.is_maintenance else event.mitigated_at
    start = (event.scheduled_for if event.is_maintenance else None) or event.started_at
    return {
        "title": event.title,
        "service": ", ".join(services),
        "region": ", ".join(regions),
        "communication": text,
        "incidentType": INCIDENT_TYPES[event.kind],
        "trackingId": event.tracking_id,
        "impactStartTime": seconds(start),
        **({"impactMitigationTime": seconds(end)} if end else {}),
        # JSON in a string, as theirs is.
        "impactedServices": json.dumps(impacted, ensure_ascii=False),
        "impactedServicesTableRows": "".join(
            f"<tr><td>{escape(one['ServiceName'])}</td>"
            f"<td>{escape(', '.join(each['RegionName'] for each in one['ImpactedRegions']))}</td></tr>"
            for one in impacted
        ),
        "defaultLanguageTitle": event.title,
        "defaultLanguageContent": text,
        "stage": _stage(event),
        "communicationId": event.id,
        **({"maintenanceId": event.tracking_id} if event.is_maintenance else {}),
        "isHIR": "false",
        "IsSynthetic": "True" if event.drill else "False",
        "impactType": "SubscriptionList",
        "version": PROPERTIES_VERSION,
    }


def _stage(event: Event) -> str:
    """Active until it is over; a review is an RCA there."""
    if event.statement == "review":
        return "RCA"
    if event.is_maintenance:
        return MAINTENANCE_STAGES[event.stage]
    return "Resolved" if event.is_over else "Active"
