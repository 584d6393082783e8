"""Who would hear of a statement, were it planned now: by channel, after all that keeps a message back.

Asked of the database in one statement that is made of planning's own parts; nothing is written. A property
test plans the same statement for real and compares.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from incidents.models import Communication
from incidents.services.visibility import waits_for_audience, waits_unplanned
from notifications.audience import forecast_sql as sql
from notifications.audience import selection
from notifications.audience.quiet import quiet_now
from notifications.audience.unreached import Silent, silent_tenants
from notifications.models import Channel, Endpoint
from notifications.vocabulary.delivery_states import (
    LIMITED,
    SPACED,
    DeliveryAudience,
    may_hear_drill,
    priority,
)

MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Forecast:
    """What planning and the first claim would make of a statement.

    `targeted`, `public`: endpoints by channel that hear of it; each endpoint counts once, and a targeted
    message goes before a public one. Unless it `is_public`, `public` are those that would hear, were it so.
    `later`: so many are held back at first, by the hour's limit, the interval or quiet hours. `skipped`: endpoints
    planned for nothing, by reason. `tenants`, `subscriptions`: whom it concerns, by list or footprint; of these
    tenants the `silent` have no address that hears of it. `waits`: scenario 3, those whom it concerns are told
    once the audience is known.
    """

    tenants: int = 0
    subscriptions: int = 0
    targeted: dict[str, int] = field(default_factory=dict)
    public: dict[str, int] = field(default_factory=dict)
    is_public: bool = False
    later: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    silent: list[Silent] = field(default_factory=list)
    silent_count: int = 0
    waits: bool = False

    @property
    def receivers(self) -> int:
        """Every endpoint that hears of it, once."""
        readers = sum(self.public.values()) if self.is_public else 0
        return sum(self.targeted.values()) + readers

    @property
    def unnamed(self) -> int:
        """Silent tenants beyond those that are named."""
        return self.silent_count - len(self.silent)


def forecast(communication: Communication) -> Forecast:
    """Ask for a statement that is not planned yet; it may be one that is rolled back afterwards."""
    if waits_unplanned(communication):
        is_public = Communication.objects.public().filter(pk=communication.pk).exists()
        return Forecast(waits=True, is_public=is_public)
    facts = _facts(communication)
    counts: dict[str, dict[str, int]] = {}
    later = 0
    with connection.cursor() as cursor:
        cursor.execute(sql.counted(facts), facts)
        for group, name, number, held in cursor.fetchall():
            counts.setdefault(group, {})[name] = number
            later += held
        silent: list[tuple[int, list[str], bool, int]] = []
        if facts["concerns"]:
            cursor.execute(sql.silent(facts), facts)
            silent = cursor.fetchall()
    whole = counts["total"]
    return Forecast(
        tenants=whole["tenants"],
        subscriptions=whole["subscriptions"],
        targeted=counts.get(DeliveryAudience.TARGETED, {}),
        public=counts.get(DeliveryAudience.PUBLIC if facts["public"] else "readers", {}),
        is_public=facts["public"],
        later=later,
        skipped=counts.get("skipped", {}),
        silent=silent_tenants(silent),
        silent_count=silent[0][3] if silent else 0,
        waits=bool(communication.targeted_text) and waits_for_audience(communication.incident),
    )


@dataclass(frozen=True, slots=True)
class Way:
    """How some of the receivers hear of a statement, and how many do so."""

    audience: str
    channel: str
    language: str
    receivers: int


def ways(communication: Communication) -> list[Way]:
    """By audience, channel and language, the most heard of each audience first; nothing that is skipped."""
    if waits_unplanned(communication):
        return []
    facts = _facts(communication)
    with connection.cursor() as cursor:
        cursor.execute(sql.ways(facts), facts)
        return [Way(*row) for row in cursor.fetchall()]


def hearers(communication: Communication) -> int:
    """How many endpoints would hear of a statement, each once; of one that is planned already: how many more."""
    if waits_unplanned(communication):
        return 0
    facts = _facts(communication)
    with connection.cursor() as cursor:
        cursor.execute(sql.hearers(facts), facts)
        ((number,),) = cursor.fetchall()
    return int(number)


def _facts(communication: Communication) -> dict[str, Any]:
    """The parameters of planning (`selection.hearing_facts`), and what a claim and a try would ask."""
    incident = communication.incident
    cells = communication.cell_ids
    urgency = priority(
        kind=communication.kind, stage=communication.stage, number=communication.number
    )
    quiet = quiet_now(communication, now=timezone.now())
    return (
        selection.hearing_facts(communication, cells)
        | asdict(quiet)
        | {
            "by_list": selection.has_list(communication),
            "wide": len(cells) >= selection.WIDE,
            "drill": incident.drill,
            "drill_ids": _drill_receivers() if incident.drill else [],
            "hourly": settings.HOURLY_LIMIT if urgency in LIMITED else 0,
            "interval": settings.UPDATE_INTERVAL if urgency in SPACED else 0,
            "named": MOST_NAMED,
        }
    )


def _drill_receivers() -> list[int]:
    """Endpoints that a drill may reach. The database narrows them down, the rule itself decides."""
    near = Q(pk__in=[])
    for entry in settings.DRILL_RECEIVERS:
        # Of the web, where addresses are sealed, all are looked at.
        near |= ~Q(channel=Channel.MAIL) if "://" in entry else Q(address__icontains=entry)
    return [
        pk
        for pk, address in Endpoint.objects.filter(near).values_list("pk", "address")
        if may_hear_drill(address, settings.DRILL_RECEIVERS)
    ]
