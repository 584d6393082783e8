"""The body of Statuspage's incident webhook; ids are those of the product's own Statuspage files. Pure.

Field by field after Atlassian's published examples. One event a message: what a digest tells along stands
beneath the text, what was said before its receiver was told as older updates of the incident.
"""

from __future__ import annotations

from typing import Any

from incidents.identity import opaque
from incidents.status_mapping import (
    DESCRIPTIONS,
    IMPACT,
    IMPACTS,
    STAGE_ON_STATUSPAGE,
    UNDER_MAINTENANCE,
)
from incidents.texts.timestamps import millis
from incidents.vocabulary import Extent, Level, Stage
from notifications.channels.webhook.event import (
    LEVELS,
    Earlier,
    Event,
    NamedCell,
    state,
    state_before,
)

MOST_CELLS = 40


def body(event: Event) -> dict[str, Any]:
    """`page`'s status is the worst that this statement names: what others have open it cannot tell."""
    page_id = opaque("page", str(event.site_id))
    worst = [IMPACT[state(event, cell).component] for cell in event.cells]
    # A page is critical only where most of it is out, which one statement cannot know.
    now = max(
        (*("major" if one == "critical" else one for one in worst), "none"), key=IMPACTS.index
    )
    return {
        "meta": {
            "unsubscribe": f"{event.base_url}/service-health/",
            "documentation": f"{event.base_url}/status/",
            "generated_at": millis(event.at),
        },
        "page": {
            "id": page_id,
            "status_indicator": "maintenance" if _is_running(event) else now,
            "status_description": UNDER_MAINTENANCE if _is_running(event) else DESCRIPTIONS[now],
        },
        "incident": _incident(event, page_id),
    }


def _is_running(event: Event) -> bool:
    return event.is_maintenance and event.stage == Stage.IN_PROGRESS


def _incident(event: Event, page_id: str) -> dict[str, Any]:
    status = status_of(event)
    over = status in ("resolved", "postmortem", "completed")
    review = event.statement == "review"
    return {
        "id": opaque("incident", event.tracking_id),
        "name": event.title,
        "status": status,
        "impact": "maintenance" if event.is_maintenance else _worst(event),
        "impact_override": None,
        "backfilled": False,
        "created_at": millis(event.created_at),
        "updated_at": millis(event.at),
        "started_at": millis(event.started_at),
        "monitoring_at": millis(event.mitigated_at)
        if status in ("monitoring", "resolved")
        else None,
        "resolved_at": millis(event.at) if over else None,
        "shortlink": event.url or f"{event.base_url}/service-health/",
        "scheduled_for": millis(event.scheduled_for),
        "scheduled_until": millis(event.scheduled_until),
        "scheduled_remind_prior": False,
        "scheduled_reminded_at": None,
        "scheduled_auto_in_progress": False,
        "scheduled_auto_completed": False,
        "postmortem_body": event.sentence if review else None,
        "postmortem_body_last_updated_at": millis(event.at) if review else None,
        "postmortem_ignored": False,
        "postmortem_published_at": millis(event.at) if review else None,
        "postmortem_notified_subscribers": review,
        "postmortem_notified_twitter": False,
        "metadata": {},
        "reminder_intervals": None,
        "page_id": page_id,
        "incident_updates": [
            _update(event, status),
            *(_earlier(event, one) for one in reversed(event.earlier)),
        ],
        "components": [_component(event, cell, page_id) for cell in event.cells[:MOST_CELLS]],
    }


def status_of(event: Event) -> str:
    if event.statement == "review":
        return "postmortem"
    if event.is_over and not event.is_maintenance:
        return "resolved"
    return STAGE_ON_STATUSPAGE[event.stage]


def _worst(event: Event) -> str:
    """What it ever did to the cells that are named, or what its level alone says."""
    levels = {one.level for cell in event.cells for one in cell.windows} or {event.level}
    level = max(levels, key=LEVELS.index)
    wide = any(
        one.level == Level.ERROR and one.extent != Extent.SUBSET
        for cell in event.cells
        for one in cell.windows
    )
    return {"informational": "none", "warning": "minor", "error": "critical" if wide else "major"}[
        level
    ]


def _update(event: Event, status: str) -> dict[str, Any]:
    at = millis(event.at)
    return {
        "id": opaque("update", event.tracking_id, str(event.number)),
        "incident_id": opaque("incident", event.tracking_id),
        "status": status,
        "body": event.told_text,
        "created_at": at,
        "updated_at": at,
        "display_at": at,
        "affected_components": [
            {
                "code": cell.component_id,
                "name": cell.name,
                "old_status": state_before(event, cell).component,
                "new_status": state(event, cell).component,
            }
            for cell in event.cells[:MOST_CELLS]
        ]
        or None,
        "deliver_notifications": True,
        "wants_twitter_update": False,
        "twitter_updated_at": None,
        "custom_tweet": None,
        "tweet_id": None,
    }


def _earlier(event: Event, one: Earlier) -> dict[str, Any]:
    """Which components it named then is not told: they stand as they are now."""
    at = millis(one.at)
    return _update(event, STAGE_ON_STATUSPAGE[one.stage]) | {
        "id": opaque("update", event.tracking_id, str(one.number)),
        "body": one.text,
        "created_at": at,
        "updated_at": at,
        "display_at": at,
        "affected_components": None,
    }


def _component(event: Event, cell: NamedCell, page_id: str) -> dict[str, Any]:
    return {
        "id": cell.component_id,
        "name": cell.name,
        "status": state(event, cell).component,
        "page_id": page_id,
        "group_id": None,
        "position": 1,
        "description": None,
        "showcase": False,
        "created_at": millis(event.created_at),
        "updated_at": millis(event.at),
    }
