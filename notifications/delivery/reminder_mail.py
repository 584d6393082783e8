"""Mailing operators what is due: one mail for all that has come up since the last one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from incidents import access
from incidents.models import Reminder
from incidents.services.scheduled import reminders
from incidents.wording import clock


@transaction.atomic
def mail_reminders(*, now: datetime) -> int:
    """Mail what nobody was mailed yet; returns how many reminders. A failing server is asked again later.

    Raises what the mail backend raises: nothing is marked as mailed then.
    """
    waiting = list(reminders.unmailed())
    if not waiting:
        return 0
    if addresses := operators():
        headers = {"Auto-Submitted": "auto-generated"}
        EmailMessage(_subject(waiting), _text(waiting), to=addresses, headers=headers).send()
    # Without any address the desk is where they are seen; they are not kept for a later operator.
    reminders.mark_mailed(ids=[each.pk for each in waiting], now=now)
    return len(waiting)


def operators() -> list[str]:
    """OPERATORS_MAIL, or the addresses of everybody who may work at the desk."""
    if settings.OPERATORS_MAIL:
        return list(settings.OPERATORS_MAIL)
    return sorted({user.email for user in access.users_who_may(access.UPDATE) if user.email})


def _subject(waiting: Sequence[Reminder]) -> str:
    if len(waiting) == 1:
        return f"[{waiting[0].incident.tracking_id}] {_due(waiting[0])}"
    return f"{len(waiting)} things are due at the incident desk"


def _due(reminder: Reminder) -> str:
    name = reminder.get_what_display()
    if reminder.days_late < 0:
        return f"{name} is due soon"
    return f"{name} is overdue" if reminder.days_late else f"{name} was due"


def _text(waiting: Sequence[Reminder]) -> str:
    return "\n\n".join(
        f"{each.incident.tracking_id} {each.incident.internal_title or each.incident.public_title}\n"
        f"{_due(each)}: {clock(each.due_at)}\n"
        f"{settings.BASE_URL}/admin/desk/{each.incident.tracking_id}/"
        for each in waiting
    )
