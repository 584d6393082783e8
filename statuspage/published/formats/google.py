"""Incidents and products in the shape of Google Cloud's status page. Pure."""

from __future__ import annotations

import json
from datetime import datetime
from hashlib import sha256
from typing import Any

from statuspage.published.picture import CommunicationView, IncidentView, NamedView, Picture
from statuspage.published.site import Page

JSON = "application/json"
IMPACTS = {
    "error": ("SERVICE_OUTAGE", "high"),
    "warning": ("SERVICE_DISRUPTION", "medium"),
    "informational": ("SERVICE_INFORMATION", "low"),
}


def pages(picture: Picture) -> dict[str, Page]:
    issues = [one for one in picture.incidents if one.kind != "planned-maintenance"]
    products = [
        {"title": service.name, "id": service.slug}
        for category in picture.categories
        for service in category.services
    ]
    return {
        "/incidents.json": Page(_dump([incident(one) for one in issues]), JSON),
        "/products.json": Page(_dump({"products": products}), JSON, max_age=3600),
    }


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def incident(one: IncidentView) -> dict[str, Any]:
    """`end` is null while the incident is going on."""
    impact, severity = IMPACTS[one.level]
    services = [view for view in one.services if view.role == "impacted"]
    places = [
        {"title": view.name, "id": view.slug} for view in (*one.regions, *one.geographies)
        if view.role == "impacted"
    ]  # fmt: skip
    updates = [_update(one, said, impact, places) for said in one.communications]
    created = min((said.at for said in one.communications), default=one.started_at)
    recent = updates[0] if updates else _bare(one, created, impact, places)
    return {
        "id": one.tracking_id,
        "number": str(int.from_bytes(sha256(one.tracking_id.encode()).digest()[:7], "big")),
        "begin": _time(one.started_at),
        "created": _time(created),
        "end": _time(one.ended_at) if one.ended_at else None,
        "modified": _time(one.updated_at),
        "external_desc": one.title,
        "updates": updates,
        "most_recent_update": recent,
        "status_impact": impact,
        "severity": severity,
        "service_key": services[0].slug if len(services) == 1 else "multiple",
        "service_name": services[0].name if len(services) == 1 else "Multiple Products",
        "affected_products": [_product(view) for view in services],
        "uri": f"status/history/{one.tracking_id}/",
        "currently_affected_locations": [] if one.ended_at else places,
        "previously_affected_locations": places if one.ended_at else [],
    }


def _product(view: NamedView) -> dict[str, str]:
    return {"title": view.name, "id": view.slug}


def _update(
    one: IncidentView, said: CommunicationView, impact: str, places: list[dict[str, str]]
) -> dict[str, Any]:
    over = said.stage in ("mitigated", "resolved")
    return _bare(one, said.at, "AVAILABLE" if over else impact, places) | {"text": said.text}


def _bare(
    one: IncidentView, at: datetime, status: str, places: list[dict[str, str]]
) -> dict[str, Any]:
    when = _time(at)
    return {
        "created": when, "modified": when, "when": when, "text": one.title, "status": status,
        "affected_locations": places,
    }  # fmt: skip
