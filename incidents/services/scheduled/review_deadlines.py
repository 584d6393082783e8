"""The reviews that incidents still owe, by the policy in force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery

from incidents.models import Decision, Incident, Review
from incidents.review_deadlines import ReviewDeadline, review_deadlines_of
from incidents.services.decisions.policies import current_policy
from incidents.vocabulary import PromisedReview, ReviewKind


def deadlines_of(
    incidents: Iterable[Incident], now: datetime
) -> dict[int, tuple[ReviewDeadline, ...]]:
    """By primary key; three queries, however many incidents. Incidents that owe nothing are left out."""
    mitigated = {
        each.pk: each
        for each in incidents
        if each.mitigated_at is not None and each.merged_into_id is None and not each.drill
    }
    if not mitigated:
        return {}
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
    policy = current_policy()
    found = {
        pk: review_deadlines_of(
            review=review,
            mitigated_at=mitigated[pk].mitigated_at,
            published=published[pk],
            policy=policy,
            now=now,
        )
        for pk, review in promised.items()
    }
    return {pk: clocks for pk, clocks in found.items() if clocks}


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
