"""Two tracking IDs, one incident: the page that asks once more, the merge, and its undoing."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from incidents.access import MERGE
from incidents.models import Communication, Incident
from incidents.services.errors import EntryError
from incidents.services.inputs import Statement
from incidents.services.merge import merge, unmerge
from statuspage.desk.access import desk, incidents_for, operator_of, workable
from statuspage.desk.form.correcting import MergeForm
from statuspage.desk.form.optimistic_lock import News
from statuspage.desk.form.recovery import blank
from statuspage.desk.incidents.incident_list import publicity_of
from statuspage.desk.views.incident.small_forms import act_or_page, mark


@desk(MERGE)
@require_http_methods(["GET", "POST"])
def merge_incident(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """GET asks; POST merges this incident into the one that is named."""
    incident, now = workable(request, tracking_id), timezone.now()
    if request.method == "GET":
        form = blank(MergeForm, request, now=now, survivors=_survivors(incident))
        return _page(request, incident, form)
    form = MergeForm(request.POST, now=now, survivors=_survivors(incident))

    def act() -> partial[Communication]:
        value = form.cleaned_data
        return partial(
            merge,
            absorbed_id=incident.pk,
            into_id=Incident.objects.get(tracking_id=value["into"]).pk,
            reason=value["reason"],
            statement=Statement(value["public_text"], value["targeted_text"]),
        )

    said = act_or_page(request, incident, form, act, partial(_page, request, incident, form))
    if isinstance(said, HttpResponse):
        return said
    survivor = said.incident.tracking_id
    messages.success(
        request, f"{incident.tracking_id} is merged into {survivor}, which goes on alone."
    )
    return redirect("desk:incident", survivor)


@desk(MERGE)
@require_POST
def unmerge_incident(request: HttpRequest, tracking_id: str) -> HttpResponse:
    incident = get_object_or_404(
        incidents_for(operator_of(request)).filter(backfilled=False), tracking_id=tracking_id
    )
    try:
        unmerge(incident_id=incident.pk, now=timezone.now(), actor=operator_of(request))
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
        "seen": mark(request, incident, news),
    }
    return render(request, "desk/merge.html", context, status=status)
