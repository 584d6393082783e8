"""What visitors say fails for them: counted in Redis by service and region, and told to the desk once it is many.

A second witness, never a monitor: it waits at the desk as a draft, or stands beside the incident that is open
there. A report opens no database, and nothing is kept of who sent it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import cast

import redis
from django.conf import settings

from incidents.alerts.mapping import NamedPlaces, Unmapped
from incidents.alerts.signal import Signal
from incidents.cells import Cell
from incidents.models import MonitorAlert
from incidents.policy.facts import GLOBAL
from incidents.services.alerts.cells import catalogue_index
from incidents.services.alerts.intake import take_in
from incidents.services.alerts.sources import VISITORS, heard
from incidents.vocabulary import Level

log = logging.getLogger(__name__)

PREFIX = "visitor-reports"
ANSWERS_WITHIN = 0.3  # seconds
MOST_CELLS = (
    5000  # counted in a minute; no catalogue needs more, and a flood of names must end somewhere
)


class NotCountedError(Exception):
    """Redis does not answer: nothing was counted, and whoever reported has to be told so."""


def count(service: str, region: str, *, now: datetime) -> None:
    """One visitor more for this cell (slugs, whether or not they exist). Raises NotCountedError."""
    key, field = _key(_minute(now)), f"{service} {region}"
    try:
        if _redis().hincrby(key, field, 1) == 1 and _redis().hlen(key) > MOST_CELLS:
            _redis().hdel(key, field)
        _redis().expire(key, 60 * (settings.VISITOR_REPORT_MINUTES + 2))
    except (redis.RedisError, OSError) as error:
        raise NotCountedError(str(error)) from error


def counted(*, now: datetime) -> dict[Cell, int]:
    """How many reports of each cell there are, of the last VISITOR_REPORT_MINUTES. Raises NotCountedError."""
    last, found = _minute(now), Counter[Cell]()
    try:
        for minute in range(last - settings.VISITOR_REPORT_MINUTES + 1, last + 1):
            slots = cast("Mapping[bytes, bytes]", _redis().hgetall(_key(minute)))
            for field, number in slots.items():
                service, _, region = field.decode().partition(" ")
                found[service, region] += int(number)
    except (redis.RedisError, OSError) as error:
        raise NotCountedError(str(error)) from error
    return dict(found)


def tell_the_desk(*, now: datetime) -> list[MonitorAlert]:
    """Cells that VISITOR_REPORTS visitors report become alerts that wait for a person; those of which fewer do, end.

    Returns the alerts that are on. Without Redis everything stays as it is. Safe to run twice or beside itself.
    """
    if not settings.VISITOR_REPORTS:
        return []
    try:
        many = _many(counted(now=now))
    except NotCountedError as error:
        log.warning("reports of visitors are not read, Redis does not answer: %s", error)
        return []
    alerts = MonitorAlert.objects.filter(source=VISITORS, over_at=None, resolved_at=None)
    over = set(alerts.values_list("key", flat=True)) - {each.key for each in many}
    if not many and not over:
        return []
    source = heard(name=VISITORS, format_name="json", now=now)
    ends = [Signal(key, firing=False, at=now) for key in sorted(over)]
    return [
        alert
        for alert in take_in(source=source, signals=[*many, *ends], now=now).alerts
        if alert.over_at is None
    ]


def _many(reports: Mapping[Cell, int]) -> list[Signal]:
    """Of cells that the catalogue has; what runs in no region is meant wherever it is reported."""
    # Fewer than enough in one region may be enough for what has none.
    named = {
        (service, region): [
            NamedPlaces(service, there, "", (), Level.WARNING) for there in (region, GLOBAL)
        ]
        for service, region in reports
    }
    catalogue, totals = catalogue_index(), Counter[Cell]()
    for cell, number in reports.items():
        for each in named[cell]:
            found = catalogue.hit(each)
            if not isinstance(found, Unmapped):
                totals[found.service.slug, found.region.slug] += number
                break
    return [
        Signal(
            f"{service}@{region}",
            firing=True,
            labels={"service": service, "region": region, "severity": Level.WARNING},
            title="it fails for them",
            times=number,
        )
        for (service, region), number in sorted(totals.items())
        if number >= settings.VISITOR_REPORTS
    ]


def _minute(now: datetime) -> int:
    return int(now.timestamp()) // 60


def _key(minute: int) -> str:
    return f"{PREFIX}:{minute}"


def _redis() -> redis.Redis:
    return _client(settings.REDIS_URL)


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url, socket_timeout=ANSWERS_WITHIN, socket_connect_timeout=ANSWERS_WITHIN
    )
