"""The number of the public picture, and the call that wakes the publishers."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.db.models import F

from incidents.models import Revision

CHANNEL = "public_picture"


def bump(*, now: datetime) -> int:
    """Say that something public changed; returns the new number.

    Publishers hear of it when the surrounding transaction commits (PostgreSQL delivers a
    notification only then) and poll the row besides, so a lost notification costs a second.
    """
    changed = Revision.objects.filter(id=1).update(number=F("number") + 1, changed_at=now)
    if not changed:
        # The row comes with the first migration; a table emptied by hand gets it back.
        Revision.objects.get_or_create(id=1, defaults={"number": 1, "changed_at": now})
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")
    return Revision.objects.values_list("number", flat=True).get(id=1)
