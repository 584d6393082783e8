"""Times that turned out to be others: a corrected start or end, a maintenance at another time.

What was stated before is kept as a `TimeVersion`, and a communication tells everybody who reads or is
told of the incident that it has changed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from incidents import wording
from incidents.models import Communication, Impact, Incident, Occurrence, TimeVersion
from incidents.services.automatic_text import facts
from incidents.services.errors import EntryError
from incidents.services.impacts import move_beginning
from incidents.services.incident import locked, post_update
from incidents.services.inputs import EARLIEST, Statement, check_past, check_step
from incidents.services.statements import checked_text, write_communication
from incidents.vocabulary import CommunicationKind, Kind, Stage

Change = tuple[str, datetime | None, datetime | None]  # what, before, after
What = TimeVersion.What


@transaction.atomic
def correct_times(
    *,
    incident_id: int,
    reason: str,
    now: datetime,
    actor: AbstractBaseUser,
    started_at: datetime | None = None,
    ended_at: datetime | None = None,
    statement: Statement | None = None,
) -> Communication:
    """Correct when an incident began or when it was over (UTC); None leaves a time as it is.

    Windows that began with the incident, or that would begin before it, move along; so do those that
    ended with it, or would end after it. Review clocks count from the corrected end. Raises EntryError
    when nothing changes, without a reason, or when a window would end before it begins.
    """
    incident = locked(incident_id)
    reason = _reason(reason)
    changes: list[Change] = []
    if started_at is not None and started_at != incident.started_at:
        check_past("started_at", started_at, now)
        changes.append((What.START, incident.started_at, started_at))
        _move_start(incident, started_at)
    if ended_at is not None and ended_at != incident.mitigated_at:
        check_past("ended_at", ended_at, now)
        changes.append((What.END, incident.mitigated_at, ended_at))
        _move_end(incident, ended_at)
    if not changes:
        raise EntryError("started_at", "both times are as they were; change one of them.")
    incident.updated_at = now
    incident.save()
    statement = statement or Statement()
    public_text, targeted_text = statement.public_text.strip(), statement.targeted_text.strip()
    corrected = _corrected(incident, changes)
    said = write_communication(
        incident,
        kind=CommunicationKind.CORRECTION,
        stage=incident.stage,
        public_text=public_text,
        targeted_text=targeted_text or public_text,
        public_facts=() if public_text else [corrected],
        targeted_facts=() if targeted_text or public_text else [corrected],
        at=now,
        now=now,
        actor=actor,
    )
    _keep(incident, said, changes, reason=reason, now=now, actor=actor)
    return said


@transaction.atomic
def reschedule(
    *,
    incident_id: int,
    scheduled_for: datetime,
    scheduled_until: datetime | None,
    reason: str,
    now: datetime,
    actor: AbstractBaseUser,
    statement: Statement | None = None,
) -> Communication:
    """Plan a maintenance that has not begun for another time (UTC). Raises EntryError."""
    incident = locked(incident_id)
    reason = _reason(reason)
    if incident.kind != Kind.PLANNED_MAINTENANCE:
        raise EntryError("incident", f"{incident.tracking_id} is no planned maintenance.")
    check_step(incident.kind, incident.stage, Stage.RESCHEDULED)
    _check_plan(scheduled_for, scheduled_until, now)
    wanted: list[Change] = [
        (What.SCHEDULED_FOR, incident.scheduled_for, scheduled_for),
        (What.SCHEDULED_UNTIL, incident.scheduled_until, scheduled_until),
    ]
    changes = [change for change in wanted if change[1] != change[2]]
    if not changes:
        raise EntryError("scheduled_for", "is planned for that time already; give another one.")
    incident.scheduled_for, incident.scheduled_until = scheduled_for, scheduled_until
    if incident.follows_plan and scheduled_until is None:
        raise EntryError("scheduled_until", "is needed to end by itself; give the planned end.")
    move_beginning(incident, scheduled_for)
    incident.save()
    statement = statement or Statement()
    if not statement.public_text.strip():
        incident.stage = Stage.RESCHEDULED
        statement = replace(statement, public_facts=[facts(incident, "stage", at=now)])
    said = post_update(
        incident_id=incident.pk,
        stage=Stage.RESCHEDULED,
        statement=statement,
        now=now,
        actor=actor,
    )
    _keep(incident, said, changes, reason=reason, now=now, actor=actor)
    return said


@transaction.atomic
def extend(
    *,
    incident_id: int,
    scheduled_until: datetime,
    reason: str,
    now: datetime,
    actor: AbstractBaseUser,
    statement: Statement | None = None,
) -> Communication:
    """Give a maintenance that is in progress another planned end (UTC). Raises EntryError."""
    incident = locked(incident_id)
    reason = _reason(reason)
    if incident.stage != Stage.IN_PROGRESS:
        raise EntryError("incident", f"{incident.tracking_id} is no maintenance in progress.")
    if scheduled_until <= now:
        raise EntryError(
            "scheduled_until", f"{wording.clock(scheduled_until)} is over; give a time to come."
        )
    if scheduled_until > now + EARLIEST:
        raise EntryError("scheduled_until", f"{scheduled_until.year} is far away; check the year.")
    if scheduled_until == incident.scheduled_until:
        raise EntryError("scheduled_until", "is planned for that time already; give another one.")
    changes: list[Change] = [(What.SCHEDULED_UNTIL, incident.scheduled_until, scheduled_until)]
    incident.scheduled_until = scheduled_until
    incident.save()
    statement = statement or Statement()
    if not statement.public_text.strip():
        statement = replace(statement, public_facts=[facts(incident, "stage", at=now)])
    said = post_update(incident_id=incident.pk, statement=statement, now=now, actor=actor)
    _keep(incident, said, changes, reason=reason, now=now, actor=actor)
    return said


_TOLD = {What.START: "began", What.END: "ended"}


def _corrected(incident: Incident, changes: list[Change]) -> wording.WordingFacts:
    times: dict[str, datetime] = {}
    for what, before, after in changes:
        if before and after:
            name = _TOLD[What(what)]
            times |= {name: after, f"{name}_before": before}
    return wording.WordingFacts("correction", kind=incident.kind, stage=incident.stage, times=times)


def _reason(reason: str) -> str:
    reason = checked_text("reason", reason, 500)
    if not reason:
        raise EntryError("reason", "is empty; write why the time is another one.")
    return reason


def _move_start(incident: Incident, start: datetime) -> None:
    impacts = Impact.objects.filter(occurrence__incident=incident)
    early = impacts.filter(ended_at__lt=start).select_related("service", "region").first()
    if early is not None and early.ended_at is not None:
        raise EntryError(
            "started_at",
            f"{wording.clock(start)} is after {early.service.name} in {early.region.name} had"
            f" recovered ({wording.clock(early.ended_at)}); give an earlier start.",
        )
    moving = Q(started_at=incident.started_at) | Q(started_at__lt=start)
    impacts.filter(moving).update(started_at=start)
    Occurrence.objects.filter(moving, incident=incident).update(started_at=start)
    incident.started_at = start


def _move_end(incident: Incident, end: datetime) -> None:
    if incident.mitigated_at is None:
        raise EntryError(
            "ended_at", f"{incident.tracking_id} is not over; mark its regions recovered instead."
        )
    impacts = Impact.objects.filter(occurrence__incident=incident)
    late = impacts.filter(started_at__gt=end).select_related("service", "region").first()
    if late is not None:
        raise EntryError(
            "ended_at",
            f"{wording.clock(end)} is before {late.service.name} in {late.region.name} was hit"
            f" ({wording.clock(late.started_at)}); give a later end.",
        )
    moving = Q(ended_at=incident.mitigated_at) | Q(ended_at__gt=end)
    impacts.filter(moving).update(ended_at=end)
    Occurrence.objects.filter(moving, incident=incident).update(ended_at=end)
    incident.mitigated_at = end


def _check_plan(start: datetime, end: datetime | None, now: datetime) -> None:
    if start <= now:
        raise EntryError(
            "scheduled_for", f"{wording.clock(start)} is over; give a time to come, or start it."
        )
    if start > now + EARLIEST:
        raise EntryError(
            "scheduled_for", f"{start.year} lies more than ten years ahead; check the year."
        )
    if end is not None and end <= start:
        raise EntryError("scheduled_until", "ends before it starts; give a later end.")


def _keep(
    incident: Incident,
    said: Communication,
    changes: list[Change],
    *,
    reason: str,
    now: datetime,
    actor: AbstractBaseUser,
) -> None:
    TimeVersion.objects.bulk_create(
        TimeVersion(
            incident=incident,
            communication=said,
            what=what,
            before=before,
            after=after,
            reason=reason,
            actor_id=actor.pk,
            at=now,
        )
        for what, before, after in changes
    )
