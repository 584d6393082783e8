"""The native body in the envelope of CloudEvents 1.0 (structured JSON). Pure."""

from __future__ import annotations

from typing import Any

from incidents.texts.timestamps import seconds
from notifications.channels.webhook.event import Event
from notifications.channels.webhook.formats import native

CONTENT_TYPE = "application/cloudevents+json"


def body(event: Event) -> dict[str, Any]:
    told = native.body(event)
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": event.base_url,
        "type": f"statuspage.{told['type']}.v{native.VERSION}",
        "subject": event.tracking_id,
        "time": seconds(event.at),
        "datacontenttype": "application/json",
        "dataschema": told["schema"],
        "data": told["data"],
    }
