"""What is done at `/api/v1/incidents`: declare, update, recover, review; what the desk does, by the same verbs."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Body, Query

from incidents import lifecycle
from incidents.access import DECLARE, OVERRIDE, REVIEW, UPDATE
from incidents.models import Communication, Incident, Region, Service
from incidents.services.decisions import operator_decisions
from incidents.services.errors import EntryError
from incidents.services.incident import declare, post_update, recover
from incidents.services.inputs import Changes, Declaration, Override, Statement
from incidents.services.reviews.review import Draft, Section, publish_review
from incidents.services.reviews.review import Repair as RepairDraft
from incidents.vocabulary import Kind, TargetedChannel
from statuspage.api.authentication import Bearer, require, token_of
from statuspage.api.catalogue_lookup import found, hits_of
from statuspage.api.routers import incidents
from statuspage.api.schemas.requests import (
    Asked,
    Choice,
    NewAudience,
    NewIncident,
    NewReview,
    NewUpdate,
    Recovery,
    Words,
)
from statuspage.api.writing import DONE, MADE, Done, carry_out, require_alone, workable
from statuspage.desk.form.mapping import first_stage
from statuspage.desk.preview.second_person import REVIEW as OF_REVIEW
from statuspage.desk.review.form import kind_of


@incidents.post("", auth=Bearer(DECLARE), response=MADE)
def declare_incident(
    request: HttpRequest, new: Body[NewIncident], asked: Query[Asked]
) -> HttpResponse:
    """Declare an incident: the policy decides, and whoever is concerned is told at once."""
    now = timezone.now()
    declaration = _declaration(new, now)

    def act() -> Done:
        incident = declare(
            declaration=declaration,
            now=now,
            actor=token_of(request).user,
            override=_override(request, new.override),
        )
        return incident, incident.communications.get()

    return carry_out(request, asked, act, status=HTTPStatus.CREATED)


@incidents.post("/{tracking_id}/updates", auth=Bearer(UPDATE), response=MADE)
def post_an_update(
    request: HttpRequest, tracking_id: str, new: Body[NewUpdate], asked: Query[Asked]
) -> HttpResponse:
    """Say something new, with the facts that changed: stage, level, cells hit besides."""
    incident, now = workable(request, tracking_id), timezone.now()
    changes = Changes(
        level=new.level,
        audience=new.audience,
        dependents=new.dependents,
        targeted_channel_available=(
            None
            if new.targeted_channel is None
            else new.targeted_channel == TargetedChannel.AVAILABLE
        ),
        hits=hits_of(new.impacts),
        at=new.at,
    )

    def act() -> Done:
        incident.refresh_from_db()
        _say_where(incident, new)
        said = post_update(
            incident_id=incident.pk,
            now=now,
            stage=new.stage,
            statement=statement_of(new),
            changes=changes,
            actor=token_of(request).user,
            override=_override(request, new.override),
        )
        return said.incident, said

    return carry_out(request, asked, act, incident=incident, status=HTTPStatus.CREATED)


@incidents.post("/{tracking_id}/recoveries", auth=Bearer(UPDATE), response=MADE)
def mark_recovered(
    request: HttpRequest, tracking_id: str, new: Body[Recovery], asked: Query[Asked]
) -> HttpResponse:
    """Mark regions (or services there) recovered; the last one mitigates the incident."""
    incident, now = workable(request, tracking_id), timezone.now()
    regions = found("regions", new.regions, Region)
    services = found("services", new.services, Service)

    def act() -> Done:
        said = recover(
            incident_id=incident.pk,
            regions=regions,
            services=services,
            at=new.at or now,
            now=now,
            statement=statement_of(new),
            actor=token_of(request).user,
        )
        return said.incident, said

    return carry_out(request, asked, act, incident=incident, status=HTTPStatus.CREATED)


@incidents.put("/{tracking_id}/audience", auth=Bearer(UPDATE), response=DONE)
def set_the_audience(
    request: HttpRequest, tracking_id: str, new: Body[NewAudience], asked: Query[Asked]
) -> HttpResponse:
    """Say how well the affected customers are known; they are told. The same again changes nothing."""
    incident, now = workable(request, tracking_id), timezone.now()

    def act() -> Done:
        incident.refresh_from_db()
        said: Communication | None = None
        if incident.audience != new.audience or new.public_text or new.targeted_text:
            said = operator_decisions.set_audience(
                incident_id=incident.pk,
                audience=new.audience,
                statement=statement_of(new),
                now=now,
                actor=token_of(request).user,
            )
            incident.refresh_from_db()
        return incident, said

    return carry_out(request, asked, act, incident=incident)


@incidents.post("/{tracking_id}/review", auth=Bearer(REVIEW), response=MADE)
def publish_a_review(
    request: HttpRequest, tracking_id: str, new: Body[NewReview], asked: Query[Asked]
) -> HttpResponse:
    """Publish the next version of the review: for everybody, or for the affected customers alone."""
    require_alone(OF_REVIEW)
    incident, now = workable(request, tracking_id), timezone.now()
    draft = Draft(
        kind=new.kind,
        sections=[Section(kind_of(each.heading), each.heading, each.text) for each in new.sections],
        timeline=[(each.at, each.text) for each in new.timeline],
        repairs=[
            RepairDraft(each.text, owner=each.owner, state=each.state, due=each.due)
            for each in new.repairs
        ],
        video=new.video,
        survey=new.survey,
    )

    def act() -> Done:
        review = publish_review(
            incident_id=incident.pk, draft=draft, now=now, actor=token_of(request).user
        )
        return review.incident, review.incident.communications.order_by("-number")[0]

    return carry_out(request, asked, act, incident=incident, status=HTTPStatus.CREATED)


def _declaration(new: NewIncident, now: datetime) -> Declaration:
    planned = new.kind == Kind.PLANNED_MAINTENANCE
    if planned and new.scheduled_start is None:
        raise EntryError("scheduled_start", "is missing; a maintenance needs a start.")
    started_at = (new.scheduled_start if planned else new.started_at) or now
    return Declaration(
        kind=new.kind,
        level=new.level,
        stage=new.stage or first_stage(planned=planned, begun=started_at <= now),
        public_title=new.public_title,
        internal_title=new.internal_title,
        hits=hits_of(new.impacts),
        started_at=started_at,
        detected_at=new.detected_at,
        scheduled_for=new.scheduled_start,
        scheduled_until=new.scheduled_end,
        follows_plan=planned and new.follows_plan,
        audience=new.audience,
        dependents=new.dependents,
        targeted_channel_available=new.targeted_channel == TargetedChannel.AVAILABLE,
        platform_fault=new.platform_fault,
        statement=statement_of(new),
        drill=new.drill,
    )


def _say_where(incident: Incident, new: NewUpdate) -> None:
    """Whoever takes up again what was over says where impact is back, as at the desk. Raises EntryError."""
    again = lifecycle.reopens(incident.stage, new.stage or incident.stage)
    if again and not new.impacts and not new.everywhere:
        raise EntryError(
            "impacts",
            "is missing, and this takes the incident up again; name where impact is back, or send"
            ' "everywhere": true if it is back wherever it was last.',
        )


def statement_of(new: Words) -> Statement:
    """What a verb takes for words."""
    return Statement(
        public_text=new.public_text,
        targeted_text=new.targeted_text,
        next_update_by=new.next_update_at,
    )


def _override(request: HttpRequest, choice: Choice | None) -> Override | None:
    if choice is None:
        return None
    require(token_of(request), OVERRIDE)
    return Override(public=choice.public, reason=choice.reason)
