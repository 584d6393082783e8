"""What reviews have promised to repair, until it is done."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import NullIf

from incidents.models import RepairItem, Review
from incidents.vocabulary import RepairState


def open_repairs(*, imported: bool = True) -> QuerySet[RepairItem]:
    """Of the newest version of each incident's review, what is not done: the earliest month first, none last.

    `imported`: also what a history text has promised.
    """
    newest = Review.objects.filter(
        incident=OuterRef("review__incident"), published_at__isnull=False
    ).order_by("-version")
    found = (
        RepairItem.objects.filter(review=Subquery(newest.values("pk")[:1]))
        .exclude(state=RepairState.DONE)
        .filter(review__incident__merged_into__isnull=True, review__incident__drill=False)
        .select_related("review__incident")
        .order_by(NullIf("due", Value("")).asc(nulls_last=True), "review__incident_id", "position")
    )
    return found if imported else found.filter(review__incident__backfilled=False)


def is_overdue(repair: RepairItem, now: datetime) -> bool:
    """Whether the month in which it was to be done is over (UTC)."""
    return bool(repair.due) and repair.due < f"{now.astimezone(UTC):%Y-%m}"
