"""The native body, version 1. Pure."""

from __future__ import annotations

import json
from typing import Any

from incidents.texts.timestamps import seconds
from notifications.channels.webhook.event import Event

VERSION = 1
# A body stays well below the 20 kB that receivers may count on.
MOST_CELLS = 100
LONGEST_TEXT = 6000
MOST_EARLIER, LONGEST_EARLIER = 5, 2000  # statements, characters of all of them
MOST_BYTES = 16_000
MOST_OWN = 10  # cells of one subscription


def body(event: Event) -> dict[str, Any]:
    return _digest(event) if event.told_along else _single(event, MOST_CELLS)


def _single(event: Event, most_cells: int) -> dict[str, Any]:
    return {
        "type": "test" if event.is_test else f"incident.{event.statement}",
        "timestamp": seconds(event.at),
        "data": {
            "version": VERSION,
            "drill": event.drill,
            "limit_reached": event.limit_reached,
            "audience": event.audience,
            "relevance": event.relevance,
            "reason": event.reason,
            "tracking_id": event.tracking_id,
            "kind": event.kind,
            "title": event.title,
            "stage": event.stage,
            "number": event.number,
            "level": event.level or None,
            "text": event.text[:LONGEST_TEXT],
            "text_complete": len(event.text) <= LONGEST_TEXT,
            **({"earlier": _earlier(event)} if event.earlier else {}),
            "concern": _concern(event),
            "language": event.language,
            "cells": [
                {"service": cell.service, "region": cell.region}
                for cell in event.cells[:most_cells]
            ],
            "all_cells_named": len(event.cells) <= most_cells,
            "started_at": seconds(event.started_at),
            "mitigated_at": seconds(event.mitigated_at),
            "scheduled_for": seconds(event.scheduled_for),
            "scheduled_until": seconds(event.scheduled_until),
            "next_update_by": seconds(event.next_update_by),
            "url": event.url or None,
        },
    }


def _earlier(event: Event) -> list[dict[str, Any]]:
    """What others had heard before its receiver was told of the incident, the oldest first."""
    characters = LONGEST_EARLIER // len(event.earlier[-MOST_EARLIER:])
    return [
        {
            "number": one.number,
            "stage": one.stage,
            "at": seconds(one.at),
            "text": one.text[:characters],
            "text_complete": len(one.text) <= characters,
        }
        for one in event.earlier[-MOST_EARLIER:]
    ]


def _concern(event: Event) -> dict[str, Any] | None:
    """What of the receiver's it touches; null where nothing is known of theirs, as of public readers."""
    if (own := event.own) is None:
        return None
    return {
        "tenants": list(own.tenants),
        "confirmed": own.confirmed,
        "subscriptions": own.subscriptions,
        "subscriptions_concerned": own.concerned,
        "named": [
            {
                "name": one.name,
                "cells": [
                    {"service": service, "region": region}
                    for service, region in one.cells[:MOST_OWN]
                ],
            }
            for one in own.named
        ],
    }


def _digest(event: Event) -> dict[str, Any]:
    """Several events at once, the oldest first; each has the id that it would have had alone.

    When they grow too long, texts and cells of the oldest are left out, which `complete` says.
    """
    told: list[dict[str, Any]] = [
        {"id": each.identifier, "complete": True} | _single(each, MOST_CELLS // 4)
        for each in (*event.told_along, event)
    ]
    for each in told:
        each["data"]["limit_reached"] = False
    length = 0
    for each in reversed(told):
        length += len(json.dumps(each, ensure_ascii=False).encode())
        if length > MOST_BYTES:
            each["complete"] = False
            each["data"] |= {"text": "", "cells": [], "all_cells_named": False}
    return {
        "type": "digest",
        "timestamp": seconds(event.at),
        "data": {
            "version": VERSION,
            "limit_per_hour": event.limit_per_hour,
            "update_interval_seconds": event.update_interval,
            "events": told,
        },
    }
