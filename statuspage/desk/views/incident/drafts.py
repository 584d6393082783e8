"""Drafts of forms: kept every few seconds while somebody types, and thrown away."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.views.decorators.http import require_POST

from incidents.access import DRAFT
from incidents.models import Incident
from incidents.services.desk import drafts
from incidents.services.errors import EntryError
from statuspage.desk.access import desk, operator_of, workable_for
from statuspage.desk.form.recovery import page_of

DRAFTED = frozenset({"new", "update", "review", "confirm"})
NOT_KEPT = frozenset(
    {"csrfmiddlewaretoken", "step", "page", "draft", "token", "pasted", "tick", "markdown"}
)


@desk(DRAFT)
@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """`page` and the fields of its form, `draft` once it has an id: stored. Or `discard`: thrown away."""
    data, now = request.POST, timezone.now()
    if discard := data.get("discard"):
        if drafts.throw_away(draft_id=discard):
            messages.success(request, "The draft is thrown away.")
        return redirect("desk:list")
    page = data.get("page", "")
    try:
        found = resolve(page)
    except Resolver404:
        found = None
    if found is None or found.namespace != "desk" or found.url_name not in DRAFTED:
        return JsonResponse({"draft": None, "error": "There is no such form."}, status=422)
    tracking_id = found.kwargs.get("tracking_id")
    incidents: dict[str, Incident] = {
        each.tracking_id: each
        for each in workable_for(operator_of(request)).filter(tracking_id=tracking_id)
    }
    fields = {name: values for name, values in data.lists() if name not in NOT_KEPT}
    incident = incidents.get(tracking_id or "")
    title = data.get("public_title") or (incident.public_title if incident else "")
    try:
        draft = drafts.keep(
            draft_id=data.get("draft", ""),
            page=page_of(page),
            form="" if page_of(page) == page else found.url_name,
            title=title,
            fields=fields,
            incident_id=incident.pk if incident else None,
            owner=operator_of(request),
            now=now,
        )
    except EntryError as error:
        return JsonResponse({"draft": None, "error": f"The draft {error.message}"}, status=422)
    return JsonResponse({"draft": str(draft.pk), "saved": f"{draft.saved_at:%H:%M:%S}"})
