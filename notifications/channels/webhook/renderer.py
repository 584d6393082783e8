"""What a webhook says: the native body, version 1. Same facts as the letter, for machines.

A body is the same for everybody of one audience, so it is made once and signed per endpoint. What is
public or not was decided before: a public delivery carries public text only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from incidents.models import Incident
from notifications.channels.base import Message
from notifications.lifecycle import Audience, Relevance
from notifications.models import Delivery, Endpoint
from notifications.models.concern import Pair

VERSION = 1
# A body stays well below the 20 kB that receivers may count on.
MOST_CELLS = 100
LONGEST_TEXT = 6000
MOST_BYTES = 16_000
MOST_OWN = 10  # cells of one subscription


class WebhookRenderer:
    """Makes each body once. Short-lived by intent, like the press of letters."""

    def __init__(self) -> None:
        self._bodies: dict[tuple[object, ...], bytes] = {}

    def compose(self, delivery: Delivery) -> Message:
        """The message of a delivery, with the same id and body whenever it is repeated."""
        endpoint = delivery.endpoint
        if delivery.digest_items:
            body = _digest(delivery)
        else:
            key = (
                delivery.communication_id,
                delivery.audience,
                delivery.relevance,
                delivery.reason,
                delivery.last_of_hour,
                delivery.concern,
            )
            if key not in self._bodies:
                self._bodies[key] = _bytes(_event(delivery, limit=delivery.last_of_hour))
            body = self._bodies[key]
        return Message(
            id=str(delivery.uuid),
            to=endpoint.address,
            event=body,
            secrets=secrets_of(endpoint),
        )


def secrets_of(endpoint: Endpoint) -> tuple[str, ...]:
    """What signs for this endpoint now: its secret, and for a while the one before."""
    former = endpoint.former_secret
    if former and (endpoint.former_until or timezone.now()) > timezone.now():
        return endpoint.secret, former
    return (endpoint.secret,)


def _digest(delivery: Delivery) -> bytes:
    """Several events at once, the oldest first; each has the id that it would have had alone.

    When they grow too long, texts and cells of the oldest are left out, which `complete` says.
    """
    told = [*delivery.digest_items, delivery]
    events: list[dict[str, Any]] = [
        {"id": str(each.uuid), "complete": True} | _event(each, most_cells=MOST_CELLS // 4)
        for each in told
    ]
    length = 0
    for event in reversed(events):
        length += len(_bytes(event))
        if length > MOST_BYTES:
            event["complete"] = False
            event["data"] |= {"text": "", "cells": [], "all_cells_named": False}
    return _bytes(
        {
            "type": "digest",
            "timestamp": utc(delivery.communication.at),
            "data": {
                "version": VERSION,
                "limit_per_hour": settings.HOURLY_LIMIT,
                "update_interval_seconds": settings.UPDATE_INTERVAL,
                "events": events,
            },
        }
    )


def _bytes(content: dict[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _event(
    delivery: Delivery, *, limit: bool = False, most_cells: int = MOST_CELLS
) -> dict[str, Any]:
    communication, incident = delivery.communication, delivery.communication.incident
    public = delivery.audience == Audience.PUBLIC
    unaffected = delivery.relevance == Relevance.NOT_IMPACTED
    text = communication.public_text if public else communication.targeted_text
    cells = communication.scope.select_related("service", "region").order_by(
        "service__position", "region__position"
    )
    slugs = {
        (cell.service_id, cell.region_id): {
            "service": cell.service.slug,
            "region": cell.region.slug,
        }
        for cell in cells
    }
    named = list(slugs.values())[:most_cells]
    is_public = Incident.objects.public().filter(pk=incident.pk).exists()
    return {
        "type": f"incident.{communication.kind}",
        "timestamp": utc(communication.at),
        "data": {
            "version": VERSION,
            "drill": incident.drill,
            "limit_reached": limit,
            "audience": delivery.audience,
            "relevance": delivery.relevance,
            "reason": delivery.reason,
            "tracking_id": incident.tracking_id,
            "kind": incident.kind,
            "title": incident.public_title,
            "stage": communication.stage,
            "number": communication.number,
            "level": None if incident.kind == "planned-maintenance" else incident.level,
            "text": "" if unaffected else text[:LONGEST_TEXT],
            "text_complete": unaffected or len(text) <= LONGEST_TEXT,
            "concern": None if unaffected else _concern(delivery, slugs),
            "language": communication.language,
            "cells": named,
            "all_cells_named": len(named) == len(slugs),
            "started_at": utc(incident.started_at),
            "mitigated_at": utc(incident.mitigated_at),
            "scheduled_for": utc(incident.scheduled_for),
            "scheduled_until": utc(incident.scheduled_until),
            "next_update_by": utc(communication.next_update_by),
            "url": (
                f"{settings.BASE_URL}/status/history/{incident.tracking_id}/" if is_public else None
            ),
        },
    }


def _concern(delivery: Delivery, slugs: Mapping[Pair, Mapping[str, str]]) -> dict[str, Any] | None:
    """What of the receiver's it touches; null where nothing is known of theirs, as of public readers."""
    concern = delivery.concern
    if concern is None or not concern.hit:
        return None
    return {
        "tenants": list(concern.tenants),
        "confirmed": delivery.relevance == Relevance.IMPACTED,
        "subscriptions": concern.subscriptions,
        "subscriptions_concerned": concern.hit,
        "named": [
            {
                "name": hit.name,
                "cells": [slugs[pair] for pair in hit.cells if pair in slugs][:MOST_OWN],
            }
            for hit in concern.hits
        ],
    }


def utc(at: datetime | None) -> str | None:
    """A moment as bodies state it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
