"""Payloads of monitors and of other status pages as signals.

Sources of the shapes: Alertmanager's webhook (version 4), Grafana's contact point of that shape,
CloudEvents 1.0 in structured and batched mode (what comes in binary mode the API puts into one piece),
Datadog's webhook variables, PagerDuty's V3 webhooks, and Statuspage's webhook notifications.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from incidents.alerts.signal import (
    KEY_LENGTH,
    AlertFormatError,
    Signal,
    clean,
    labels_of,
    moment,
)

MOST_SIGNALS = 20_000
OVER = frozenset(
    {"resolved", "ok", "closed", "recovered", "normal", "success", "postmortem", "completed", "operational"}
)  # fmt: skip


def read_alerts(format_name: str, payload: object) -> list[Signal]:
    """The signals of a payload, in its order. Raises AlertFormatError."""
    found = list(FORMATS[format_name](payload))
    if not found:
        raise AlertFormatError("body: holds no alert; send at least one")
    if len(found) > MOST_SIGNALS:
        raise AlertFormatError(f"body: holds {len(found)} alerts; send {MOST_SIGNALS} at most")
    return found


def _alertmanager(payload: object) -> Iterator[Signal]:
    body = _object(payload, "body")
    for index, each in enumerate(_list(body.get("alerts"), "alerts")):
        alert = _object(each, f"alerts[{index}]")
        labels = labels_of(body.get("commonLabels"), alert.get("labels"))
        notes = labels_of(alert.get("annotations"))
        firing = clean(alert.get("status")).lower() != "resolved"
        yield Signal(
            key=_key(alert.get("fingerprint"), labels),
            firing=firing,
            labels=labels,
            title=notes.get("summary") or notes.get("description") or labels.get("alertname", ""),
            at=moment(alert.get("startsAt" if firing else "endsAt")),
        )


def _plain(payload: object) -> Iterator[Signal]:
    """`{"key", "status", "labels", "title", "at"}`, several in a list or in `alerts`."""
    if isinstance(payload, dict) and "alerts" in payload:
        payload = payload["alerts"]
    for index, each in enumerate(payload if isinstance(payload, list) else [payload]):
        alert = _object(each, f"[{index}]")
        labels = labels_of(
            {name: value for name, value in alert.items() if name not in ("key", "title", "at")},
            alert.get("labels"),
        )
        status = labels.pop("status", "firing").lower()
        yield Signal(
            key=_key(alert.get("key"), labels),
            firing=status not in OVER,
            labels=labels,
            title=clean(alert.get("title")),
            at=moment(alert.get("at")),
        )


def _cloudevents(payload: object) -> Iterator[Signal]:
    for index, each in enumerate(payload if isinstance(payload, list) else [payload]):
        event = _object(each, f"[{index}]")
        if not str(event.get("specversion", "")).startswith("1."):
            shown = clean(event.get("specversion"), 40)
            raise AlertFormatError(f"[{index}].specversion: {shown!r} is not known; send 1.0")
        data = event.get("data")
        inner = data.get("labels") if isinstance(data, dict) else None
        labels = labels_of({"type": event.get("type"), "source": event.get("source"),
                            "subject": event.get("subject")}, data, inner)  # fmt: skip
        status = labels.get("status") or labels.get("type", "").rpartition(".")[2]
        key = data.get("key") if isinstance(data, dict) else None
        yield Signal(
            key=_key(key or event.get("subject") or event.get("id"), labels),
            firing=status.lower() not in OVER,
            labels=labels,
            title=labels.get("title", ""),
            at=moment(event.get("time")),
        )


def _datadog(payload: object) -> Iterator[Signal]:
    body = _object(payload, "body")
    tags = body.get("tags")
    words = tags.split(",") if isinstance(tags, str) else tags if isinstance(tags, list) else []
    tagged = {
        name: value
        for name, colon, value in (clean(each).partition(":") for each in words)
        if colon
    }
    labels = labels_of({k: v for k, v in body.items() if k != "tags"}, tagged)
    transition = labels.get(
        "alert_transition", labels.get("event_type", labels.get("alert_type", ""))
    )
    kind = labels.get("alert_type", "")
    labels.setdefault("severity", "warning" if "warn" in transition.lower() else kind or "error")
    key = labels.get("alert_cycle_key") or labels.get("aggreg_key") or labels.get("alert_id")
    yield Signal(
        key=_key(key or body.get("id"), tagged),
        firing=transition.lower() not in OVER and kind != "success",
        labels=labels,
        title=labels.get("alert_title") or labels.get("title") or labels.get("event_title", ""),
        at=moment(body.get("date")) or moment(body.get("last_updated")),
    )


def _pagerduty(payload: object) -> Iterator[Signal]:
    event = _object(_object(payload, "body").get("event"), "event")
    data = _object(event.get("data"), "event.data")
    priority, service = data.get("priority"), data.get("service")
    labels = labels_of(
        {name: value for name, value in data.items() if name != "service"},
        {"event_type": event.get("event_type"),
         "service": service.get("summary") if isinstance(service, dict) else None,
         "priority": priority.get("summary") if isinstance(priority, dict) else None},
        data.get("custom_details"),
    )  # fmt: skip
    firing = labels.get("event_type") != "incident.resolved" and labels.get("status") != "resolved"
    yield Signal(
        key=_key(data.get("id"), labels),
        firing=firing,
        labels=labels,
        title=labels.get("title", ""),
        at=moment(data.get("created_at") if firing else event.get("occurred_at")),
    )


def _statuspage(payload: object) -> Iterator[Signal]:
    """An incident is a signal a component; a change of a component is one, too."""
    body = _object(payload, "body")
    if "incident" in body:
        incident = _object(body["incident"], "incident")
        over = clean(incident.get("status")).lower() in OVER
        parts = incident.get("components")
        for part in parts if isinstance(parts, list) and parts else [{}]:
            component = part if isinstance(part, dict) else {}
            name = clean(component.get("name"))
            yield Signal(
                key=clean(f"{incident.get('id', '')}/{component.get('id', name)}", KEY_LENGTH),
                firing=not over,
                labels=labels_of({"impact": incident.get("impact"), "service": name,
                                  "component": name, "severity": incident.get("impact"),
                                  "status": incident.get("status")}),
                title=clean(incident.get("name")),
                at=moment(incident.get("resolved_at" if over else "created_at")),
            )  # fmt: skip
        return
    component = _object(body.get("component"), "component")
    name, status = clean(component.get("name")), clean(component.get("status")).lower()
    yield Signal(
        key=_key(component.get("id"), {"component": name}),
        firing=status not in OVER,
        labels=labels_of(
            {"service": name, "component": name, "severity": status, "status": status}
        ),
        title=f"{name}: {status}",
        at=moment(_member(body.get("component_update"), "created_at")),
    )


FORMATS: Mapping[str, Callable[[object], Iterator[Signal]]] = {
    "alertmanager": _alertmanager,
    "grafana": _alertmanager,
    "json": _plain,
    "cloudevents": _cloudevents,
    "datadog": _datadog,
    "pagerduty": _pagerduty,
    "statuspage": _statuspage,
}


def _key(given: object, labels: Mapping[str, str]) -> str:
    """What the sender calls it, else a digest of its labels."""
    if text := clean(given, KEY_LENGTH):
        return text
    return hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:32]


def _object(value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise AlertFormatError(f"{place}: {json.dumps(value)[:60]} is no object; see the reference")
    return value


def _list(value: object, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise AlertFormatError(f"{place}: {json.dumps(value)[:60]} is no list; see the reference")
    return value


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None
