"""A maintenance of several windows: one that repeats (RFC 5545), one with other times in other regions, or both.

Each window is an incident of its own, with its own regions; `series` says which belong together. The first windows
are declared, each further one some days before it begins. Until then it waits as a scheduled post: it can be seen,
moved and cancelled by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

from dateutil.rrule import rrule, rruleset, rrulestr
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from incidents import wording
from incidents.models import Incident, ScheduledPost
from incidents.services.desk.text_templates import PlaceholderValues, filled
from incidents.services.errors import EntryError
from incidents.services.incident import declare
from incidents.services.inputs import Declaration, Hit, Override, RegionWindow
from incidents.services.scheduled import encoding
from incidents.services.tracking import new_tracking_id
from incidents.services.visibility import turned_public
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


def in_its_regions(
    declaration: Declaration, own: Sequence[RegionWindow], *, now: datetime
) -> list[Declaration]:
    """The first windows: one declaration for all regions that share a window, the earliest first.

    Placeholders in its texts are filled in for each. Raises EntryError where one has nothing to stand for.
    """
    common = (declaration.scheduled_for, declaration.scheduled_until)
    times = {each.region.pk: (each.start, each.end) for each in own}
    together: dict[tuple[datetime | None, datetime | None], list[Hit]] = {}
    for hit in declaration.hits:
        together.setdefault(times.get(hit.region.pk, common), []).append(hit)
    found: list[Declaration] = []
    for (start, end), hits in sorted(together.items(), key=lambda each: each[0][0] or now):
        one = replace(declaration, hits=hits)
        if (start, end) != common and start is not None:
            one = _planned_for(one, start, end, begun=start <= now)
        if found:
            one = replace(one, tracking_id=new_tracking_id())
        found.append(_filled(one))
    return found


@transaction.atomic
def declare_series(
    *,
    declaration: Declaration,
    announce_days: int,
    page: str,
    fields: Sequence[tuple[str, Sequence[str]]],
    now: datetime,
    actor: AbstractBaseUser,
    rule: str = "",
    own: Sequence[RegionWindow] = (),
    override: Override | None = None,
) -> Incident:
    """Declare the first window of all regions now, and keep those that `rule` adds until `announce_days` before.

    Texts may have placeholders. `page`, `fields`: what was typed, for when one of them is taken back. Returns the
    first one; raises EntryError.
    """
    if not declaration.tracking_id:
        declaration = replace(declaration, tracking_id=new_tracking_id())
    raw = replace(declaration, series=declaration.tracking_id)
    soon = now + timedelta(minutes=1)
    waiting, declared = [], []
    for first in in_its_regions(raw, own, now=now):
        if first.scheduled_for is None:
            raise EntryError("scheduled_for", "is needed for what repeats; give the first start.")
        made = declare(declaration=first, now=now, actor=actor, override=override)
        declared.append(made)
        if not rule:
            continue
        for begins, ends in windows_of(rule, first.scheduled_for, first.scheduled_until)[1:]:
            one = replace(
                first, tracking_id=new_tracking_id(), stage=Stage.PLANNED, statement=raw.statement
            )
            waiting.append(
                _post(
                    _filled(_planned_for(one, begins, ends)),
                    override,
                    page=page,
                    fields=dict(fields),
                    due_at=max(begins - timedelta(days=announce_days), soon),
                    now=now,
                    actor=actor,
                    turns_public=turned_public(made),
                )
            )
    ScheduledPost.objects.bulk_create(waiting)
    return declared[0]


def _planned_for(
    one: Declaration, start: datetime, end: datetime | None, *, begun: bool = False
) -> Declaration:
    return replace(
        one,
        stage=Stage.IN_PROGRESS if begun else Stage.PLANNED,
        started_at=start,
        scheduled_for=start,
        scheduled_until=end,
    )


def _filled(one: Declaration) -> Declaration:
    """With its texts' placeholders filled in from its own window and cells."""
    said = one.statement
    values = PlaceholderValues(
        tracking_id=one.tracking_id,
        title=one.public_title,
        level=one.level,
        pairs=[(hit.service.pk, hit.region.pk) for hit in one.hits],
        since=one.started_at,
        start=one.scheduled_for,
        end=one.scheduled_until,
    )
    public, targeted = (
        filled(field, text, values, language=said.language)
        for field, text in (
            ("public_text", said.public_text),
            ("targeted_text", said.targeted_text),
        )
    )
    return replace(one, statement=replace(said, public_text=public, targeted_text=targeted))


def waiting_windows(series: str) -> QuerySet[ScheduledPost]:
    """The windows of a series that nobody was told of yet, the next one first."""
    waits = ScheduledPost.objects.filter(
        state__in=(ScheduledPost.State.WAITING, ScheduledPost.State.HELD),
        verb=declare.__name__,
        arguments__declaration__fields__series=series,
    )
    return waits.order_by("due_at", "id") if series else waits.none()


def _post(
    declaration: Declaration,
    override: Override | None,
    *,
    page: str,
    fields: dict[str, Sequence[str]],
    due_at: datetime,
    now: datetime,
    actor: AbstractBaseUser,
    turns_public: bool,
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
        fields={name: list(values) for name, values in fields.items() if not _of_all(name)}
        | {"regions": list(dict.fromkeys(hit.region.slug for hit in declaration.hits))}
        | plan,
        brief=False,
        turns_public=turns_public,
        due_at=due_at,
        by_id=actor.pk,
        made_at=now,
    )


def _of_all(name: str) -> bool:
    """Whether a field of the form is about all windows together: a draft of one does without."""
    return name == "repeats" or name.startswith(("from-", "until-"))
