"""A series of maintenance windows as a whole: planned for another time, or called off."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from incidents.models import Communication, Incident, ScheduledPost
from incidents.services.corrections import reschedule
from incidents.services.errors import EntryError
from incidents.services.incident import locked, post_update
from incidents.services.inputs import Statement
from incidents.services.scheduled import encoding
from incidents.services.scheduled.series import waiting_windows
from incidents.vocabulary import NOT_BEGUN, Stage


def announced_windows(series: str) -> QuerySet[Incident]:
    """The windows of a series that were told and have not begun, the next one first."""
    found = Incident.objects.active().filter(
        series=series, stage__in=NOT_BEGUN, merged_into__isnull=True
    )
    return found.order_by("scheduled_for", "id") if series else found.none()


def windows_ahead(incident: Incident) -> int:
    """How many windows of its series have not begun, told or not; 0 for what is none that has not."""
    if not incident.series or incident.stage not in NOT_BEGUN:
        return 0
    return announced_windows(incident.series).count() + waiting_windows(incident.series).count()


def said_with(said: Communication) -> list[Communication]:
    """What one act has just said of all windows of a series, `said` first; of anything else that alone."""
    others = Communication.objects.filter(
        incident__series=said.incident.series, at=said.at, kind=said.kind, stage=said.stage
    ).exclude(pk=said.pk)
    if not said.incident.series:
        return [said]
    return [said, *others.select_related("incident").order_by("incident__scheduled_for", "id")]


@transaction.atomic
def reschedule_series(
    *,
    incident_id: int,
    scheduled_for: datetime,
    scheduled_until: datetime | None,
    reason: str,
    now: datetime,
    actor: AbstractBaseUser,
    statement: Statement | None = None,
) -> Communication:
    """Plan this window for another time (UTC), and every other one that has not begun by as much.

    Whoever was told of a window is told of its new time; what waits is told in its new time later. Returns what is
    said of this window; raises EntryError, and then moves none.
    """
    chosen = _of_series(incident_id)
    if chosen.scheduled_for is None:
        raise EntryError("scheduled_for", "was never given; plan this window by itself first.")
    later = scheduled_for - chosen.scheduled_for
    longer = later
    if scheduled_until and chosen.scheduled_until:
        longer = scheduled_until - chosen.scheduled_until
    said = None
    for each in announced_windows(chosen.series):
        if each.scheduled_for is None:
            continue
        end = each.scheduled_until and each.scheduled_until + longer
        told = reschedule(
            incident_id=each.pk,
            scheduled_for=each.scheduled_for + later,
            scheduled_until=scheduled_until if each.pk == chosen.pk else end,
            reason=reason,
            statement=statement,
            now=now,
            actor=actor,
        )
        said = told if each.pk == chosen.pk else said
    if said is None:
        raise EntryError("incident", f"{chosen.tracking_id} has begun or is over; choose another.")
    for post in waiting_windows(chosen.series).select_for_update():
        _move(post, later, longer, now)
    return said


@transaction.atomic
def call_off_series(
    *,
    incident_id: int,
    now: datetime,
    actor: AbstractBaseUser,
    statement: Statement | None = None,
) -> Communication:
    """Cancel every window of this one's series that has not begun; those that were told are told so.

    Returns what is said of this window. Raises EntryError, and then cancels none.
    """
    chosen = _of_series(incident_id)
    said = None
    for each in announced_windows(chosen.series):
        told = post_update(
            incident_id=each.pk, stage=Stage.CANCELLED, statement=statement, now=now, actor=actor
        )
        said = told if each.pk == chosen.pk else said
    if said is None:
        raise EntryError("incident", f"{chosen.tracking_id} has begun or is over; choose another.")
    waiting_windows(chosen.series).update(
        state=ScheduledPost.State.TAKEN_BACK, settled_at=now, settled_by=actor.pk
    )
    return said


def _of_series(incident_id: int) -> Incident:
    incident = locked(incident_id)
    if not incident.series:
        raise EntryError("incident", f"{incident.tracking_id} is no window of a series.")
    return incident


def _move(post: ScheduledPost, later: timedelta, longer: timedelta, now: datetime) -> None:
    fields = post.arguments["declaration"]["fields"]
    for name, by in (("started_at", later), ("scheduled_for", later), ("scheduled_until", longer)):
        if fields[name] is not None:
            at = encoding.rich(fields[name]) + by
            fields[name] = encoding.plain(at)
            if name in post.fields:
                post.fields[name] = [f"{at:%Y-%m-%d %H:%M}"]
    post.due_at = max(post.due_at + later, now + timedelta(minutes=1))
    post.save(update_fields=["arguments", "fields", "due_at"])
