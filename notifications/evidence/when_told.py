"""When a tenant was told, by which way, and whether the other side took it: from deliveries and their attempts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce

from notifications.channels.wording import body
from notifications.evidence.delivery_lookup import endpoints_of, of_lines
from notifications.evidence.outcomes import what_became_of
from notifications.models import Attempt, Delivery, Result, Tenant
from notifications.models.choices import channels
from notifications.models.delivery.told import TOLD, TOLD_AT
from notifications.vocabulary.delivery_states import DeliveryAudience, Relevance

_WAYS = dict(channels())


@dataclass(frozen=True, slots=True)
class FirstTold:
    """The first message of an incident that was taken from us: when (UTC), and the ways of all of them."""

    at: datetime
    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhenTold:
    """One message to one address. `at`: when the other side took it (UTC), None while it has not.

    `answer`: what the receiving server said, where it said anything. `state`: in words, for what did not leave.
    `tracking_id`: of the incident it was about then. `stated_at`: the moment that the statement names. `text`: the
    words in which it was told.
    """

    communication: int
    tracking_id: str
    number: int
    stated_at: datetime
    audience: str
    relevance: str
    text: str
    way: str
    address: str
    planned_at: datetime
    at: datetime | None
    state: str
    answer: str

    @property
    def targeted(self) -> bool:
        """Whether it was taken in the words that are for those affected: see `statements_told`."""
        return (
            self.at is not None
            and self.audience == DeliveryAudience.TARGETED
            and self.relevance != Relevance.NOT_IMPACTED
        )


def first_told(tenant: Tenant, incidents: Iterable[int]) -> dict[int, FirstTold]:
    """By incident, for those of which anything has reached the tenant, also under the ID of one that it absorbed."""
    found: dict[int, tuple[datetime, set[str]]] = {}
    for incident, channel, at in (
        _delivered(tenant)
        .filter(of_lines(incidents))
        .order_by("told_at")
        .values_list(Coalesce("incident__merged_into", "incident"), "channel", "told_at")
    ):
        found.setdefault(incident, (at, set()))[1].add(_way(channel))
    return {key: FirstTold(at, tuple(sorted(ways))) for key, (at, ways) in found.items()}


def statements_told(tenant: Tenant, incidents: Iterable[int]) -> set[int]:
    """Communications (ids) of these incidents whose targeted words have reached the tenant: what it got as a reader of
    the public page, or to say that nothing of its own was hit, is none of them.
    """
    rows = _delivered(tenant).filter(
        of_lines(incidents),
        ~Q(relevance=Relevance.NOT_IMPACTED),
        audience=DeliveryAudience.TARGETED,
    )
    return set(rows.values_list("communication", flat=True))


def told_of(tenant: Tenant, incident_id: int) -> list[WhenTold]:
    """Every message about an incident, or one that it absorbed, to the tenant's addresses, as they were stated."""
    rows = list(
        Delivery.objects.filter(
            of_lines([incident_id]), endpoint__in=endpoints_of(tenant).values("pk")
        )
        .select_related("endpoint", "incident", "communication", "digest")
        .order_by("communication", "id")
    )
    answers = {
        each.delivery_id: each.detail
        for each in Attempt.objects.filter(
            delivery__in=[row.told_by.pk for row in rows], result=Result.SENT
        )
    }
    return [
        WhenTold(
            communication=row.communication_id,
            tracking_id=row.incident.tracking_id,
            number=row.communication.number,
            stated_at=row.communication.at,
            audience=row.audience,
            relevance=row.relevance,
            text=body(row)[0],
            way=_way(row.channel),
            address=row.endpoint.label,
            planned_at=row.created_at,
            at=row.told_by.sent_at,
            state=what_became_of(row),
            answer=answers.get(row.told_by.pk, ""),
        )
        for row in rows
    ]


def _delivered(tenant: Tenant) -> QuerySet[Any]:
    return Delivery.objects.filter(
        TOLD,
        endpoint__in=endpoints_of(tenant).values("pk"),
    ).annotate(told_at=TOLD_AT)


def _way(channel: str) -> str:
    return _WAYS.get(channel, channel)
