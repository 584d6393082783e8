"""What was sent and waits for its time: listed, taken back, sent at once."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Body, Path, Query, Router, Status
from pydantic import BaseModel

from incidents.access import DRAFT, UPDATE, VIEW, in_scope, may
from incidents.models import ScheduledPost
from incidents.services.errors import EntryError
from incidents.services.scheduled import posts
from statuspage.api.answers import pagination
from statuspage.api.answers.problems import ProblemError, problem
from statuspage.api.answers.response_codes import reads, writes
from statuspage.api.authentication import Bearer, require, token_of
from statuspage.api.once import all_or_nothing, told_once
from statuspage.api.schemas.requests import Look, Moment, Strict

router = Router(tags=["Scheduled"])
Number = Annotated[int, Path(ge=1, lt=2**63)]


class ToldPost(BaseModel):
    """`state`: waiting, or held, because of `why`."""

    id: int
    verb: str
    tracking_id: str
    due_at: datetime
    by: str
    state: str
    why: str


class PostPage(BaseModel):
    items: list[ToldPost]
    next: str | None


class NewTime(Strict):
    due_at: Moment


@router.get("/scheduled", auth=Bearer(VIEW), response=reads(PostPage))
def list_scheduled(request: HttpRequest, asked: Query[pagination.PageAsked]) -> PostPage:
    """What waits for its time, the next one first."""
    rows, after = pagination.page_of_texts(
        list(posts.open_posts()), asked, lambda each: f"{each.due_at.isoformat()} {each.pk:019}"
    )
    return PostPage(items=[_post(each) for each in rows], next=after)


@router.put("/scheduled/{number}", auth=Bearer(DRAFT), response=writes(ToldPost, 200))
def move_scheduled(
    request: HttpRequest, number: Number, new: Body[NewTime], asked: Query[Look]
) -> ToldPost:
    """Another time for it."""
    _require_disposable(request, number)
    with all_or_nothing(asked.dry_run):
        moved = posts.move(post_id=number, due_at=new.due_at, now=timezone.now())
        if moved is None:
            raise _late()
        return _post(moved)


@router.delete("/scheduled/{number}", auth=Bearer(DRAFT), response=writes(None, 204))
def take_scheduled_back(request: HttpRequest, number: Number, asked: Query[Look]) -> Status[None]:
    """Never say it. What was typed is a draft of the token's user at the desk."""
    _require_disposable(request, number)
    with all_or_nothing(asked.dry_run):
        if not posts.take_back(post_id=number, now=timezone.now(), actor=token_of(request).user):
            raise _late()
    return Status(HTTPStatus.NO_CONTENT, None)


@router.post("/scheduled/{number}/now", auth=Bearer(DRAFT), response=writes(ToldPost, 200))
def send_scheduled_now(request: HttpRequest, number: Number, asked: Query[Look]) -> HttpResponse:
    """Send it at once, also what is held: with a token for what it does."""

    def act() -> ToldPost:
        _require_disposable(request, number)
        require(token_of(request), *posts.needs(number))
        if posts.asks_where(number):
            raise EntryError(
                "impacts", "are missing: this takes up again what is over; post it with the cells."
            )
        sent = posts.send_now(
            post_id=number, now=timezone.now(), actor=token_of(request).user, second=False
        )
        if sent is None:
            raise _late()
        return _post(sent)

    return told_once(request, act, dry_run=asked.dry_run)


def _require_disposable(request: HttpRequest, number: int) -> None:
    """Of others' posts only operators dispose. Raises ProblemError (404)."""
    token = token_of(request)
    disposes = may(token.user, UPDATE) and in_scope(token.scopes, UPDATE)
    known = posts.open_posts() if disposes else posts.open_posts().filter(by=token.user)
    if not known.filter(pk=number).exists():
        raise _late()


def _late() -> ProblemError:
    return problem(
        HTTPStatus.NOT_FOUND, "Nothing with this number waits: it was sent, or taken back, before."
    )


def _post(each: ScheduledPost) -> ToldPost:
    return ToldPost(
        id=each.pk,
        verb=each.verb,
        tracking_id=each.tracking_id,
        due_at=each.due_at,
        by=each.by.get_username(),
        state=each.state,
        why=each.why,
    )
