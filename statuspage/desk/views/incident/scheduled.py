"""What was sent and is not said yet: its bar, while it can be taken back, and the list of what waits for its time."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from incidents.access import DRAFT, UPDATE, VIEW, may
from incidents.models import ScheduledPost
from incidents.services.errors import EntryError
from incidents.services.scheduled import posts
from statuspage.desk.access import desk, operator_of
from statuspage.desk.form.typed_times import MomentError, coming_moment
from statuspage.desk.preview.later import SEND_AT

TAKEN_BACK = "Taken back: nobody was told. What was typed is here again."
ASKED = (
    "Nothing was sent yet: this takes up again what is over. Say where impact is back, and post it."
)
TOO_LATE = "Too late: it was sent, or taken back, before."


@desk(VIEW, write=DRAFT)
@require_http_methods(["GET", "HEAD", "POST"])
def bar(request: HttpRequest) -> HttpResponse:
    """What the signed-in person may take back, for htmx. POST, once the time is over: carries out what is due."""
    now, user = timezone.now(), operator_of(request)
    if request.method == "POST":
        posts.send_due(now=now)
    context = {"undo": posts.undoable(user.pk), "sent": posts.just_sent(user.pk, now=now)}
    response = render(request, "desk/_undo.html", context)
    response["X-Now"] = now.isoformat()
    return response


@desk(DRAFT)
@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """`do`: `take-back`, `cancel-series`, `now`, or `move` to `send_at`. Of others' posts only operators dispose."""
    now, actor, do = timezone.now(), operator_of(request), request.POST.get("do")
    known = posts.open_posts() if may(actor, UPDATE) else posts.open_posts().filter(by=actor)
    if not known.filter(pk=pk).exists():
        messages.warning(request, TOO_LATE)
        return redirect("desk:list")
    if do == "cancel-series":
        count = posts.cancel_series(post_id=pk, now=now, actor=actor)
        messages.success(
            request,
            f"{count} windows are cancelled; nobody was told of them. What is announced already stays.",
        )
        return redirect("desk:list")
    asks = do == "now" and posts.asks_where(pk)
    if asks or do == "take-back":
        if draft := posts.take_back(post_id=pk, now=now, actor=actor):
            messages.success(request, ASKED if asks else TAKEN_BACK)
            return redirect(f"{draft.page}?draft={draft.pk}")
        messages.warning(request, TOO_LATE)
        return redirect("desk:list")
    try:
        if do == "move":
            due_at = coming_moment(request.POST.get(SEND_AT, ""), now)
            post = posts.move(post_id=pk, due_at=due_at, now=now)
        else:
            post = posts.send_now(post_id=pk, now=now, actor=actor)
    except (EntryError, MomentError) as error:
        messages.error(request, f"Nothing was changed. {error}")
        return redirect("desk:list")
    if post is None:
        messages.warning(request, TOO_LATE)
    elif post.state == ScheduledPost.State.SENT:
        messages.success(request, f"Sent. {post.name} is out.")
        return redirect("desk:incident", post.tracking_id)
    else:
        messages.success(request, f"{post.name} goes out at {post.due_at:%-d %B %Y %H:%M} UTC.")
    return redirect("desk:list")
