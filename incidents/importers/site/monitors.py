"""Readers of what monitors with a page of their own export: Gatus and Uptime Kuma.

Sources of the shapes: Gatus' `/api/v1/endpoints/statuses`; Uptime Kuma's `/api/status-page/SLUG` and
`/api/status-page/heartbeat/SLUG`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from incidents.importers.site.found import (
    FoundOnSite,
    Reading,
    Said,
    SiteFileError,
    identity,
    list_of,
)
from incidents.vocabulary import Kind, Level

Outage = tuple[datetime, datetime | None]
_KUMA_DOWN, _KUMA_UP = 0, 1
_KUMA_LEVELS = {"info": "informational", "warning": "warning", "danger": "error"}


def gatus(document: Any) -> Iterator[FoundOnSite]:
    """Each time that an endpoint was unhealthy, by its events, or by its results where it has none."""
    for index, each in enumerate(list_of(document, "")):
        row = Reading(each, f"[{index}]")
        name, key = row.text("name"), row.text("key", "name")
        events = _moments(row.parts("events"), "type")
        results = _moments(row.parts("results"), "success")
        states = [(at, what != "UNHEALTHY") for at, what in events if what != "START"]
        names, unread = [name, row.text("group")], list(row.rest())
        for start, end in outages(states or [(at, bool(good)) for at, good in results]):
            yield FoundOnSite(
                external_id=f"gatus:{key}:{start.isoformat()}",
                title=f"{name} was unhealthy",
                started_at=start,
                ended_at=end,
                names=names,
                unread=unread,
            )
            unread = []  # it is the endpoint's: told once


def uptime_kuma(document: Any) -> Iterator[FoundOnSite]:
    """The announcements and maintenance of a status page, or the times that its monitors were down.

    Heartbeats name monitors by number alone: a mapping says what `monitor 3` is.
    """
    page = Reading(document, "the file")
    if page.take("monitorList"):
        raise SiteFileError(
            "monitorList: a backup of Uptime Kuma holds monitors and no incidents; hand in what"
            " /api/status-page/SLUG answers"
        )
    incidents = page.list("incidents") or [page.take("incident")]
    for index, each in enumerate(filter(None, incidents)):
        yield _announced(Reading(each, f"incidents[{index}]"))
    for index, each in enumerate(page.list("maintenanceList")):
        yield from _maintained(each, f"maintenanceList[{index}]")
    heard = page.take("heartbeatList") or {}
    if not isinstance(heard, dict):
        raise SiteFileError("heartbeatList: is no object; export it again")
    for monitor, beats in heard.items():
        if not isinstance(beats, list):
            raise SiteFileError(f"heartbeatList.{monitor}: is no list; export it again")
        own = Reading({"heartbeatList": beats}, f"monitor {monitor}")
        found = _moments(own.parts("heartbeatList"), "status", "time")
        states = [
            (at, status == _KUMA_UP) for at, status in found if status in (_KUMA_DOWN, _KUMA_UP)
        ]
        unread = list(own.rest())
        for start, end in outages(states):
            yield FoundOnSite(
                external_id=f"uptime-kuma:monitor-{monitor}:{start.isoformat()}",
                title=f"Monitor {monitor} was down",
                started_at=start,
                ended_at=end,
                names=[f"monitor {monitor}"],
                unread=unread,
            )
            unread = []


def _announced(row: Reading) -> FoundOnSite:
    began, text = row.must("createdDate", "created_date"), row.text("content")
    style = row.text("style").lower()
    row.ignore("pin", "active", "lastUpdatedDate", "last_updated_date", "status_page_id")
    title = row.text("title")
    return FoundOnSite(
        external_id=f"uptime-kuma:{identity(row, title, began)}",
        title=title,
        kind=Kind.SERVICE_ISSUE if style in ("warning", "danger") else Kind.HEALTH_ADVISORY,
        level=_KUMA_LEVELS.get(style, "informational"),
        started_at=began,
        updates=[Said(began, "investigating", text)] if text else [],
        unread=list(row.rest()),
    )


def _maintained(value: object, place: str) -> Iterator[FoundOnSite]:
    """One for each of its windows."""
    row = Reading(value, place)
    number, title, text = row.text("id"), row.text("title"), row.text("description")
    windows = [
        (window.must("startDate", "start_date"), window.time("endDate", "end_date"))
        for window in row.parts("timeslotList")
    ]
    row.ignore("active", "strategy", "status", "timezone", "timezoneOption", "timezoneOffset", "dateRange",
               "timeRange", "weekdays", "daysOfMonth", "intervalDay", "cron", "duration",
               "durationMinutes")  # fmt: skip
    unread = list(row.rest())
    for start, end in windows:
        yield FoundOnSite(
            external_id=f"uptime-kuma:maintenance-{number}:{start.isoformat()}",
            title=title,
            kind=Kind.PLANNED_MAINTENANCE,
            level=Level.INFORMATIONAL,
            started_at=start,
            ended_at=end,
            scheduled_for=start,
            scheduled_until=end,
            updates=[Said(start, "in-progress", text)] if text else [],
            unread=unread,
        )
        unread = []


def outages(states: Iterable[tuple[datetime, bool]]) -> list[Outage]:
    """From moments and whether all was well: (since, until) of each time it was not, None while it goes on."""
    found: list[Outage] = []
    since: datetime | None = None
    for at, good in sorted(states):
        if since is None and not good:
            since = at
        elif since is not None and good:
            found.append((since, at))
            since = None
    return [*found, (since, None)] if since is not None else found


def _moments(
    rows: Iterable[Reading], state: str, when: str = "timestamp"
) -> list[tuple[datetime, Any]]:
    return [(row.must(when), row.take(state)) for row in rows]
