"""Decisions: asked without acting, and those that were made; reviews as they were published."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Body, Query, Router
from pydantic import BaseModel, Field

from incidents.access import AUDIT, VIEW
from incidents.models import Decision, Review
from incidents.policy import PRESETS, FactsError, explain, parse_facts
from incidents.services.access.audit import decisions as every_decision
from incidents.services.decisions.policies import current_policy
from statuspage.api.answers import pagination
from statuspage.api.answers.problems import Wrong, problem
from statuspage.api.answers.response_codes import reads
from statuspage.api.authentication import Bearer
from statuspage.api.routers import incidents
from statuspage.api.schemas.requests import Moment, Question
from statuspage.api.schemas.responses import Verdict
from statuspage.api.writing import visible

router = Router(tags=["Decisions"])
FACTS = {
    "requestBody": {
        "content": {
            "application/json": {
                "example": {
                    "kind": "service-issue",
                    "level": "error",
                    "impacts": [{"service": "storage", "region": "east-us", "extent": "zone"}],
                    "dependents": 4,
                }
            }
        }
    }
}


class Which(Question):
    policy: str = Field("", description="azure, google or aws; the one in force, if left out.")


class Made(BaseModel):
    """A decision with its facts, and what a person made of it."""

    id: int
    tracking_id: str
    decided_at: datetime
    actor: str | None
    override_public: bool | None
    reason: str
    facts: dict[str, Any]
    decision: Verdict


class MadePage(BaseModel):
    items: list[Made]
    next: str | None


class Since(pagination.PageAsked):
    since: Moment | None = None
    until: Moment | None = None


class ToldReview(BaseModel):
    version: int
    kind: str
    for_public: bool
    published_at: datetime | None
    actor: str | None
    sections: list[dict[str, str]]
    timeline: list[dict[str, str]]
    repairs: list[dict[str, str]]
    video: str
    survey: str


class ReviewPage(BaseModel):
    items: list[ToldReview]
    next: str | None


@router.post("/decisions", auth=Bearer(VIEW), response=reads(Verdict), openapi_extra=FACTS)
def decide(request: HttpRequest, new: Body[dict[str, Any]], asked: Query[Which]) -> Verdict:
    """What the policy says of these facts; the object of `manage.py decide`. Nothing is stored."""
    if asked.policy and asked.policy not in PRESETS:
        raise problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "There is no such policy.",
            Wrong("policy", asked.policy, "is not known", f"use {', '.join(PRESETS)}"),
        )
    policy = PRESETS[asked.policy] if asked.policy else current_policy()
    try:
        explained = explain(parse_facts(new), policy)
    except FactsError as error:
        field, _, said = str(error).partition(": ")
        raise problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            str(error),
            Wrong(field, "", said, "correct it, as manage.py decide says"),
        ) from error
    return Verdict.model_validate(explained.as_dict())


@router.get("/audit/decisions", auth=Bearer(AUDIT), response=reads(MadePage))
def list_decisions(request: HttpRequest, asked: Query[Since]) -> MadePage:
    """Every decision with facts, policy, actor and reason; the newest first."""
    return _page(every_decision(since=asked.since, until=asked.until), asked)


@incidents.get(
    "/{tracking_id}/decisions",
    auth=Bearer(VIEW),
    response=reads(MadePage),
    summary="List an incident's decisions",
)
def list_decisions_of(
    request: HttpRequest, tracking_id: str, asked: Query[pagination.PageAsked]
) -> MadePage:
    """The incident's decisions, the newest first."""
    incident = visible(request, tracking_id)
    return _page(every_decision(tracking_id=incident.tracking_id), asked)


@incidents.get(
    "/{tracking_id}/reviews",
    auth=Bearer(VIEW),
    response=reads(ReviewPage),
    summary="List an incident's reviews",
)
def list_reviews_of(
    request: HttpRequest, tracking_id: str, asked: Query[pagination.PageAsked]
) -> ReviewPage:
    """Every version of the incident's review, the newest first."""
    reviews = visible(request, tracking_id).reviews.select_related("actor")
    rows, after = pagination.page(reviews, asked, ("version",))
    return ReviewPage(items=[_review(each) for each in rows], next=after)


def _page(found: QuerySet[Decision], asked: pagination.PageAsked) -> MadePage:
    rows, after = pagination.page(found, asked, ("id",))
    return MadePage(items=[_made(each) for each in rows], next=after)


def _made(each: Decision) -> Made:
    return Made(
        id=each.pk,
        tracking_id=each.incident.tracking_id,
        decided_at=each.decided_at,
        actor=each.actor.get_username() if each.actor else None,
        override_public=each.override_public,
        reason=each.reason,
        facts=each.facts,
        decision=Verdict.model_validate(each.verdict),
    )


def _review(each: Review) -> ToldReview:
    return ToldReview(
        version=each.version,
        kind=each.kind,
        for_public=each.for_public,
        published_at=each.published_at,
        actor=each.actor.get_username() if each.actor else None,
        sections=[
            {"heading": row.heading, "text": row.text} for row in each.sections.order_by("position")
        ],
        timeline=[
            {"at": row.at.isoformat(), "text": row.text}
            for row in each.timeline.order_by("position")
        ],
        repairs=[
            {"text": row.text, "owner": row.owner, "state": row.state, "due": row.due}
            for row in each.repair_items.order_by("position")
        ],
        video=each.video,
        survey=each.survey,
    )
