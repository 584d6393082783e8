"""Looks that are noted: at what is somebody else's, where no changed row shows it."""

from __future__ import annotations

from datetime import datetime

from incidents.models import AuditEvent


def record_look(*, what: str, row: str, who: dict[str, str], now: datetime) -> None:
    """`what` was looked at, that of `row`; `who`: columns of AuditEvent."""
    AuditEvent.objects.create(at=now, what=what, row=row, verb="look", **who)
