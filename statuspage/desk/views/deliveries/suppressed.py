"""Addresses that nothing is sent to any more: why, whom it silences, and lifting it."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from incidents.access import LIFT, LOOK, VIEW
from notifications.audience import unreached
from notifications.delivery import retry
from notifications.inbound import suppression
from notifications.models import Bounce, Endpoint, OperatorAct
from statuspage.desk.access import desk, operator_of
from statuspage.desk.form.fields import DeskForm
from statuspage.desk.form.recovery import blank

A_PAGE = 50
ACTS_SHOWN = 20
BOUNCES_SHOWN = 10


class LiftForm(DeskForm):
    reason = forms.CharField(
        max_length=suppression.LONGEST_REASON,
        label="Why will messages arrive now?",
        error_messages={"required": "Write why messages will arrive now."},
    )


@desk(VIEW, LOOK, any_of=True)
@require_safe
def suppressed(request: HttpRequest) -> HttpResponse:
    page = Paginator(suppression.suppressed(), A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(each, _owners(each), _source(each)) for each in page.object_list],
        "silenced": unreached.silenced(),
        "limit": settings.BOUNCE_SOFT_LIMIT,
        "days": settings.BOUNCE_WINDOW_DAYS,
        "acts": OperatorAct.objects.filter(what=OperatorAct.What.LIFT)
        .select_related("endpoint", "actor")
        .order_by("-id")[:ACTS_SHOWN],
    }
    return render(request, "desk/suppressed.html", context)


@desk(LIFT)
@require_http_methods(["GET", "HEAD", "POST"])
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = get_object_or_404(Endpoint, pk=pk, suppressed_at__isnull=False)
    now = timezone.now()
    if request.method != "POST":
        return _page(request, endpoint, blank(LiftForm, request, now=now))
    form = LiftForm(request.POST, now=now)
    if not form.is_valid():
        return _page(request, endpoint, form, status=422)
    since = endpoint.suppressed_at or now
    try:
        suppression.lift(
            endpoint_id=pk,
            reason=form.cleaned_data["reason"],
            now=now,
            actor=operator_of(request),
        )
    except suppression.LiftError as error:
        messages.error(request, str(error))
    else:
        missed = retry.replay_missed(
            endpoint_id=pk, since=since, now=now, actor=operator_of(request)
        )
        also = f" What it has missed leaves now: {missed}." if missed else ""
        messages.success(request, f"{endpoint.label} is sent to again.{also}")
    return redirect("desk:suppressed")


def _page(
    request: HttpRequest, endpoint: Endpoint, form: LiftForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "endpoint": endpoint,
        "form": form,
        "bounces": endpoint.bounces.order_by("-at")[:BOUNCES_SHOWN],
    }
    return render(request, "desk/lift.html", context, status=status)


def _owners(endpoint: Endpoint) -> list[str]:
    """Names of the tenants that it speaks for."""
    owners = {each.name for each in endpoint.contact_of.all()}
    owners |= {group.tenant.name for group in endpoint.action_groups.all()}
    if endpoint.tenant is not None:
        owners.add(endpoint.tenant.name)
    return sorted(owners)


def _source(endpoint: Endpoint) -> str:
    """How the latest bounce is known, in words; empty if nothing came back."""
    words: dict[str | None, str] = dict(Bounce.Source.choices)
    return words.get(endpoint.last_source, "")  # type: ignore[attr-defined]  # annotated by suppressed
