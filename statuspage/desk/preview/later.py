"""When a verb of the desk is carried out: at once, in some seconds (so that it can be taken back), or at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from incidents.enqueue import enqueue
from incidents.models import ScheduledPost
from incidents.services.errors import EntryError
from incidents.services.scheduled import posts
from incidents.services.visibility import turned_public
from incidents.tasks import send_due_posts
from statuspage.desk.access import operator_of
from statuspage.desk.form.recovery import name_of, page_of
from statuspage.desk.form.typed_times import MomentError, coming_moment
from statuspage.desk.preview.confirm_receivers import say_if_confirmed
from statuspage.desk.preview.dry_run import dry_run

T = TypeVar("T")
AT_ONCE, SEND_AT = "at_once", "send_at"
# Of a form what belongs to one sending of it.
NOT_KEPT = frozenset(
    {"csrfmiddlewaretoken", "step", "shown", "token", "seen", "receivers", "look", "draft", AT_ONCE, SEND_AT}
)  # fmt: skip


def due_of(request: HttpRequest, now: datetime) -> tuple[datetime, bool] | None:
    """When the form wants it carried out (UTC), and whether only for some seconds; None: at once.

    Raises EntryError for a time that cannot be read.
    """
    if text := request.POST.get(SEND_AT, "").strip():
        try:
            return coming_moment(text, now), False
        except MomentError as error:
            raise EntryError(SEND_AT, str(error)) from error
    if AT_ONCE in request.POST or not settings.UNDO_SECONDS:
        return None
    return now + timedelta(seconds=settings.UNDO_SECONDS), True


def sent_before(request: HttpRequest) -> ScheduledPost | None:
    """What waits already, where the same form is sent twice."""
    return posts.same_post(
        page=page_of(request.path), fields=kept_fields(request), actor=operator_of(request)
    )


def kept_fields(request: HttpRequest) -> dict[str, list[str]]:
    """What was typed, for a draft of it."""
    fields = {name: [str(each) for each in values] for name, values in request.POST.lists()}
    return {k: v for k, v in fields.items() if k not in NOT_KEPT and any(v)}


def say_now_or_later(
    request: HttpRequest, tracking_id: str, verb: Callable[[], partial[T]], now: datetime
) -> T | ScheduledPost:
    """What the verb returns, carried out by the signed-in user; or the post that waits.

    What waits was tried first, and taken back: it is refused now rather than later. Raises EntryError,
    UnconfirmedError.
    """
    wanted, actor = verb(), operator_of(request)
    due = due_of(request, now)
    if due is None:
        return say_if_confirmed(request.POST, lambda: wanted(now=now, actor=actor))
    due_at, brief = due
    turns_public = dry_run(
        lambda: say_if_confirmed(request.POST, lambda: wanted(now=due_at, actor=actor)),
        turned_public,
    )
    # The page that waits for it rings, too, and a sweep finds what neither reached.
    wait = (due_at - now).total_seconds()
    if brief:
        transaction.on_commit(lambda: enqueue(send_due_posts.signature(countdown=wait)))
    return posts.schedule(
        verb=wanted,
        tracking_id=tracking_id,
        due_at=due_at,
        brief=brief,
        turns_public=turns_public,
        page=page_of(request.path),
        form=name_of(request.path),
        fields=kept_fields(request),
        now=now,
        actor=actor,
    )


def later(request: HttpRequest, post: ScheduledPost) -> HttpResponse:
    """Back to where one came from; a post that waits for longer is said, one of some seconds has its bar."""
    if not post.brief:
        when = f"{post.due_at:%-d %B %Y %H:%M} UTC"
        messages.success(request, f"It goes out at {when}; nothing was said yet.")
    return (
        redirect("desk:incident", post.tracking_id) if post.incident_id else redirect("desk:list")
    )
