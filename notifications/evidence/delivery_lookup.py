"""Delivery look-up: was this address told? What, when, and what the other side answered; for support, and as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery

from notifications.models import Attempt, Delivery, Endpoint, Tenant
from notifications.vocabulary.addresses import AddressError, label, normalise, normalise_web

MOST_TENANTS = 20
MOST_ENDPOINTS = 200
A_PAGE = 2000  # of a file

COLUMNS = (
    "delivery",
    "tracking_id",
    "update",
    "stage",
    "kind",
    "audience",
    "relevance",
    "reason",
    "channel",
    "address",
    "state",
    "skip_reason",
    "deferred",
    "attempts",
    "planned_at",
    "sent_at",
    "last_answer",
)


@dataclass(frozen=True, slots=True)
class Found:
    """Whose deliveries are asked for. `tenants` more than one: the question must be narrowed."""

    endpoints: Sequence[Endpoint]
    tenants: Sequence[Tenant]
    problem: str = ""


def look_up(question: str) -> Found:
    """Endpoints by a whole address, or of the tenant with this reference or name.

    A tenant's endpoints: its own, its contact, and whatever its action groups lead to.
    """
    question = question.strip()
    if "@" in question or "://" in question:
        return _by_address(question)
    exact = Tenant.objects.filter(Q(ref__iexact=question) | Q(name__iexact=question))
    tenants = list(exact[:2]) or list(
        Tenant.objects.filter(Q(ref__icontains=question) | Q(name__icontains=question)).order_by(
            "name"
        )[:MOST_TENANTS]
    )
    if not tenants:
        return Found([], [], f"No tenant has “{question[:80]}” in its reference or name.")
    if len(tenants) > 1:
        return Found([], tenants)
    return Found(list(endpoints_of(tenants[0])[:MOST_ENDPOINTS]), tenants)


def endpoints_of(tenant: Tenant) -> QuerySet[Endpoint]:
    """Every endpoint that the tenant's alerts can lead to, each once."""
    return (
        Endpoint.objects.filter(
            Q(tenant=tenant)
            | Q(pk__in=Endpoint.objects.filter(contact_of=tenant).values("pk"))
            | Q(pk__in=Endpoint.objects.filter(action_groups__tenant=tenant).values("pk"))
        )
        .distinct()
        .order_by("address", "id")
    )


def of_lines(incidents: Iterable[int]) -> Q:
    """Deliveries about these incidents (ids), and about those that they have absorbed."""
    survivors = list(incidents)
    return Q(incident__in=survivors) | Q(incident__merged_into__in=survivors)


def _by_address(question: str) -> Found:
    address = normalise_web(question)
    if "://" not in question:
        try:
            address = normalise(question)
        except AddressError as error:
            return Found([], [], f"This is no address: {error}")
    endpoints = list(Endpoint.objects.at(address))
    if not endpoints:
        return Found([], [], f"{address[:120]} is not known here: nothing was ever sent to it.")
    return Found(endpoints, [])


def by_id(endpoint_id: int) -> Found:
    """What a link asks for: an address of its own does not stand in it, where logs would keep it."""
    endpoints = list(Endpoint.objects.filter(pk=endpoint_id))
    return Found(endpoints, [], "" if endpoints else f"There is no address number {endpoint_id}.")


def deliveries_to(
    endpoints: Sequence[Endpoint], *, before: int | None = None
) -> QuerySet[Delivery]:
    """What was planned for these endpoints, the newest first; `before`: with a smaller id only."""
    found = with_answers(
        Delivery.objects.filter(endpoint__in=[each.pk for each in endpoints])
    ).select_related("endpoint", "incident", "communication", "digest")
    if before is not None:
        found = found.filter(pk__lt=before)
    return found.order_by("-id")


def with_answers(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Each with `last_answer`: what the other side said to the latest try."""
    return deliveries.annotate(last_answer=_last_answer())


def _last_answer() -> Subquery:
    tries = Attempt.objects.filter(delivery=OuterRef("pk")).order_by("-id")
    return Subquery(tries.values("detail")[:1])


def records(incident_id: int) -> Iterator[dict[str, Any]]:
    """Every delivery of an incident with the keys of COLUMNS, by endpoint.

    In pages along an index: a cursor over a million rows would make the database write them all down
    before the first one leaves.
    """
    chosen = Delivery.objects.filter(incident_id=incident_id)
    rows = chosen.order_by("endpoint_id", "communication_id").values_list(
        "uuid",
        "incident__tracking_id",
        "communication__number",
        "communication__stage",
        "communication__kind",
        "audience",
        "relevance",
        "reason",
        "endpoint__channel",
        "endpoint__address",
        "state",
        "skip_reason",
        "deferred",
        "attempts",
        "created_at",
        "sent_at",
        _last_answer(),
        "endpoint_id",
        "communication_id",
    )
    endpoint, communication = 0, 0
    while True:
        beyond = Q(endpoint_id__gt=endpoint) | Q(communication_id__gt=communication)
        page = list(rows.filter(beyond, endpoint_id__gte=endpoint)[:A_PAGE])
        for *values, endpoint, communication in page:  # noqa: B007 - the last pair is where to go on
            record = dict(zip(COLUMNS, values, strict=True))
            record["delivery"] = str(record["delivery"])
            record["address"] = label(record["address"])
            for moment in ("planned_at", "sent_at"):
                record[moment] = record[moment].isoformat() if record[moment] else None
            yield record
        if len(page) < A_PAGE:
            return
