"""What a person decides about an incident: confirm, override, withdraw, retract, correct, reschedule, merge."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Body, Query

from incidents.access import CONFIRM, MERGE, OVERRIDE, RETRACT, UPDATE, WITHDRAW
from incidents.services import corrections, visibility
from incidents.services.decisions import operator_decisions
from incidents.services.inputs import Statement
from incidents.services.merge import merge
from incidents.services.retraction import retract
from statuspage.api.authentication import Bearer, token_of
from statuspage.api.incidents.writes import statement_of
from statuspage.api.routers import incidents
from statuspage.api.schemas.requests import Asked, Choice, Moment, Strict, Words
from statuspage.api.writing import DONE, MADE, Done, carry_out, require_alone, workable
from statuspage.desk.preview.second_person import WITHDRAWAL


class Confirmation(Strict):
    public_text: str = ""


class OverrideOf(Choice):
    public_text: str = ""


class Reason(Strict):
    reason: str


class Retraction(Strict):
    reason: str
    public_text: str = ""
    targeted_text: str = ""


class Times(Words):
    """Times that turned out to be others; what is left out stays."""

    started_at: Moment | None = None
    ended_at: Moment | None = None
    reason: str


class Schedule(Words):
    scheduled_start: Moment
    scheduled_end: Moment | None = None
    reason: str


class Merge(Words):
    """`into`: the tracking ID of the incident that goes on."""

    into: str
    reason: str


@incidents.post("/{tracking_id}/confirmation", auth=Bearer(CONFIRM), response=MADE)
def confirm_the_public_post(
    request: HttpRequest, tracking_id: str, new: Body[Confirmation], asked: Query[Asked]
) -> HttpResponse:
    """Post now what waits for a person."""
    incident, now = workable(request, tracking_id), timezone.now()

    def act() -> Done:
        said = operator_decisions.confirm(
            incident_id=incident.pk,
            public_text=new.public_text,
            now=now,
            actor=token_of(request).user,
        )
        return said.incident, said

    return carry_out(request, asked, act, incident=incident, status=HTTPStatus.CREATED)


@incidents.post("/{tracking_id}/override", auth=Bearer(OVERRIDE), response=MADE)
def override_the_policy(
    request: HttpRequest, tracking_id: str, new: Body[OverrideOf], asked: Query[Asked]
) -> HttpResponse:
    """Choose the other thing than the policy, with a reason that is kept."""
    incident, now = workable(request, tracking_id), timezone.now()

    def act() -> Done:
        said = operator_decisions.override(
            incident_id=incident.pk,
            public=new.public,
            reason=new.reason,
            public_text=new.public_text,
            now=now,
            actor=token_of(request).user,
        )
        incident.refresh_from_db()
        return incident, said

    return carry_out(request, asked, act, incident=incident, status=HTTPStatus.CREATED)


@incidents.post("/{tracking_id}/withdrawal", auth=Bearer(WITHDRAW), response=MADE)
def withdraw_the_entry(
    request: HttpRequest, tracking_id: str, new: Body[Reason], asked: Query[Asked]
) -> HttpResponse:
    """Take a public entry off; its address answers 410 with the reason from then on."""
    require_alone(WITHDRAWAL)
    incident, now = workable(request, tracking_id), timezone.now()

    def act() -> Done:
        visibility.withdraw(
            incident_id=incident.pk, reason=new.reason, now=now, actor=token_of(request).user
        )
        incident.refresh_from_db()
        return incident, None

    return carry_out(request, asked, act, incident=incident, status=HTTPStatus.CREATED)


@incidents.post("/{tracking_id}/retraction", auth=Bearer(RETRACT), response=MADE)
def retract_a_false_positive(
    request: HttpRequest, tracking_id: str, new: Body[Retraction], asked: Query[Asked]
) -> HttpResponse:
    """Say that there was no impact: exactly those who were told hear of it."""
    incident, now = workable(request, tracking_id), timezone.now()

    def act() -> Done:
        said = retract(
            incident_id=incident.pk,
            reason=new.reason,
            public_text=new.public_text,
            targeted_text=new.targeted_text,
            now=now,
            actor=token_of(request).user,
        )
        return said.incident, said

    return carry_out(request, asked, act, incident=incident, status=HTTPStatus.CREATED)


@incidents.put("/{tracking_id}/times", auth=Bearer(UPDATE), response=DONE)
def correct_the_times(
    request: HttpRequest, tracking_id: str, new: Body[Times], asked: Query[Asked]
) -> HttpResponse:
    """Correct when an incident began or was over; everybody who was told hears of it."""
    incident, now = workable(request, tracking_id), timezone.now()

    def act() -> Done:
        said = corrections.correct_times(
            incident_id=incident.pk,
            started_at=new.started_at,
            ended_at=new.ended_at,
            reason=new.reason,
            statement=statement_of(new),
            now=now,
            actor=token_of(request).user,
        )
        return said.incident, said

    return carry_out(request, asked, act, incident=incident)


@incidents.put("/{tracking_id}/schedule", auth=Bearer(UPDATE), response=DONE)
def reschedule_a_maintenance(
    request: HttpRequest, tracking_id: str, new: Body[Schedule], asked: Query[Asked]
) -> HttpResponse:
    """Plan a maintenance that has not begun for another time."""
    incident, now = workable(request, tracking_id), timezone.now()

    def act() -> Done:
        said = corrections.reschedule(
            incident_id=incident.pk,
            scheduled_for=new.scheduled_start,
            scheduled_until=new.scheduled_end,
            reason=new.reason,
            statement=statement_of(new),
            now=now,
            actor=token_of(request).user,
        )
        return said.incident, said

    return carry_out(request, asked, act, incident=incident)


@incidents.post("/{tracking_id}/merge", auth=Bearer(MERGE), response=MADE)
def merge_into_another(
    request: HttpRequest, tracking_id: str, new: Body[Merge], asked: Query[Asked]
) -> HttpResponse:
    """Absorb this incident into another one, which goes on alone."""
    incident, survivor = workable(request, tracking_id), workable(request, new.into)
    now = timezone.now()
    statement: Statement = statement_of(new)

    def act() -> Done:
        said = merge(
            absorbed_id=incident.pk,
            into_id=survivor.pk,
            reason=new.reason,
            statement=statement,
            now=now,
            actor=token_of(request).user,
        )
        return said.incident, said

    return carry_out(request, asked, act, incident=incident, status=HTTPStatus.CREATED)
