"""Two tracking IDs, one incident: the page that asks once more, the merge, and its undoing."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from incidents.models import Communication, Incident
from incidents.services.entries import Statement
from incidents.services.errors import EntryError
from incidents.services.merge import merge, unmerge
from statuspage.desk.access import WORK, desk, incidents_for, operator_of, workable
from statuspage.desk.entries import refuse
from statuspage.desk.forms import MergeForm
from statuspage.desk.freshness import News, StaleError, if_fresh, seen_now
from statuspage.desk.listing import publicity_of


@desk(WORK)
@require_http_methods(["GET", "POST"])
def merge_incident(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """GET asks; POST merges this incident into the one that is named."""
    incident, now = workable(request, tracking_id), timezone.now()
    if request.method == "GET":
        return _page(request, incident, MergeForm(now=now, survivors=_survivors(incident)))
    form = MergeForm(request.POST, now=now, survivors=_survivors(incident))
    if not form.is_valid():
        return _page(request, incident, form, status=422)
    survivor = Incident.objects.get(tracking_id=form.cleaned_data["into"])

    def act() -> Communication:
        return merge(
            absorbed_id=incident.pk,
            into_id=survivor.pk,
            reason=form.cleaned_data["reason"],
            now=now,
            actor=operator_of(request),
            statement=Statement(
                public_text=form.cleaned_data["public_text"],
                targeted_text=form.cleaned_data["targeted_text"],
            ),
        )

    try:
        if_fresh(incident, request.POST.get("seen", ""), act)
    except StaleError as stale:
        incident.refresh_from_db()
        return _page(request, incident, form, news=stale.news, status=409)
    except EntryError as error:
        incident.refresh_from_db()
        refuse(form, error)
        return _page(request, incident, form, status=422)
    messages.success(
        request,
        f"{incident.tracking_id} is merged into {survivor.tracking_id}, which goes on alone.",
    )
    return redirect("desk:incident", survivor.tracking_id)


@desk(WORK)
@require_POST
def unmerge_incident(request: HttpRequest, tracking_id: str) -> HttpResponse:
    incident = get_object_or_404(
        incidents_for(operator_of(request)).filter(backfilled=False), tracking_id=tracking_id
    )
    try:
        unmerge(incident_id=incident.pk, now=timezone.now())
    except EntryError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            f"{incident.tracking_id} stands for itself again; an update re-opens it. Recover what"
            " the other incident took over there.",
        )
    return redirect("desk:incident", incident.tracking_id)


def _survivors(incident: Incident) -> list[tuple[str, str]]:
    """The open incidents of its kind, the newest first."""
    others = Incident.objects.active().filter(
        kind=incident.kind, merged_into__isnull=True, backfilled=False, withdrawn_at__isnull=True
    )
    return [
        (each.tracking_id, str(each))
        for each in others.exclude(pk=incident.pk).order_by("-started_at", "-id")
    ]


def _page(
    request: HttpRequest,
    incident: Incident,
    form: MergeForm,
    *,
    news: News | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "incident": incident,
        "form": form,
        "news": news,
        "publicity": publicity_of(incident),
        "possible": bool(_survivors(incident)),
        "seen": seen_now(incident) if news or request.method == "GET" else request.POST.get("seen"),
    }
    return render(request, "desk/merge.html", context, status=status)
