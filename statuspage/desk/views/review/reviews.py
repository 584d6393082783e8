"""Write, preview and publish a version of the post-incident review."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST

from incidents.access import DRAFT, REVIEW
from incidents.models import Incident, Review, ScheduledPost
from incidents.services.desk.drafts import throw_away
from incidents.services.errors import EntryError
from incidents.services.reviews.review import Draft, is_for_public, publish_review
from incidents.services.scheduled.review_deadlines import deadlines_of
from incidents.vocabulary import PromisedReview, ReviewKind
from statuspage.desk.access import desk, operator_of, workable
from statuspage.desk.form.mapping import refuse
from statuspage.desk.form.optimistic_lock import News, StaleError, if_fresh, seen_now
from statuspage.desk.form.recovery import draft_field, recovered
from statuspage.desk.form.samples import changes
from statuspage.desk.preview.confirm_receivers import is_confirmed
from statuspage.desk.preview.dry_run import dry_run, hidden_fields, html_of
from statuspage.desk.preview.later import later, say_now_or_later, sent_before
from statuspage.desk.preview.second_person import REVIEW as OF_REVIEW
from statuspage.desk.preview.second_person import left_to_another
from statuspage.desk.review.form import MOST_TEXT, ReviewForm, initial_of, review_as_draft, same
from statuspage.desk.review.lines import LinesError, repair_lines, timeline_lines
from statuspage.desk.review.markdown_file import of_markdown, to_markdown
from statuspage.desk.review.preview import look_at_review, reach_of
from statuspage.desk.review.proposal import with_figures, with_proposed
from statuspage.desk.views.setup.samples import framing

T = TypeVar("T")


@desk(REVIEW, DRAFT, any_of=True)
@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """GET: the usual headings, or the latest version. POST with `step`: preview, publish, edit."""
    incident = workable(request, tracking_id)
    now = timezone.now()
    if request.method == "GET":
        latest = _latest(incident)
        initial = initial_of(
            review_as_draft(latest) if latest else None, public=is_for_public(incident)
        )
        if typed := recovered(request, "review"):
            initial = typed.dict()
        return _form_page(request, incident, ReviewForm(now=now, initial=initial))
    step = request.POST.get("step", "")
    if step == "export":
        return _as_file(incident, request.POST)
    if step in ("edit", "propose", "figures", "import"):
        return _again(request, incident, step, now)
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


def _as_file(incident: Incident, data: QueryDict) -> HttpResponse:
    """What is typed, as Markdown; also what could not be published yet."""
    text = to_markdown({name: data.get(name, "") for name in data})
    response = HttpResponse(text, content_type="text/markdown; charset=utf-8")
    name = f"review-{incident.tracking_id}.md"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _again(request: HttpRequest, incident: Incident, step: str, now: datetime) -> HttpResponse:
    """The form as it was typed; with the proposed time line or figures, or filled from a Markdown text."""
    initial = request.POST.dict()
    form = ReviewForm(now=now, initial=initial)
    if step == "propose":
        initial["timeline"] = with_proposed(initial.get("timeline", ""), incident)
        form = ReviewForm(now=now, initial=initial)
    if step == "figures":
        initial["text_1"] = with_figures(initial.get("text_1", ""), incident)
        form = ReviewForm(now=now, initial=initial)
    if step == "import":
        try:
            read = of_markdown(initial.get("markdown", ""))
        except LinesError as error:
            context = {"import_faults": error.faults, "markdown": initial.get("markdown", "")}
            return _form_page(request, incident, form, more=context, status=422)
        form = ReviewForm(now=now, initial={"kind": initial.get("kind", "")} | read)
        messages.info(request, "The form is filled from the text; nothing is published yet.")
    return _form_page(request, incident, form)


@desk(REVIEW, DRAFT, any_of=True)
@require_POST
def live(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """The page beside the form while it is being written; a fragment for htmx."""
    workable(request, tracking_id)
    form = ReviewForm(now=timezone.now(), initial=request.POST.dict())
    sections = [
        (heading.value() or "", html_of((text.value() or "")[:MOST_TEXT]))
        for _, heading, text in form.sections
        if (text.value() or "").strip()
    ]
    return render(request, "desk/_review_live.html", {"sections": sections})


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
            "news": _news(_latest(incident), draft),
            "open_comments": incident.review_comments.filter(settled_at__isnull=True).count(),
        }
        status = 422 if wanted else 200
        return framing(render(request, "desk/review_preview.html", context, status=status))
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


def _news(latest: Review | None, draft: Draft) -> list[tuple[str, SafeString]]:
    """By heading what is new against the version before; nothing of a first one."""
    if latest is None:
        return []
    before, after = _by_heading(review_as_draft(latest)), _by_heading(draft)
    return [
        (heading, changes(before.get(heading, ""), after.get(heading, "")))
        for heading in dict.fromkeys([*after, *before])
        if before.get(heading, "").strip() != after.get(heading, "").strip()
    ]


def _by_heading(draft: Draft) -> dict[str, str]:
    """All that a version says, its kind, time line and repair items included."""
    return {
        "Kind": ReviewKind(draft.kind).label,
        **{each.heading: each.text for each in draft.sections},
        "Timeline": timeline_lines(sorted(draft.timeline)),
        "Repair items": repair_lines(draft.repairs),
    }


def _latest(incident: Incident) -> Review | None:
    return incident.reviews.order_by("-version").first()


def _is(review: Review, draft: Draft) -> bool:
    return same(review_as_draft(review), draft)


def _name(review: Review) -> str:
    return f"Version {review.version} of the review ({review.get_kind_display()})"


def _form_page(
    request: HttpRequest,
    incident: Incident,
    form: ReviewForm,
    *,
    news: News | None = None,
    more: Mapping[str, object] | None = None,
    status: int = 200,
) -> HttpResponse:
    decision = incident.decisions.order_by("-id").first()
    typed = recovered(request, "review-comments")
    comments = list(incident.review_comments.select_related("by", "settled_by").order_by("id"))
    context = {
        "comments": comments,
        "comment": typed.get("comment", "") if typed else "",
        "open_comments": sum(each.settled_at is None for each in comments),
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
    return render(request, "desk/review.html", {**context, **(more or {})}, status=status)
