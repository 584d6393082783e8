"""Stopping all sending, and going on. What is planned stays planned: nothing is lost meanwhile."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import connection, transaction

from incidents import prepared_statements
from notifications.models import KillSwitch

LONGEST_REASON = 300
_HOLDS = "SELECT EXISTS (SELECT FROM notifications_killswitch WHERE released_at IS NULL)"


class StopError(ValueError):
    """The switch cannot be used so; the message names the field and the remedy."""


def holds() -> bool:
    """Whether nothing may be sent now; asked at every few mails."""
    with prepared_statements.executed(_HOLDS, {}) as cursor:
        ((stopped,),) = cursor.fetchall()
    return bool(stopped)


def in_force() -> KillSwitch | None:
    """The stop that holds now; None while messages are sent."""
    return (
        KillSwitch.objects.filter(released_at__isnull=True)
        .select_related("stopped_by")
        .order_by("id")
        .first()
    )


@transaction.atomic
def stop(*, reason: str, now: datetime, actor: AbstractBaseUser) -> KillSwitch:
    """Send nothing from now on, alerts, posts and confirmations alike; planning goes on.

    What is being handed over this second still leaves. Raises StopError without a reason, or when it
    is stopped already.
    """
    _one_at_a_time()
    if len(reason := " ".join(reason.split())) > LONGEST_REASON:
        raise StopError(f"reason: has {len(reason)} characters; shorten it to {LONGEST_REASON}.")
    if not reason:
        raise StopError("reason: is empty; write why nothing may be sent.")
    if in_force():
        raise StopError("sending: is stopped already.")
    return KillSwitch.objects.create(reason=reason, stopped_at=now, stopped_by_id=actor.pk)


@transaction.atomic
def release(*, now: datetime, actor: AbstractBaseUser) -> int:
    """Go on sending; returns how many stops ended. Raises StopError when nothing is stopped."""
    _one_at_a_time()
    released = KillSwitch.objects.filter(released_at__isnull=True).update(
        released_at=now, released_by_id=actor.pk
    )
    if not released:
        raise StopError("sending: is not stopped; there is nothing to release.")
    return released


def _one_at_a_time() -> None:
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE notifications_killswitch IN SHARE ROW EXCLUSIVE MODE")
