"""What is noted though no changed row shows it: looks at what is somebody else's, and sign-ins."""

from __future__ import annotations

from datetime import datetime

from incidents.models import AuditEvent


def record_look(*, what: str, row: str, who: dict[str, str], now: datetime) -> None:
    """`what` was looked at, that of `row`; `who`: columns of AuditEvent."""
    AuditEvent.objects.create(at=now, what=what, row=row, verb="look", **who)


def record_sign_in(*, verb: str, who: dict[str, str], now: datetime) -> None:
    """A sign-in (`in`), one that was refused, or one that ended (`out`): of our people or of a customer's."""
    AuditEvent.objects.create(at=now, what="sign-in", verb=verb, **who)
