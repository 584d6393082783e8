"""PagerDuty Events API v2: an alert that is triggered, acknowledged once mitigated, and resolved. Pure.

One alert an incident, by its `dedup_key`. What nobody has to be woken for (planned maintenance, reviews) is a change
event instead: triggered with the same key after the end, it would open another alert.
"""

from __future__ import annotations

from typing import Any

from incidents.texts.timestamps import seconds
from notifications.channels.webhook.event import Event

HOST = "https://events.pagerduty.com"
ALERT, CHANGE = "/v2/enqueue", "/v2/change/enqueue"
SEVERITIES = {"error": "critical", "warning": "warning", "informational": "info", "": "info"}
LONGEST_SUMMARY = 1024
LONGEST_DETAIL = 20_000  # characters, an event may have 512 KB
MOST_EARLIER = 10
KEY = r"[A-Za-z0-9]{32}"


def is_change(event: Event) -> bool:
    return event.is_maintenance or event.statement == "review"


def body(event: Event) -> dict[str, Any]:
    """Without the routing key, which is each receiver's own."""
    links: dict[str, Any] = {}
    if event.url:
        links = {"links": [{"href": event.url, "text": event.tracking_id}]}
    if is_change(event):
        return {
            "payload": {
                "summary": event.headline[:LONGEST_SUMMARY],
                "timestamp": seconds(event.at),
                "source": event.site,
                "custom_details": _details(event),
            },
            **links,
        }
    return {
        "event_action": action(event),
        "dedup_key": f"{event.site_id}/{event.tracking_id}",
        "payload": {
            "summary": event.headline[:LONGEST_SUMMARY],
            "timestamp": seconds(event.at),
            "source": event.site,
            "severity": "info" if event.drill else SEVERITIES[event.level],
            "component": ", ".join(dict.fromkeys(c.service_name for c in event.cells[:5])),
            "group": ", ".join(dict.fromkeys(c.region_name for c in event.cells[:5])),
            "class": event.kind,
            "custom_details": _details(event),
        },
        **links,
        "client": event.site,
        "client_url": event.url or f"{event.base_url}/service-health/",
    }


def action(event: Event) -> str:
    if event.is_over:
        return "resolve"
    return "acknowledge" if event.is_mitigated else "trigger"


def _details(event: Event) -> dict[str, Any]:
    own = event.own
    return {
        "id": event.id,
        "stage": event.stage,
        "relevance": event.relevance,
        "text": event.fitted(event.told_text, LONGEST_DETAIL),
        "next_update_by": seconds(event.next_update_by),
        "cells": [cell.name for cell in event.cells[:50]],
        "subscriptions": [one.name for one in own.named] if own else [],
        **({"earlier": _earlier(event)} if event.earlier else {}),
    }


def _earlier(event: Event) -> dict[str, str]:
    """By when and in which stage it was said, the newest last; the oldest are counted where there are many."""
    left = len(event.earlier) - MOST_EARLIER
    older = {"…": f"{left}: {event.page}"} if left > 0 else {}
    return older | {
        f"{one.number}. {one.heading}": event.fitted(one.text, LONGEST_DETAIL)
        for one in event.earlier[-MOST_EARLIER:]
    }
