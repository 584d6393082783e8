"""A maintenance that repeats (RFC 5545): the first window is declared, each further one some days before it begins.

Until then it waits as a scheduled post: it can be seen, moved and cancelled by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

from dateutil.rrule import rrule, rruleset, rrulestr
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from incidents import wording
from incidents.models import Incident, ScheduledPost
from incidents.services.errors import EntryError
from incidents.services.incident import declare
from incidents.services.inputs import Declaration, Override
from incidents.services.scheduled import encoding
from incidents.services.tracking import new_tracking_id
from incidents.vocabulary import Stage

MOST = 52
LONGEST_RULE = 200
AHEAD = timedelta(days=366)
OFTEN = ("SECONDLY", "MINUTELY", "HOURLY")
SeriesWindow = tuple[datetime, datetime | None]


def windows_of(rule: str, start: datetime, end: datetime | None) -> list[SeriesWindow]:
    """The windows (UTC) of a recurrence rule such as `FREQ=WEEKLY;COUNT=4`, the first one included.

    Raises EntryError for what is no rule, never ends, or does not begin with the first window.
    """
    text = rule.strip().upper().removeprefix("RRULE:")
    if len(text) > LONGEST_RULE or "\n" in text:
        raise EntryError("repeats", "is no single rule; write FREQ=WEEKLY;COUNT=4.")
    try:
        found = rrulestr(text, dtstart=start.astimezone(UTC))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise EntryError(
            "repeats",
            "is no recurrence rule of RFC 5545; write FREQ=WEEKLY;COUNT=4 or"
            " FREQ=MONTHLY;BYDAY=1SU;UNTIL=20261231T000000Z.",
        ) from error
    if isinstance(found, rruleset) or not isinstance(found, rrule) or any(o in text for o in OFTEN):
        raise EntryError(
            "repeats", "is more often than daily, or several rules; use DAILY at most."
        )
    starts = list(islice(found, MOST + 1))
    if len(starts) > MOST or (starts and starts[-1] > start + AHEAD):
        raise EntryError(
            "repeats", f"goes on for more than {MOST} windows or a year; add COUNT= or UNTIL=."
        )
    if not starts or starts[0] != start:
        first = wording.clock(starts[0]) if starts else "never"
        raise EntryError(
            "repeats", f"begins {first}, the maintenance {wording.clock(start)}; make them agree."
        )
    length = end - start if end else None
    if length and any(later - one < length for one, later in pairwise(starts)):
        raise EntryError("repeats", "begins anew before a window is over; repeat it less often.")
    return [(each, each + length if length else None) for each in starts]


@transaction.atomic
def declare_series(
    *,
    declaration: Declaration,
    rule: str,
    announce_days: int,
    page: str,
    fields: Sequence[tuple[str, Sequence[str]]],
    now: datetime,
    actor: AbstractBaseUser,
    override: Override | None = None,
) -> Incident:
    """Declare the first window now, and keep the others until `announce_days` before they begin.

    `page`, `fields`: what was typed, for when one of them is taken back. Raises EntryError.
    """
    start = declaration.scheduled_for
    if start is None:
        raise EntryError("scheduled_for", "is needed for what repeats; give the first start.")
    windows = windows_of(rule, start, declaration.scheduled_until)
    incident = declare(declaration=declaration, now=now, actor=actor, override=override)
    soon = now + timedelta(minutes=1)
    ScheduledPost.objects.bulk_create(
        _post(
            replace(
                declaration,
                tracking_id=new_tracking_id(),
                stage=Stage.PLANNED,
                started_at=begins,
                scheduled_for=begins,
                scheduled_until=ends,
            ),
            override,
            page=page,
            fields=dict(fields),
            due_at=max(begins - timedelta(days=announce_days), soon),
            now=now,
            actor=actor,
        )
        for begins, ends in windows[1:]
    )
    return incident


def _post(
    declaration: Declaration,
    override: Override | None,
    *,
    page: str,
    fields: dict[str, Sequence[str]],
    due_at: datetime,
    now: datetime,
    actor: AbstractBaseUser,
) -> ScheduledPost:
    plan = {
        name: [f"{at:%Y-%m-%d %H:%M}"]
        for name in ("scheduled_for", "scheduled_until")
        if (at := getattr(declaration, name))
    }
    return ScheduledPost(
        tracking_id=declaration.tracking_id,
        verb=declare.__name__,
        arguments={
            "declaration": encoding.plain(declaration),
            "override": encoding.plain(override),
        },
        page=page,
        form="new",
        fields={name: list(values) for name, values in fields.items() if name != "repeats"} | plan,
        brief=False,
        due_at=due_at,
        by_id=actor.pk,
        made_at=now,
    )
