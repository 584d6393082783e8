"""Reminding people of what they owe: the promised next update, reviews, a word on planned work.

A reminder is a row, written once for each thing that is due and each day it is late; who mails it is
another storey's business. A clock that was stopped for a week writes one reminder then, not seven.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from incidents.models import Communication, Incident, Reminder
from incidents.policy import Policy
from incidents.review_deadlines import PROMISE_NEAR
from incidents.services.decisions.policies import current_policy
from incidents.services.reviews.repairs import due_at, open_repairs
from incidents.services.scheduled.review_deadlines import deadlines_of
from incidents.services.scheduled.update_cadence import updates_due
from incidents.vocabulary import NOT_BEGUN, Kind

# How long before it is due somebody is reminded of a review.
AHEAD = {"preliminary": timedelta(hours=24), "final": timedelta(hours=48)}
# Repair items are promised for a month: a week before it is over, when it is, and each week from then on.
REPAIR_AHEAD = WEEK = timedelta(days=7)
NOT_YET = -1
# A review nobody has written in all this time is not going to be written for one more mail.
LONGEST_DAYS = 30


def remind(*, now: datetime) -> list[Reminder]:
    """Write the reminders that are due at `now` (UTC) and were not written before; returns the new ones.

    Safe to run twice, late, or beside itself: a unique constraint makes each reminder one row.
    """
    policy = current_policy()
    wanted = [*_promises(now), *_cadence(now, policy), *_maintenance(now)]
    wanted += [*_reviews(now, policy), *_repairs(now)]
    before = Reminder.objects.order_by("-id").values_list("id", flat=True).first() or 0
    Reminder.objects.bulk_create(wanted, ignore_conflicts=True)
    return list(Reminder.objects.filter(id__gt=before, made_at=now).select_related("incident"))


def unmailed(*, most: int = 100) -> list[Reminder]:
    """The oldest reminders that no operator was sent yet, locked until the transaction ends."""
    waiting = (
        Reminder.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(mailed_at__isnull=True)
        .select_related("incident")
        .order_by("id")
    )
    return list(waiting[:most])


@transaction.atomic
def mark_mailed(*, ids: Sequence[int], now: datetime) -> None:
    Reminder.objects.filter(pk__in=ids).update(mailed_at=now)


def _owing() -> Q:
    return Q(backfilled=False, drill=False, merged_into__isnull=True, false_positive=False)


def _promises(now: datetime) -> Iterator[Reminder]:
    """Shortly before a promised update is due, and once it is missed."""
    active = Incident.objects.active().filter(_owing())
    promises = Communication.objects.filter(incident__in=active).promises()
    for pk, promised in ((pk, promised) for pk, both in promises.items() for promised in both):
        if now >= promised - PROMISE_NEAR:
            # Once each for a promise: whoever works on it at night needs no third mail.
            late = NOT_YET if now <= promised else 0
            yield _reminder(pk, Reminder.What.NEXT_UPDATE, promised, late, now)


def _cadence(now: datetime, policy: Policy) -> Iterator[Reminder]:
    """At 80 % of the time that the policy gives, and once it is over."""
    active = Incident.objects.active().filter(_owing())
    for pk, update in updates_due(active, now, policy=policy).items():
        if update.near:
            late = 0 if update.over else NOT_YET
            yield _reminder(pk, Reminder.What.NEXT_UPDATE, update.due, late, now)


def _maintenance(now: datetime) -> Iterator[Reminder]:
    """At the planned start and end of what does not follow its plan by itself, until somebody says so."""
    planned = Incident.objects.active().filter(
        _owing(), kind=Kind.PLANNED_MAINTENANCE, follows_plan=False, scheduled_for__lte=now
    )
    for incident in planned:
        start, end = incident.scheduled_for, incident.scheduled_until
        if end is not None and end <= now:
            due, what = end, Reminder.What.MAINTENANCE_END
        elif start is not None and incident.stage in NOT_BEGUN:
            due, what = start, Reminder.What.MAINTENANCE_START
        else:
            continue
        if (days := (now - due) // timedelta(days=1)) <= LONGEST_DAYS:
            yield _reminder(incident.pk, what, due, days, now)


def _reviews(now: datetime, policy: Policy) -> Iterator[Reminder]:
    # The whole history is not read each minute for reviews that nobody is reminded of any more.
    latest = max(
        timedelta(hours=policy.preliminary_review_hours), timedelta(days=policy.final_review_days)
    )
    since = now - latest - timedelta(days=LONGEST_DAYS + 1)
    recent = Incident.objects.filter(_owing(), mitigated_at__gte=since)
    mitigated = list(recent.only("mitigated_at", "merged_into", "drill"))
    for pk, clocks in deadlines_of(mitigated, now, policy=policy).items():
        for clock in clocks:
            days = (now - clock.due) // timedelta(days=1)
            if now < clock.due - AHEAD[clock.kind] or days > LONGEST_DAYS:
                continue
            late = NOT_YET if now < clock.due else days
            yield _reminder(pk, clock.kind, clock.due, late, now)


def _repairs(now: datetime) -> Iterator[Reminder]:
    """One for all items of an incident that were promised for the same month."""
    for repair in open_repairs(imported=False):
        due = due_at(repair)
        if due is None or now < due - REPAIR_AHEAD or now - due > timedelta(days=LONGEST_DAYS):
            continue
        late = NOT_YET if now < due else (now - due) // WEEK * WEEK.days
        yield _reminder(repair.review.incident_id, Reminder.What.REPAIR, due, late, now)


def _reminder(incident: int, what: str, due: datetime, days_late: int, now: datetime) -> Reminder:
    return Reminder(incident_id=incident, what=what, due_at=due, days_late=days_late, made_at=now)
