"""What a webhook says: the native body, version 1. Same facts as the letter, for machines.

A body is the same for everybody of one audience, so it is made once and signed per endpoint. What is
public or not was decided before: a public delivery carries public text only.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from django.conf import settings
from django.utils import timezone

from incidents.models import Incident
from notifications.lifecycle import Audience, Relevance
from notifications.models import Delivery
from notifications.transports.base import Message

VERSION = 1
# A body stays well below the 20 kB that receivers may count on.
MOST_CELLS = 100
LONGEST_TEXT = 6000


class EventPress:
    """Makes each body once. Short-lived by intent, like the press of letters."""

    def __init__(self) -> None:
        self._bodies: dict[tuple[object, ...], bytes] = {}

    def compose(self, delivery: Delivery) -> Message:
        """The message of a delivery, with the same id and body whenever it is repeated."""
        endpoint = delivery.endpoint
        key = (
            delivery.communication_id,
            delivery.audience,
            delivery.relevance,
            delivery.reason,
        )
        if key not in self._bodies:
            self._bodies[key] = _body(delivery)
        keys = [endpoint.secret]
        if endpoint.former_secret and (endpoint.former_until or timezone.now()) > timezone.now():
            keys.append(endpoint.former_secret)
        return Message(
            id=str(delivery.uuid),
            to=endpoint.address,
            event=self._bodies[key],
            secrets=tuple(keys),
        )


def _body(delivery: Delivery) -> bytes:
    communication, incident = delivery.communication, delivery.communication.incident
    public = delivery.audience == Audience.PUBLIC
    unaffected = delivery.relevance == Relevance.NOT_IMPACTED
    text = communication.public_text if public else communication.targeted_text
    cells = communication.scope.select_related("service", "region").order_by(
        "service__position", "region__position"
    )
    named = [
        {"service": cell.service.slug, "region": cell.region.slug} for cell in cells[:MOST_CELLS]
    ]
    is_public = Incident.objects.public().filter(pk=incident.pk).exists()
    content = {
        "type": f"incident.{communication.kind}",
        "timestamp": _utc(communication.at),
        "data": {
            "version": VERSION,
            "audience": delivery.audience,
            "relevance": delivery.relevance,
            "reason": delivery.reason,
            "tracking_id": incident.tracking_id,
            "kind": incident.kind,
            "title": incident.public_title,
            "stage": communication.stage,
            "number": communication.number,
            "text": "" if unaffected else text[:LONGEST_TEXT],
            "language": communication.language,
            "cells": named,
            "all_cells_named": len(named) == cells.count(),
            "started_at": _utc(incident.started_at),
            "mitigated_at": _utc(incident.mitigated_at),
            "scheduled_for": _utc(incident.scheduled_for),
            "scheduled_until": _utc(incident.scheduled_until),
            "next_update_by": _utc(communication.next_update_by),
            "url": (
                f"{settings.BASE_URL}/status/history/{incident.tracking_id}/" if is_public else None
            ),
        },
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _utc(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
