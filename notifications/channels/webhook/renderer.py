"""What a webhook says, in the format of its endpoint. Same facts as the mail, for machines.

A body is the same for everybody of one audience and format, so it is made once, and addressed and signed per endpoint.
What is public or not was decided before: a public delivery carries public text only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils import timezone

from notifications.channels import wording
from notifications.channels.base import Message
from notifications.channels.webhook.event import Event
from notifications.channels.webhook.formats.registry import WebhookFormat, format_of
from notifications.channels.webhook.reading import ReadStatement, event_of
from notifications.models import Delivery, Endpoint


class WebhookRenderer:
    """Makes each body once. Short-lived by intent, like the renderer of mails."""

    def __init__(self) -> None:
        self._statements: dict[int, ReadStatement] = {}
        self._bodies: dict[tuple[object, ...], tuple[Event, Mapping[str, Any]]] = {}

    def compose(self, delivery: Delivery) -> Message:
        """The message of a delivery, with the same id and body whenever it is repeated."""
        endpoint = delivery.endpoint
        chosen = format_of(endpoint.format)
        if delivery.digest_items:
            event = self._event(delivery)
            body = chosen.body(event)
        else:
            key = (
                chosen.offered.name,
                delivery.communication_id,
                delivery.audience,
                delivery.relevance,
                delivery.reason,
                delivery.last_of_hour,
                delivery.concern,
                endpoint.language,
                wording.is_late(delivery),
            )
            if key not in self._bodies:
                event = self._event(delivery)
                self._bodies[key] = event, chosen.body(event)
            event, body = self._bodies[key]
        return message(str(delivery.uuid), endpoint, chosen, event, body)

    def _event(self, delivery: Delivery) -> Event:
        event = event_of(delivery, self._statement(delivery))
        along = [event_of(each, self._statement(each)) for each in delivery.digest_items]
        return replace(event, told_along=tuple(along))

    def _statement(self, delivery: Delivery) -> ReadStatement:
        found = self._statements.get(delivery.communication_id)
        if found is None:
            found = self._statements[delivery.communication_id] = ReadStatement(
                delivery.communication
            )
        return found


def message(
    id: str, endpoint: Endpoint, chosen: WebhookFormat, event: Event, body: Mapping[str, Any]
) -> Message:
    request = chosen.request(event, body, endpoint.address)
    return Message(
        id=id,
        to=request.url,
        headers=request.headers,
        event=request.body,
        secrets=secrets_of(endpoint),
    )


def secrets_of(endpoint: Endpoint) -> tuple[str, ...]:
    """What signs for this endpoint now: its secret, and for a while the one before."""
    former = endpoint.former_secret
    if former and (endpoint.former_until or timezone.now()) > timezone.now():
        return endpoint.secret, former
    return (endpoint.secret,)
