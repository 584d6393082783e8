"""What reviews have promised to repair, until it is done."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import NullIf

from incidents.models import RepairItem, Review
from incidents.models.review import MONTH
from incidents.services.errors import EntryError
from incidents.services.statements import checked_text
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


@transaction.atomic
def change_repair(*, repair_id: int, state: str, owner: str, due: str) -> RepairItem:
    """How far it is, who does it, until which month (2026-03, or none). The public page follows; nobody is told.

    The audit trail keeps who changed what. Raises EntryError for an item that is done, or stands in an older
    version.
    """
    repair = open_repairs().filter(pk=repair_id).select_for_update(of=("self",)).first()
    if repair is None:
        raise EntryError("repair", "is done, or a newer version of the review has it; reload.")
    if state not in tuple(RepairState):
        raise EntryError("state", f"{state!r}; use done, in-progress or planned.")
    if due and not re.fullmatch(MONTH, due):
        raise EntryError("due", f"{due[:20]!r} is no month; write it as in 2026-03.")
    repair.owner = checked_text("owner", owner, 200, lines=False)
    repair.state, repair.due = state, due
    repair.save(update_fields=["owner", "state", "due"])
    return repair


def due_at(repair: RepairItem) -> datetime | None:
    """When the month in which it was to be done is over (UTC); None if none was promised."""
    if not repair.due:
        return None
    year, month = (int(part) for part in repair.due.split("-"))
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def is_overdue(repair: RepairItem, now: datetime) -> bool:
    due = due_at(repair)
    return due is not None and due <= now
