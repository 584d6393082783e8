"""The native body; `native.schema.json` describes it and is published. Pure.

A body stays below what receivers may count on: where it would grow longer, cells that are not the receiver's
are left out first, then the end of the text, and the body says so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from incidents.texts.timestamps import seconds
from notifications.channels.webhook.event import Event, NamedCell, state

VERSION = 1
SCHEMA = Path(__file__).with_name("native.schema.json")
PATH = "/webhooks/native.schema.json"
MOST_BYTES = 18_000
STEPS = ((100, 6000), (50, 6000), (25, 4000), (12, 3000), (6, 2000), (3, 1000))  # cells, characters
MOST_EARLIER = 10  # statements
MOST_OWN = 20  # cells of one subscription


def schema(base_url: str) -> bytes:
    """The JSON Schema with its own address in it."""
    content = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return json.dumps({"$id": base_url + PATH} | content, indent=2, ensure_ascii=False).encode()


def body(event: Event) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for cells, characters in STEPS:
        made = _body(event, cells, characters)
        if len(json.dumps(made, ensure_ascii=False).encode()) <= MOST_BYTES:
            break
    return made


def _body(event: Event, cells: int, characters: int) -> dict[str, Any]:
    share = 1 + len(event.told_along)
    of_earlier = characters // (1 + min(len(event.earlier), MOST_EARLIER))
    made: dict[str, Any] = {
        "type": "test" if event.is_test else f"incident.{event.statement}",
        "timestamp": seconds(event.at),
        "schema": event.base_url + PATH,
        "data": _data(event, max(1, cells // share), characters // share),
    }
    if event.told_along:
        made["data"]["told_along"] = [
            _data(each, max(1, cells // share), characters // share) for each in event.told_along
        ]
    if event.earlier:
        made["data"]["earlier_total"] = len(event.earlier)
        made["data"]["earlier"] = [
            {
                "number": one.number,
                "stage": one.stage,
                "at": seconds(one.at),
                "text": one.text[:of_earlier],
                "text_complete": len(one.text) <= of_earlier,
            }
            for one in event.earlier[-MOST_EARLIER:]
        ]
    return made


def _data(event: Event, cells: int, characters: int) -> dict[str, Any]:
    return {
        "version": VERSION,
        "id": event.id,
        "tracking_id": event.tracking_id,
        "number": event.number,
        "kind": event.kind,
        "statement": event.statement,
        "title": event.title,
        "stage": event.stage,
        "previous_stage": event.previous_stage or None,
        "level": event.level or None,
        "over": event.is_over,
        "drill": event.drill,
        "audience": event.audience,
        "relevance": event.relevance,
        "reason": event.reason,
        "language": event.language,
        "text": event.sentence[:characters],
        "text_complete": len(event.sentence) <= characters,
        "started_at": seconds(event.started_at),
        "mitigated_at": seconds(event.mitigated_at),
        "scheduled_for": seconds(event.scheduled_for),
        "scheduled_until": seconds(event.scheduled_until),
        "next_update_by": seconds(event.next_update_by),
        "url": event.url or None,
        "limit_reached": event.limit_reached,
        "cells": [_cell(event, cell) for cell in event.cells[:cells]],
        "cells_total": len(event.cells),
        "yours": _yours(event),
    }


def _cell(event: Event, cell: NamedCell) -> dict[str, Any]:
    return {
        "service": {"id": cell.service, "name": cell.service_name},
        "region": {"id": cell.region, "name": cell.region_name},
        "component_id": cell.component_id,
        "status": state(event, cell).component,
        "yours": cell.own,
        "windows": [
            {
                "level": one.level,
                "extent": one.extent,
                "zones": list(one.zones),
                "started_at": seconds(one.started_at),
                "ended_at": seconds(one.ended_at),
            }
            for one in cell.windows
        ],
    }


def _yours(event: Event) -> dict[str, Any] | None:
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
