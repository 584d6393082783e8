"""Who is acting, told to the database, whose triggers write the audit trail; and the trail, read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from incidents.models import AuditEvent, Incident

WRITES = ("INSERT", "UPDATE", "DELETE", "COPY", "WITH", "SELECT INCIDENTS_")
COLUMNS = (
    "event", "at", "actor", "via", "address", "session", "token", "what", "row", "verb", "rows", "incident",
    "before", "after",
)  # fmt: skip


def acting(who: Callable[[], dict[str, str]]) -> AbstractContextManager[None]:
    """While it lasts, whatever is written is written by `who()`: keys are columns of AuditEvent.

    Told before each statement that may write, as a transaction that is taken back forgets what it was told.
    """

    def execute(call: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        if isinstance(sql, str) and sql.lstrip().upper().startswith(WRITES):
            told = json.dumps(who())
            context["cursor"].cursor.execute(
                "SELECT set_config('statuspage.who', %s, %s)",
                [told, context["connection"].in_atomic_block],
            )
            if not context["connection"].in_atomic_block:
                try:
                    return call(sql, params, many, context)
                finally:
                    connection.cursor().cursor.execute(
                        "SELECT set_config('statuspage.who', '', false)"
                    )
        return call(sql, params, many, context)

    return connection.execute_wrapper(execute)


def events(
    *,
    tracking_id: str = "",
    actor: str = "",
    what: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[AuditEvent]:
    """Events from `since` (UTC) on and before `until`, the oldest first. `what`: a part of a table's name."""
    found = AuditEvent.objects.order_by("id")
    if tracking_id:
        found = found.filter(
            incident__in=Incident.objects.filter(tracking_id=tracking_id).values("pk")
        )
    if actor:
        found = found.filter(actor__iexact=actor)
    if what:
        found = found.filter(Q(what__icontains=what) | Q(via__icontains=what))
    if since:
        found = found.filter(at__gte=since)
    if until:
        found = found.filter(at__lt=until)
    return found


def records(found: QuerySet[AuditEvent]) -> Iterator[dict[str, Any]]:
    """One JSON-able record an event, with the keys of COLUMNS; streamed, however many there are."""
    for each in found.iterator(chunk_size=500):
        shared = {name: getattr(each, name) for name in COLUMNS if name not in ("event", "at")}
        yield {"event": each.pk, "at": each.at.isoformat(), **shared}
