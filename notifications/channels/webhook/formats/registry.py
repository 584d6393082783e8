"""The registry of webhooks' formats: how a body is written, and how it is posted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from notifications.channels.base import Format
from notifications.channels.webhook.event import Event
from notifications.channels.webhook.formats import (
    azure,
    cloudevents,
    native,
    opsgenie,
    pagerduty,
    statuspage,
)
from notifications.vocabulary.addresses import AddressError, parts_of

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Request:
    """What is posted for one receiver."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(_: Event, body: Mapping[str, Any], address: str) -> Request:
    return Request(address, as_json(body))


@dataclass(frozen=True, slots=True)
class WebhookFormat:
    """`body`: pure, the same for everybody who is told the same. `request`: that body to one address."""

    offered: Format
    body: Callable[[Event], Mapping[str, Any]]
    request: Callable[[Event, Mapping[str, Any], str], Request] = _plain


def _cloudevent(_: Event, body: Mapping[str, Any], address: str) -> Request:
    return Request(address, as_json(body), {"Content-Type": cloudevents.CONTENT_TYPE})


# Keys of services that receive at one address for all of their customers stand in the address' query, so that an
# address is one receiver's and a secret as a whole, as every web address is. Before posting they are taken out of it.
def _keyed(default: str, key: str, name: str, what: str) -> Callable[[str], str]:
    def address(typed: str) -> str:
        typed = typed.strip()
        if re.fullmatch(key, typed):
            return f"{default}?{name}={typed}"
        found = parse_qs(parts_of(typed).query).get(name, [])
        if len(found) != 1 or not re.fullmatch(key, found[0]):
            raise AddressError(f"has no {what}; type the key alone, or {default}?{name}=KEY.")
        return typed

    return address


def _split(address: str, name: str) -> tuple[str, str]:
    """(the address without its query, the key)."""
    base, _, query = address.partition("?")
    return base, parse_qs(query)[name][0]


def _to_pagerduty(event: Event, body: Mapping[str, Any], address: str) -> Request:
    base, key = _split(address, "routing_key")
    if pagerduty.is_change(event):
        base = base.removesuffix(pagerduty.ALERT) + pagerduty.CHANGE
    return Request(base, as_json({"routing_key": key, **body}))


def _to_opsgenie(event: Event, body: Mapping[str, Any], address: str) -> Request:
    base, key = _split(address, "api_key")
    return Request(base + opsgenie.path(event), as_json(body), {"Authorization": f"GenieKey {key}"})


FORMATS: Sequence[WebhookFormat] = (
    WebhookFormat(Format("native", "Native (JSON Schema published)"), native.body),
    WebhookFormat(Format("cloudevents", "CloudEvents 1.0"), cloudevents.body, _cloudevent),
    WebhookFormat(Format("azure-activity-log", "Azure activity log alert"), azure.classic),
    WebhookFormat(Format("azure-common", "Azure common alert schema"), azure.common),
    WebhookFormat(Format("statuspage", "Statuspage"), statuspage.body),
    WebhookFormat(
        Format(
            "pagerduty",
            "PagerDuty Events API v2",
            _keyed(
                pagerduty.HOST + pagerduty.ALERT, pagerduty.KEY, "routing_key", "integration key"
            ),
        ),
        pagerduty.body,
        _to_pagerduty,
    ),
    WebhookFormat(
        Format(
            "opsgenie",
            "Opsgenie",
            _keyed(opsgenie.HOST + opsgenie.ALERTS, opsgenie.KEY, "api_key", "API key"),
        ),
        opsgenie.body,
        _to_opsgenie,
    ),
)
BY_NAME: Mapping[str, WebhookFormat] = {each.offered.name: each for each in FORMATS}


def format_of(name: str) -> WebhookFormat:
    """The format that an endpoint keeps; the first where it keeps none."""
    return BY_NAME[name] if name else FORMATS[0]
