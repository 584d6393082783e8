"""What is done once the words are out: tried again, separated again, repaired, commented, looked back upon."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from django.db import transaction
from django.db.models import Avg
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Body, Path, Query, Router, Status
from pydantic import BaseModel, Field

from incidents.access import MERGE, RETRY, REVIEW, VIEW
from incidents.models import RepairItem, ReviewComment, ReviewFeedback
from incidents.policy import PRESETS
from incidents.replay.backtest_cases import case_of
from incidents.replay.recordings import MomentsError
from incidents.replay.replay import replay
from incidents.services.decisions.policies import current_policy
from incidents.services.merge import unmerge
from incidents.services.reviews import review_comments
from incidents.services.reviews.repairs import change_repair, is_overdue, open_repairs
from incidents.vocabulary import RepairState
from notifications import tasks
from notifications.delivery import retry
from statuspage.api.answers import pagination
from statuspage.api.answers.problems import Wrong, problem
from statuspage.api.answers.response_codes import reads, writes
from statuspage.api.authentication import Bearer, token_of
from statuspage.api.once import all_or_nothing, told_once
from statuspage.api.routers import incidents
from statuspage.api.schemas.requests import Asked, Look, Question, Strict
from statuspage.api.schemas.responses import IncidentWhole, whole_of
from statuspage.api.writing import visible
from statuspage.desk.preview.confirm_receivers import many

router = Router(tags=["Reviews"])
Number = Annotated[int, Path(ge=1, lt=2**63)]
FEEDBACK_SHOWN = 200


class TriedAgain(BaseModel):
    """Failed deliveries that are due again."""

    dry_run: bool
    tried_again: int


class ToldRepair(BaseModel):
    id: int
    tracking_id: str
    text: str
    owner: str
    state: str
    due: str
    overdue: bool


class RepairPage(BaseModel):
    items: list[ToldRepair]
    next: str | None


class RepairNow(Strict):
    """`due`: the month in which it will be done, as 2026-03; empty: none is promised."""

    state: RepairState
    owner: str = ""
    due: str = ""


class NewComment(Strict):
    comment: str = Field(max_length=review_comments.LONGEST)


class ToldComment(BaseModel):
    id: int
    comment: str
    by: str
    at: datetime
    settled_at: datetime | None


class CommentPage(BaseModel):
    items: list[ToldComment]
    next: str | None


class ToldFeedback(BaseModel):
    """Averages from 1 to 5. `missing`: what readers say is not in the review, the newest first."""

    answers: int
    useful: float | None
    clear: float | None
    missing: list[str]


class Which(Question):
    policy: str = Field("", description="azure, google or aws; the one in force, if left out.")


@incidents.post(
    "/{tracking_id}/deliveries/retry", auth=Bearer(RETRY), response=writes(TriedAgain, 200)
)
def retry_deliveries(request: HttpRequest, tracking_id: str, asked: Query[Asked]) -> HttpResponse:
    """Try again what failed and may be tried again; very many only with `confirm`."""
    incident = visible(request, tracking_id)

    def act() -> TriedAgain:
        count = retry.retry(
            incident_id=incident.pk, now=timezone.now(), actor=token_of(request).user
        )
        if not asked.dry_run and (receivers := many(count)) > asked.confirm:
            raise problem(
                HTTPStatus.CONFLICT,
                f"{receivers} deliveries would be tried again; nothing was done."
                f" If that is meant, send it again with ?confirm={receivers}.",
                confirm=receivers,
            )
        if count and not asked.dry_run:
            transaction.on_commit(tasks.wake_senders)
        return TriedAgain(dry_run=asked.dry_run, tried_again=count)

    return told_once(request, act, dry_run=asked.dry_run)


@incidents.post("/{tracking_id}/unmerge", auth=Bearer(MERGE), response=writes(IncidentWhole, 200))
def unmerge_from_another(
    request: HttpRequest, tracking_id: str, asked: Query[Look]
) -> HttpResponse:
    """Let an absorbed incident stand for itself again; an update re-opens it."""
    incident = visible(request, tracking_id)

    def act() -> IncidentWhole:
        unmerge(incident_id=incident.pk, now=timezone.now(), actor=token_of(request).user)
        return whole_of(visible(request, tracking_id))

    return told_once(request, act, dry_run=asked.dry_run)


@incidents.get("/{tracking_id}/replay", auth=Bearer(VIEW), response=reads(dict[str, Any]))
def replay_decisions(request: HttpRequest, tracking_id: str, asked: Query[Which]) -> dict[str, Any]:
    """The recorded facts decided again, moment by moment, beside what was really said."""
    if asked.policy and asked.policy not in PRESETS:
        raise problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "There is no such policy.",
            Wrong("policy", asked.policy, "is not known", f"use {', '.join(PRESETS)}"),
        )
    chosen = PRESETS[asked.policy] if asked.policy else current_policy()
    try:
        case = case_of(visible(request, tracking_id))
    except MomentsError as error:
        raise problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{error}.") from error
    if case is None:
        raise problem(HTTPStatus.NOT_FOUND, "Nothing is recorded of this incident.")
    return replay(case.points, chosen, case.really_public_at).as_dict()


@incidents.get("/{tracking_id}/feedback", auth=Bearer(VIEW), response=reads(ToldFeedback))
def show_feedback(request: HttpRequest, tracking_id: str) -> ToldFeedback:
    """What readers answered to the review."""
    given = ReviewFeedback.objects.filter(review__incident=visible(request, tracking_id))
    words = given.exclude(missing="").order_by("-given_on", "-id")
    averages = given.aggregate(useful=Avg("useful"), clear=Avg("clear"))
    return ToldFeedback(
        answers=given.count(),
        missing=list(words.values_list("missing", flat=True)[:FEEDBACK_SHOWN]),
        **averages,
    )


@incidents.get("/{tracking_id}/review/comments", auth=Bearer(VIEW), response=reads(CommentPage))
def list_review_comments(
    request: HttpRequest, tracking_id: str, asked: Query[pagination.PageAsked]
) -> CommentPage:
    """What people at the desk say to each other of the review, the newest first."""
    rows = ReviewComment.objects.filter(incident=visible(request, tracking_id))
    found, after = pagination.page(rows.select_related("by"), asked, ("id",))
    return CommentPage(items=[_comment(each) for each in found], next=after)


@incidents.post(
    "/{tracking_id}/review/comments", auth=Bearer(VIEW), response=writes(ToldComment, 200, 201)
)
def comment_on_the_review(
    request: HttpRequest, tracking_id: str, new: Body[NewComment], asked: Query[Look]
) -> HttpResponse:
    """Say something of the review; it never leaves the desk."""
    incident = visible(request, tracking_id)

    def act() -> ToldComment:
        made = review_comments.comment(
            incident_id=incident.pk,
            text=new.comment,
            now=timezone.now(),
            actor=token_of(request).user,
        )
        return _comment(made)

    return told_once(request, act, status=HTTPStatus.CREATED, dry_run=asked.dry_run)


@incidents.delete(
    "/{tracking_id}/review/comments/{number}", auth=Bearer(VIEW), response=writes(None, 204)
)
def resolve_a_comment(
    request: HttpRequest, tracking_id: str, number: Number, asked: Query[Look]
) -> Status[None]:
    """It has been seen to. It stays, as resolved."""
    with all_or_nothing(asked.dry_run):
        done = review_comments.resolve(
            comment_id=number,
            incident_id=visible(request, tracking_id).pk,
            now=timezone.now(),
            actor=token_of(request).user,
        )
        if not done:
            raise problem(HTTPStatus.NOT_FOUND, "There is no open comment with this number.")
    return Status(HTTPStatus.NO_CONTENT, None)


@router.get("/repairs", auth=Bearer(VIEW), response=reads(RepairPage))
def list_repairs(request: HttpRequest, asked: Query[pagination.PageAsked]) -> RepairPage:
    """What reviews have promised and is not done, the newest promise first."""
    rows, after = pagination.page(open_repairs(), asked, ("id",))
    return RepairPage(items=[_repair(each) for each in rows], next=after)


@router.put("/repairs/{number}", auth=Bearer(REVIEW), response=writes(ToldRepair, 200))
def change_a_repair(
    request: HttpRequest, number: Number, new: Body[RepairNow], asked: Query[Look]
) -> ToldRepair:
    """How far a repair is; the public page follows, nobody is told."""
    with all_or_nothing(asked.dry_run):
        return _repair(
            change_repair(repair_id=number, state=new.state, owner=new.owner, due=new.due)
        )


def _repair(each: RepairItem) -> ToldRepair:
    return ToldRepair(
        id=each.pk,
        tracking_id=each.review.incident.tracking_id,
        text=each.text,
        owner=each.owner,
        state=each.state,
        due=each.due,
        overdue=is_overdue(each, timezone.now()),
    )


def _comment(each: ReviewComment) -> ToldComment:
    return ToldComment(
        id=each.pk,
        comment=each.text,
        by=each.by.get_username(),
        at=each.at,
        settled_at=each.settled_at,
    )
