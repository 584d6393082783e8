"""Opsgenie's Alert API: an alert by its alias, a note once it is mitigated, and its end. Pure.

While it goes on each statement creates the alert: Opsgenie counts up the one that is open by the same alias. What comes
once nobody has to be woken (mitigated, a review) is a note, and dropped where there is no such alert.
"""

from __future__ import annotations

from typing import Any

from notifications.channels.webhook.event import Event

HOST = "https://api.opsgenie.com"
ALERTS = "/v2/alerts"
PRIORITIES = {"error": "P1", "warning": "P2", "informational": "P4", "": "P5"}
LONGEST_MESSAGE, LONGEST_NOTE, LONGEST_ALIAS = 130, 25_000, 512
LONGEST_DESCRIPTION = 15_000
KEY = r"[0-9a-fA-F-]{36}"


def alias(event: Event) -> str:
    return f"{event.site_id}-{event.tracking_id}"


def path(event: Event) -> str:
    """Where the body goes, below the API's address."""
    if event.is_over:
        return f"/{alias(event)}/close?identifierType=alias"
    if event.is_mitigated or event.statement == "review":
        return f"/{alias(event)}/notes?identifierType=alias"
    return ""


def body(event: Event) -> dict[str, Any]:
    if path(event):
        note = f"{event.headline}\n\n{event.whole_text}"
        return {
            "user": event.site,
            "source": event.site,
            "note": event.fitted(note, LONGEST_NOTE),
        }
    own = event.own
    details = {
        "id": event.id,
        "stage": event.stage,
        "relevance": event.relevance,
        "subscriptions": ", ".join(one.name for one in own.named) if own else "",
        "url": event.url,
    }
    return {
        "message": event.headline[:LONGEST_MESSAGE],
        "alias": alias(event),
        "description": event.fitted(event.whole_text, LONGEST_DESCRIPTION),
        "details": {name: value for name, value in details.items() if value},
        "entity": ", ".join(cell.name for cell in event.cells[:5])[:512],
        "source": event.site,
        "tags": [event.kind, *(["drill"] if event.drill else [])],
        "priority": "P5" if event.drill else PRIORITIES[event.level],
    }
