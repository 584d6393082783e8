"""Readers of the documents that status pages publish: Statuspage v2, Cachet, Google, AWS, and front matter."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import yaml

from incidents.importers.site.cachet import cachet
from incidents.importers.site.found import (
    FoundOnSite,
    Reading,
    Said,
    SiteFileError,
    identity,
    list_of,
)
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
    "service_outage": "error", "majoroutage": "error", "partialoutage": "error", "degradedperformance": "warning",
    "operational": "informational", "undermaintenance": "informational",
}  # fmt: skip
GROUPS = {
    "incidents": False, "scheduled_maintenances": True, "activeIncidents": False, "activeMaintenances": True,
    "maintenances": True,
}  # fmt: skip
BEGINS = ("scheduled_for", "started_at", "start", "started", "created_at", "createdAt")
# How Statuspage itself was to tell of an update.
OWN = (
    "custom_tweet",
    "deliver_notifications",
    "tweet_id",
    "wants_twitter_update",
    "twitter_updated_at",
)
# Of a product its title is read, of a location its id; the other names say the same.
NAMED_TWICE = (
    "affected_products.id",
    "currently_affected_locations.title",
    "previously_affected_locations.title",
)
_FRONT_MATTER = re.compile(r"\A\ufeff?(---|\+\+\+)\s*\n(.*?)\n\1\s*(?:\n|\Z)(.*)", re.DOTALL)
_AWS_LEVELS = {"1": "informational", "2": "warning", "3": "error"}


def statuspage(document: Any) -> Iterator[FoundOnSite]:
    """`incidents.json`, `scheduled-maintenances.json` and `summary.json` of the Statuspage API, versions 2 and 1,
    and of pages that copy it.
    """
    if isinstance(document, dict) and isinstance(document.get("incident"), dict):
        document = {"incidents": [document["incident"]]}
    if isinstance(
        document, list
    ):  # as the management API gives them: what is planned among the rest
        document = {"incidents": document}
    for group, planned in GROUPS.items():
        for index, each in enumerate(list_of(document, group)):
            row = Reading(each, f"{group}[{index}]")
            yield _statuspage(row, planned=planned or bool(row.take("scheduled_for")))


def _statuspage(row: Reading, *, planned: bool) -> FoundOnSite:
    said = []
    names = row.names("components", "affected_components")
    for update in row.parts("incident_updates", "updates"):
        for part in update.parts("affected_components"):
            names.append(part.text("name"))
            part.ignore("id", "code")
        update.ignore(*OWN, "id", "incident_id", "updated_at")
        said.append(
            (
                update.must("display_at", "created_at", "started", "createdAt", "updated_at"),
                update.text("status"),
                update.text("body", "message"),
            )
        )
    stage, updates = "investigating", []
    said.reverse()  # theirs are the newest first, also those of one minute
    for at, status, body in sorted(said, key=lambda each: each[0]):
        # Some pages call it an update where the status stays as it was.
        stage = STAGES.get(status.lower().replace(" ", "_"), stage)
        updates.append(Said(at, stage, body))
    row.ignore("page_id", "created_at", "updated_at", "monitoring_at", "status", "reminder_intervals", "shortlink",
               "url", "updatedAt", "duration", *(("impact", "impact_override") if planned else ()))  # fmt: skip
    title, began = row.text("name", "title"), row.must(*BEGINS)
    return FoundOnSite(
        external_id=f"statuspage:{identity(row, title, began)}",
        title=title,
        kind=Kind.PLANNED_MAINTENANCE if planned else Kind.SERVICE_ISSUE,
        level=Level.INFORMATIONAL
        if planned
        else LEVELS.get(row.text("impact_override", "impact").lower(), "error"),
        started_at=began,
        ended_at=row.time("resolved_at", "resolved", "completed_at"),
        scheduled_for=began if planned else None,
        scheduled_until=row.time("scheduled_until") if planned else None,
        names=names,
        updates=updates,
        # Every page of theirs has it; the short link is another host's.
        path=f"/incidents/{row.text('id')}" if row.text("id") else "",
        unread=list(row.rest()),
    )


def google(document: Any) -> Iterator[FoundOnSite]:
    """`incidents.json` of Google Cloud."""
    for index, each in enumerate(list_of(document, "")):
        row = Reading(each, f"[{index}]")
        names = [part.text("title") for part in row.parts("affected_products")]
        for group in ("currently_affected_locations", "previously_affected_locations"):
            names += [part.text("id") for part in row.parts(group)]
        names += [] if any(names) else row.names("service_name")  # before there were products
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
        title, began = " ".join(row.text("external_desc").split()), row.must("begin", "created")
        yield FoundOnSite(
            external_id=f"google:{identity(row, title, began)}",
            title=title,
            level=LEVELS.get(row.text("status_impact").lower(), "error"),
            started_at=began,
            ended_at=row.time("end"),
            names=names,
            updates=updates[::-1],  # theirs are the newest first
            path=f"/{row.text('uri').lstrip('/')}" if row.text("uri") else "",
            unread=[each for each in row.rest() if each not in NAMED_TWICE],
        )


def aws(document: Any) -> Iterator[FoundOnSite]:
    """`historyevents.json` and `currentevents.json` of AWS: a list, or lists by service."""
    if isinstance(document, dict):
        document = [
            event for events in document.values() if isinstance(events, list) for event in events
        ]
    for index, each in enumerate(list_of(document, "")):
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
        row.ignore("status", "typeCode")
        plain = f"{began.timestamp():.0f}-{row.text('service')}"
        yield FoundOnSite(
            external_id=f"aws:{row.text('arn') or plain}",
            title=row.text("summary"),
            level=_AWS_LEVELS.get(str(row.take("status")), "error"),
            started_at=began,
            ended_at=max(ends) if ends else None,
            names=[
                row.text("service_name", "service"),
                row.text("region_name"),
                *row.names("impacted_services"),
            ],
            updates=updates,
            unread=list(row.rest()),
        )


def front_matter(text: str, name: str) -> FoundOnSite:
    """A Markdown file with YAML front matter, as cState, Hugo and Upptime keep incidents."""
    head, body = _front_matter(text.replace("\r\n", "\n"), name)
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
    return FoundOnSite(
        external_id=f"file:{name}",
        title=row.text("title"),
        kind=Kind.PLANNED_MAINTENANCE if planned else Kind.SERVICE_ISSUE,
        level=LEVELS.get(row.text("severity").lower(), "error"),
        started_at=began,
        ended_at=ended,
        scheduled_for=began if planned else None,
        names=row.names("affected", "components", "services", "systems"),
        updates=[Said(began, "resolved" if ended else "investigating", body)] if body else [],
        path=f"/issues/{name.removesuffix('.md')}/",
        unread=list(row.rest()),
    )


def _front_matter(text: str, name: str) -> tuple[object, str]:
    """The fields (YAML between ---, TOML between +++, or JSON) and the body."""
    found = _FRONT_MATTER.match(text)
    try:
        if found and found[1] == "+++":
            return tomllib.loads(found[2]), found[3].strip()
        if found:
            return yaml.safe_load(found[2]), found[3].strip()
        if text.lstrip("\ufeff \n").startswith("{"):
            head, end = json.JSONDecoder().raw_decode(text.lstrip("\ufeff \n"))
            return head, text.lstrip("\ufeff \n")[end:].strip()
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SiteFileError(
            f"{name}: its front matter can't be read ({str(error)[:80]}); mend it"
        ) from None
    raise SiteFileError(f"{name}: has no front matter; begin with --- and title: …")


# What each reader takes of a file that is an object; AWS keys its lists by service.
MEMBERS: Mapping[str, Collection[str]] = {
    "statuspage": (*GROUPS, "incident"),
    "cachet": ("data",),
    "uptime-kuma": ("incident", "incidents", "maintenanceList", "heartbeatList", "monitorList"),
}
READERS: Mapping[str, Callable[[Any], Iterator[FoundOnSite]]] = {
    "statuspage": statuspage,
    "cachet": cachet,
    "google": google,
    "aws": aws,
    "gatus": gatus,
    "uptime-kuma": uptime_kuma,
}


def unread_members(kind: str, document: Any) -> list[str]:
    """What the file itself has and its reader does not look at."""
    if not isinstance(document, dict):
        return []
    taken = MEMBERS.get(kind, [name for name, value in document.items() if isinstance(value, list)])
    top = Reading(document, "the file")
    top.ignore(*taken)
    return list(top.rest())


def format_of(document: Any) -> str:
    """Which of READERS made this. Raises SiteFileError."""
    if isinstance(document, dict):
        if {"heartbeatList", "maintenanceList", "publicGroupList", "monitorList"} & document.keys():
            return "uptime-kuma"
        if GROUPS.keys() & document.keys() or "incident" in document:
            return "statuspage"
        if isinstance(document.get("data"), list):
            return "cachet"
        if document and all(isinstance(each, list) for each in document.values()):
            return "aws"
    if isinstance(document, list) and document and isinstance(document[0], dict):
        for name, member in (
            ("statuspage", "incident_updates"),
            ("google", "affected_products"),
            ("google", "external_desc"),
            ("aws", "event_log"),
            ("gatus", "results"),
            ("gatus", "events"),
        ):
            if member in document[0]:
                return name
    return _unknown()


def _unknown() -> str:
    raise SiteFileError(
        f"the file is of no known format; use {', '.join(READERS)}, Markdown with front matter, or JSON Lines"
    )
