"""Write, preview and publish a version of the post-incident review."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from incidents.access import DRAFT, REVIEW
from incidents.models import Incident, Review, ScheduledPost
from incidents.services.drafts import throw_away
from incidents.services.errors import EntryError
from incidents.services.review import Draft, is_for_public, publish_review
from incidents.services.scheduled.review_deadlines import deadlines_of
from incidents.vocabulary import PromisedReview
from statuspage.desk.access import desk, operator_of, workable
from statuspage.desk.confirm_receivers import is_confirmed
from statuspage.desk.dry_run import dry_run, hidden_fields
from statuspage.desk.form_mapping import refuse
from statuspage.desk.form_recovery import draft_field, recovered
from statuspage.desk.later import later, say_now_or_later, sent_before
from statuspage.desk.optimistic_lock import News, StaleError, if_fresh, seen_now
from statuspage.desk.review.form import ReviewForm, draft_of, initial_of, same
from statuspage.desk.review.preview import look_at_review, reach_of
from statuspage.desk.second_person import REVIEW as OF_REVIEW
from statuspage.desk.second_person import left_to_another

T = TypeVar("T")


@desk(REVIEW, DRAFT, any_of=True)
@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """GET: the usual headings, or the latest version. POST with `step`: preview, publish, edit."""
    incident = workable(request, tracking_id)
    now = timezone.now()
    if request.method == "GET":
        latest = _latest(incident)
        initial = initial_of(draft_of(latest) if latest else None, public=is_for_public(incident))
        if typed := recovered(request):
            initial = typed.dict()
        return _form_page(request, incident, ReviewForm(now=now, initial=initial))
    if request.POST.get("step") == "edit":
        form = ReviewForm(now=now, initial=request.POST.dict())
        return _form_page(request, incident, form)
    form = ReviewForm(request.POST, now=now)
    if not form.is_valid():
        return _form_page(request, incident, form, status=422)
    try:
        return _preview_or_publish(request, incident, form.draft(), now)
    except StaleError as stale:
        latest = _latest(incident)
        if latest and latest.actor_id == operator_of(request).pk and _is(latest, form.draft()):
            messages.info(
                request, f"{_name(latest)} was published already; nothing was sent twice."
            )
            return redirect("desk:incident", incident.tracking_id)
        return _form_page(request, incident, form, news=stale.news, status=409)
    except EntryError as error:
        refuse(form, error)
        return _form_page(request, incident, form, status=422)


def _preview_or_publish(
    request: HttpRequest, incident: Incident, draft: Draft, now: datetime
) -> HttpResponse:
    user = operator_of(request)

    def act() -> partial[Review]:
        latest = _latest(incident)
        if latest and _is(latest, draft):
            raise EntryError(
                "kind",
                f"{_name(latest)} says exactly this and is published; change something first.",
            )
        return partial(publish_review, incident_id=incident.pk, draft=draft)

    def fresh(then: Callable[[], T]) -> T:
        return if_fresh(incident, request.POST.get("seen", ""), then, now=now, actor=user)

    preview = dry_run(lambda: fresh(lambda: act()(now=now, actor=user)), look_at_review)
    wanted = request.POST.get("step") == "publish"
    if not wanted or not is_confirmed(request.POST, preview.confirm):
        context = {
            "incident": incident,
            "preview": preview,
            "hidden": hidden_fields(request.POST),
            "unconfirmed": wanted,
        }
        status = 422 if wanted else 200
        return render(request, "desk/review_preview.html", context, status=status)
    if waits := left_to_another(request, OF_REVIEW, REVIEW, incident):
        return waits
    if before := sent_before(request):
        return later(request, before)
    published = fresh(lambda: say_now_or_later(request, incident.tracking_id, act, now))
    throw_away(draft_id=request.POST.get("draft", ""))
    if isinstance(published, ScheduledPost):
        return later(request, published)
    whom = "everybody" if reach_of(incident).public else "the affected customers only"
    messages.success(request, f"{_name(published)} is published, for {whom}.")
    return redirect("desk:incident", incident.tracking_id)


def _latest(incident: Incident) -> Review | None:
    return incident.reviews.order_by("-version").first()


def _is(review: Review, draft: Draft) -> bool:
    return same(draft_of(review), draft)


def _name(review: Review) -> str:
    return f"Version {review.version} of the review ({review.get_kind_display()})"


def _form_page(
    request: HttpRequest,
    incident: Incident,
    form: ReviewForm,
    *,
    news: News | None = None,
    status: int = 200,
) -> HttpResponse:
    decision = incident.decisions.order_by("-id").first()
    context = {
        "incident": incident,
        "form": form,
        "news": news,
        "draft": draft_field(request),
        "reach": reach_of(incident),
        "clocks": deadlines_of([incident], timezone.now()).get(incident.pk, ()),
        "owes_none": decision is not None and decision.review == PromisedReview.NONE,
        "versions": incident.reviews.select_related("actor").order_by("-version"),
        # A form that has been told the news carries the newest mark: the next press goes through.
        "seen": seen_now(incident) if news or request.method == "GET" else request.POST.get("seen"),
    }
    return render(request, "desk/review.html", context, status=status)
