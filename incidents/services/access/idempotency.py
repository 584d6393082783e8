"""What was asked twice with one key is done once: the first answer is kept for a day and given again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User

from incidents.models import IdempotentResponse
from incidents.services.errors import EntryError

KEPT = timedelta(days=1)


def begin(*, user: User, key: str, request: str, now: datetime) -> IdempotentResponse:
    """The row of this key; its `status` is 0 unless the request was answered before.

    To be called in the transaction of the act: of two at a time the later one waits for the first.
    `request`: a digest of everything that was asked. Raises EntryError if that was something else before.
    """
    IdempotentResponse.objects.filter(made_at__lt=now - KEPT).delete()
    row, _ = IdempotentResponse.objects.get_or_create(
        user=user, key=key, defaults={"request": request, "made_at": now}
    )
    if row.request != request:
        raise EntryError("key", "was sent with another request before")
    return row


def keep(row: IdempotentResponse, *, status: int, answer: dict[str, Any]) -> None:
    row.status, row.answer = status, answer
    row.save(update_fields=["status", "answer"])
