"""Readers of the documents that status pages publish: Statuspage v2, Cachet, Google, AWS, and front matter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import yaml

from incidents.importers.site.found import FoundOnSite, Reading, Said, SiteFileError
from incidents.importers.site.monitors import gatus, uptime_kuma
from incidents.vocabulary import Kind, Level, Stage

STAGES = {
    "investigating": "investigating", "identified": "identified", "monitoring": "mitigating",
    "watching": "mitigating", "fixed": "resolved", "resolved": "resolved", "postmortem": "resolved",
    "scheduled": "planned", "in_progress": "in-progress", "verifying": "in-progress",
    "completed": "complete", "complete": "complete", "available": "resolved",
}  # fmt: skip
LEVELS = {
    "none": "informational", "maintenance": "informational", "notice": "informational",
    "minor": "warning", "disrupted": "warning", "service_disruption": "warning",
    "service_information": "informational", "major": "error", "critical": "error", "down": "error",
    "service_outage": "error",
}  # fmt: skip
# How Statuspage itself was to tell of an update.
OWN = (
    "custom_tweet",
    "deliver_notifications",
    "tweet_id",
    "wants_twitter_update",
    "twitter_updated_at",
)
_CACHET = {0: "planned", 1: "investigating", 2: "identified", 3: "mitigating", 4: "resolved"}
_FRONT_MATTER = re.compile(r"\A\ufeff?---\s*\n(.*?)\n---\s*(?:\n|\Z)(.*)", re.DOTALL)
_AWS_LEVELS = {"1": "informational", "2": "warning", "3": "error"}


def statuspage(document: Any) -> Iterator[FoundOnSite]:
    """`incidents.json` and `scheduled-maintenances.json` of the Statuspage API, version 2."""
    groups = (("incidents", False), ("scheduled_maintenances", True))
    for group, planned in groups:
        for index, each in enumerate(_rows(document, group)):
            yield _statuspage(Reading(each, f"{group}[{index}]"), planned=planned)


def _statuspage(row: Reading, *, planned: bool) -> FoundOnSite:
    said = []
    names = [str(part.get("name", "")) for part in row.list("components") if isinstance(part, dict)]
    for update in row.parts("incident_updates"):
        for part in update.parts("affected_components"):
            names.append(part.text("name"))
            part.ignore("id", "code")
        update.ignore(*OWN, "id", "incident_id", "updated_at")
        said.append(
            (update.must("display_at", "created_at"), update.text("status"), update.text("body"))
        )
    stage, updates = "investigating", []
    said.reverse()  # theirs are the newest first, also those of one minute
    for at, status, body in sorted(said, key=lambda each: each[0]):
        # Some pages call it an update where the status stays as it was.
        stage = STAGES.get(status.lower().replace(" ", "_"), stage)
        updates.append(Said(at, stage, body))
    row.ignore(
        "page_id",
        "created_at",
        "updated_at",
        "monitoring_at",
        "status",
        "reminder_intervals",
        "shortlink",
    )
    return FoundOnSite(
        external_id=f"statuspage:{row.text('id')}",
        title=row.text("name"),
        kind=Kind.PLANNED_MAINTENANCE if planned else Kind.SERVICE_ISSUE,
        level=Level.INFORMATIONAL
        if planned
        else LEVELS.get(row.text("impact_override", "impact").lower(), "error"),
        started_at=row.must("scheduled_for", "started_at", "created_at"),
        ended_at=row.time("resolved_at"),
        scheduled_for=row.time("scheduled_for") if planned else None,
        scheduled_until=row.time("scheduled_until") if planned else None,
        names=names,
        updates=updates,
        # Every page of theirs has it; the short link is another host's.
        path=f"/incidents/{row.text('id')}",
        unread=list(row.rest()),
    )


def cachet(document: Any) -> Iterator[FoundOnSite]:
    """`/api/v1/incidents` of Cachet."""
    for index, each in enumerate(_rows(document, "data")):
        row = Reading(each, f"data[{index}]")
        began = row.must("occurred_at", "created_at")
        status = row.take("status")
        stage = _CACHET.get(
            status if isinstance(status, int) else int(str(status or 4)), "investigating"
        )
        updates = [Said(began, "investigating", row.text("message"))] if row.text("message") else []
        for update in row.parts("updates"):
            update.ignore("id", "incident_id", "updated_at", "human_status", "user_id", "permalink")
            code = update.take("status")
            updates.append(
                Said(
                    update.must("created_at"),
                    _CACHET.get(code if isinstance(code, int) else 1, "investigating"),
                    update.text("message"),
                )
            )
        component = row.take("component")
        names = (
            [str(component.get("name", ""))]
            if isinstance(component, dict)
            else [row.text("component_name")]
        )
        row.ignore("human_status", "visible", "stickied", "user_id", "notifications", "meta", "is_resolved",
                   "latest_status", "latest_human_status", "latest_icon", "component_id", "duration")  # fmt: skip
        ended = row.time("resolved_at") or (
            row.time("updated_at") if stage == Stage.RESOLVED else None
        )
        yield FoundOnSite(
            external_id=f"cachet:{row.text('id')}",
            title=row.text("name"),
            started_at=began,
            ended_at=ended,
            scheduled_for=row.time("scheduled_at"),
            names=names,
            updates=updates,
            path=urlsplit(row.text("permalink")).path,
            unread=list(row.rest()),
        )


def google(document: Any) -> Iterator[FoundOnSite]:
    """`incidents.json` of Google Cloud."""
    for index, each in enumerate(_rows(document, "")):
        row = Reading(each, f"[{index}]")
        names = [str(part.get("title", "")) for part in row.list("affected_products")]
        for group in ("currently_affected_locations", "previously_affected_locations"):
            names += [str(part.get("id", "")) for part in row.list(group)]
        updates = []
        for update in row.parts("updates"):
            for place in update.parts("affected_locations"):
                names.append(place.text("id"))
                place.ignore("title")
            update.ignore("modified")
            stage = Stage.RESOLVED if update.text("status") == "AVAILABLE" else Stage.INVESTIGATING
            updates.append(Said(update.must("when", "created"), stage, update.text("text")))
        row.ignore(
            "number",
            "modified",
            "created",
            "service_key",
            "service_name",
            "severity",
            "most_recent_update",
        )
        yield FoundOnSite(
            external_id=f"google:{row.text('id')}",
            title=" ".join(row.text("external_desc").split()),
            level=LEVELS.get(row.text("status_impact").lower(), "error"),
            started_at=row.must("begin", "created"),
            ended_at=row.time("end"),
            names=names,
            updates=updates[::-1],  # theirs are the newest first
            path=f"/{row.text('uri').lstrip('/')}",
            unread=list(row.rest()),
        )


def aws(document: Any) -> Iterator[FoundOnSite]:
    """`historyevents.json` and `currentevents.json` of AWS: a list, or lists by service."""
    if isinstance(document, dict):
        document = [
            event for events in document.values() if isinstance(events, list) for event in events
        ]
    for index, each in enumerate(_rows(document, "")):
        row = Reading(each, f"[{index}]")
        began = row.must("date")
        updates = []
        for update in row.parts("event_log"):
            update.ignore("summary")  # the title, again
            over = str(update.take("status")) == "0"
            updates.append(
                Said(
                    update.must("timestamp"),
                    "resolved" if over else "investigating",
                    update.text("message"),
                )
            )
        ends = [said.at for said in updates if said.stage == Stage.RESOLVED]
        row.ignore("status", "impacted_services", "typeCode")
        plain = f"{began.timestamp():.0f}-{row.text('service')}"
        yield FoundOnSite(
            external_id=f"aws:{row.text('arn') or plain}",
            title=row.text("summary"),
            level=_AWS_LEVELS.get(str(row.take("status")), "error"),
            started_at=began,
            ended_at=max(ends) if ends else None,
            names=[row.text("service_name", "service"), row.text("region_name")],
            updates=updates,
            unread=list(row.rest()),
        )


def front_matter(text: str, name: str) -> FoundOnSite:
    """A Markdown file with YAML front matter, as cState, Hugo and Upptime keep incidents."""
    found = _FRONT_MATTER.match(text.replace("\r\n", "\n"))
    if not found:
        raise SiteFileError(f"{name}: has no front matter; begin with --- and title: …")
    try:
        head = yaml.safe_load(found[1])
    except yaml.YAMLError as error:
        raise SiteFileError(
            f"{name}: its front matter is no YAML ({str(error)[:80]}); mend it"
        ) from None
    row = Reading(head, name)
    began = row.must("date", "startTime", "start")
    ended = row.time("resolvedWhen", "endTime", "end")
    if ended is None and row.take("resolved") is True:
        ended = began
    planned = row.text("severity").lower() in ("notice", "maintenance") and bool(
        row.take("informational")
    )
    row.ignore(
        "section",
        "draft",
        "resolved",
        "modified",
        "lastmod",
        "type",
        "slug",
        "url",
        "weight",
        "layout",
    )
    body = found[2].strip()
    affected = row.take("affected", "components", "services")
    return FoundOnSite(
        external_id=f"file:{name}",
        title=row.text("title"),
        kind=Kind.PLANNED_MAINTENANCE if planned else Kind.SERVICE_ISSUE,
        level=LEVELS.get(row.text("severity").lower(), "error"),
        started_at=began,
        ended_at=ended,
        scheduled_for=began if planned else None,
        names=[str(each) for each in affected]
        if isinstance(affected, list)
        else [str(affected or "")],
        updates=[Said(began, "resolved" if ended else "investigating", body)] if body else [],
        path=f"/issues/{name.removesuffix('.md')}/",
        unread=list(row.rest()),
    )


READERS: Mapping[str, Callable[[Any], Iterator[FoundOnSite]]] = {
    "statuspage": statuspage,
    "cachet": cachet,
    "google": google,
    "aws": aws,
    "gatus": gatus,
    "uptime-kuma": uptime_kuma,
}


def format_of(document: Any) -> str:
    """Which of READERS made this. Raises SiteFileError."""
    if isinstance(document, dict):
        if {"heartbeatList", "maintenanceList", "publicGroupList"} & document.keys():
            return "uptime-kuma"
        if "incidents" in document or "scheduled_maintenances" in document:
            return "statuspage"
        if isinstance(document.get("data"), list):
            return "cachet"
        if document and all(isinstance(each, list) for each in document.values()):
            return "aws"
    if isinstance(document, list) and document and isinstance(document[0], dict):
        for name, member in (
            ("google", "affected_products"),
            ("aws", "event_log"),
            ("gatus", "results"),
        ):
            if member in document[0]:
                return name
    return _unknown()


def _unknown() -> str:
    raise SiteFileError(
        f"the file is of no known format; use {', '.join(READERS)}, Markdown with front matter, or JSON Lines"
    )


def _rows(document: Any, member: str) -> list[Any]:
    rows = document.get(member, []) if member and isinstance(document, dict) else document
    if not isinstance(rows, list):
        raise SiteFileError(
            f"{member or 'the file'}: is no list of incidents; export the page again"
        )
    return rows
