"""The reviews that incidents still owe, by the policy in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TypedDict

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery

from incidents.models import Decision, Incident, Review
from incidents.review_deadlines import (
    ReviewDeadline,
    ReviewGoals,
    review_deadlines_of,
    reviews_on_time,
)
from incidents.services.decisions.policies import current_policy
from incidents.vocabulary import PromisedReview, ReviewKind


def deadlines_of(
    incidents: Iterable[Incident], now: datetime, *, policy: ReviewGoals | None = None
) -> dict[int, tuple[ReviewDeadline, ...]]:
    """By primary key; three queries, however many incidents. Incidents that owe nothing are left out.

    `policy`: the one in force, where it was read before.
    """
    found = {pk: review_deadlines_of(**facts, now=now) for pk, facts in _facts(incidents, policy)}
    return {pk: clocks for pk, clocks in found.items() if clocks}


def on_time(incidents: Iterable[Incident], now: datetime) -> dict[int, tuple[int, int]]:
    """By primary key: reviews that are out or overdue, and those of them that were out in time; three queries."""
    return {pk: reviews_on_time(**facts, now=now) for pk, facts in _facts(incidents)}


class _Facts(TypedDict):
    review: str
    mitigated_at: datetime | None
    published: list[tuple[str, datetime]]
    policy: ReviewGoals


def _facts(
    incidents: Iterable[Incident], policy: ReviewGoals | None = None
) -> Iterator[tuple[int, _Facts]]:
    """What the deadlines follow from, of each mitigated incident."""
    mitigated = {
        each.pk: each
        for each in incidents
        if each.mitigated_at is not None and each.merged_into_id is None and not each.drill
    }
    if not mitigated:
        return
    promised = dict(
        Decision.objects.filter(incident__in=mitigated)
        .order_by("incident_id", "-id")
        .distinct("incident_id")
        .values_list("incident_id", "review")
    )
    published: defaultdict[int, list[tuple[str, datetime]]] = defaultdict(list)
    versions = Review.objects.filter(incident__in=promised, published_at__isnull=False)
    for pk, kind, at in versions.values_list("incident_id", "kind", "published_at"):
        if at is not None:
            published[pk].append((kind, at))
    policy = policy or current_policy()
    for pk, review in promised.items():
        facts = _Facts(
            review=review,
            mitigated_at=mitigated[pk].mitigated_at,
            published=published[pk],
            policy=policy,
        )
        yield pk, facts


def owing(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    """Closed incidents without a final review since mitigation: public ones first, then the newest."""
    last = Decision.objects.filter(incident=OuterRef("pk")).order_by("-id")
    final = Review.objects.filter(
        incident=OuterRef("pk"), kind=ReviewKind.FINAL, published_at__gte=OuterRef("mitigated_at")
    )
    return (
        incidents.filter(closed_at__isnull=False, mitigated_at__isnull=False)
        .filter(merged_into__isnull=True, backfilled=False, drill=False)
        .annotate(promised_review=Subquery(last.values("review")[:1]))
        .filter(
            ~Exists(final), promised_review__in=[PromisedReview.PUBLIC, PromisedReview.TARGETED]
        )
        .order_by(F("ever_broad").desc(), "-mitigated_at", "-id")
    )
