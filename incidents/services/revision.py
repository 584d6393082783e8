"""The number of the public snapshot, and the call that wakes the publishers."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.db.models import F

from incidents.models import Revision, SnapshotChange

CHANNEL = "public_snapshot"
KEPT = 1000  # numbers whose subject is remembered


def bump(*, now: datetime, incident: int | None = None) -> int:
    """Say that something public changed; returns the new number.

    `incident`: the id of the only one whose public words, times or places may have changed; None for
    everything else, such as the catalogue: then all is read anew.

    Publishers hear of it when the surrounding transaction commits (PostgreSQL delivers a
    notification only then) and poll the row besides, so a lost notification costs a second.
    """
    changed = Revision.objects.filter(id=1).update(number=F("number") + 1, changed_at=now)
    if not changed:
        # The row comes with the first migration; a table emptied by hand gets it back.
        Revision.objects.get_or_create(id=1, defaults={"number": 1, "changed_at": now})
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")
    number = Revision.objects.values_list("number", flat=True).get(id=1)
    SnapshotChange.objects.create(revision=number, incident_id=incident)
    # Who was away for so long reads everything anew.
    SnapshotChange.objects.filter(revision__lte=number - KEPT).delete()
    return number


def changed_since(number: int, now_at: int) -> set[int] | None:
    """Ids of the incidents that the numbers after `number` up to `now_at` were about.

    None: of anything, or nobody knows any more.
    """
    rows = SnapshotChange.objects.filter(revision__gt=number, revision__lte=now_at)
    found: list[tuple[int, int | None]] = list(rows.values_list("revision", "incident_id"))
    if {revision for revision, _ in found} != set(range(number + 1, now_at + 1)):
        return None
    ids = {incident for _, incident in found if incident is not None}
    return None if any(incident is None for _, incident in found) else ids
