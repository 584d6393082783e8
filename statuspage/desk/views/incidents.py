"""The list of incidents, and the screen of one."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from incidents.access import VIEW
from incidents.models import FormDraft
from notifications.audience import silence
from statuspage.desk.access import desk, incidents_for, operator_of
from statuspage.desk.incident_list import closed_rows, open_rows, owing_rows
from statuspage.desk.views.incident_page import incident_page


@desk(VIEW)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Open incidents, the most pressing first, those that owe a review, and the latest closed ones."""
    now = timezone.now()
    incidents = incidents_for(operator_of(request))
    owing, more_owing = owing_rows(incidents, now)
    context = {
        "open": open_rows(incidents, now),
        "owing": owing,
        "more_owing": more_owing,
        "closed": closed_rows(incidents, now, above=owing),
        "silenced": silence.silenced(),
        "drafts": FormDraft.objects.select_related("owner", "incident").order_by("-saved_at")[:20],
    }
    return render(request, "desk/list.html", context)


@desk(VIEW)
@require_safe
def screen(request: HttpRequest, tracking_id: str) -> HttpResponse:
    incident = get_object_or_404(incidents_for(operator_of(request)), tracking_id=tracking_id)
    return incident_page(request, incident)
