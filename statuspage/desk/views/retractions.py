"""A false positive: the page that asks once more, and the retraction itself."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from incidents.access import RETRACT
from incidents.models import Communication, Incident
from incidents.services.errors import EntryError
from incidents.services.retraction import retract, retraction_text
from notifications.lifecycle import State
from notifications.models import Delivery
from statuspage.desk.access import desk, operator_of, workable
from statuspage.desk.correcting_forms import RetractForm
from statuspage.desk.form_mapping import refuse
from statuspage.desk.form_recovery import blank
from statuspage.desk.incident_list import publicity_of
from statuspage.desk.optimistic_lock import News, StaleError, if_fresh
from statuspage.desk.views.small_forms import mark


@desk(RETRACT)
@require_http_methods(["GET", "POST"])
def retract_incident(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """GET asks; POST retracts."""
    incident, now = workable(request, tracking_id), timezone.now()
    if request.method == "GET":
        words = retraction_text(incident)
        initial = {"targeted_text": words, "public_text": words}
        return _page(request, incident, blank(RetractForm, request, now=now, initial=initial))
    form = RetractForm(request.POST, now=now)
    if not form.is_valid():
        return _page(request, incident, form, status=422)

    def act() -> Communication:
        return retract(
            incident_id=incident.pk,
            now=now,
            actor=operator_of(request),
            reason=form.cleaned_data["reason"],
            public_text=form.cleaned_data["public_text"],
            targeted_text=form.cleaned_data["targeted_text"],
        )

    try:
        if_fresh(incident, request.POST.get("seen", ""), act)
    except StaleError as stale:
        incident.refresh_from_db()
        if incident.false_positive:
            messages.info(request, f"{incident.tracking_id} was retracted already.")
            return redirect("desk:incident", incident.tracking_id)
        return _page(request, incident, form, news=stale.news, status=409)
    except EntryError as error:
        incident.refresh_from_db()
        refuse(form, error)
        return _page(request, incident, form, status=422)
    messages.success(
        request, f"{incident.tracking_id} is retracted; everybody who was told is being told so."
    )
    return redirect("desk:incident", incident.tracking_id)


def _page(
    request: HttpRequest,
    incident: Incident,
    form: RetractForm,
    *,
    news: News | None = None,
    status: int = 200,
) -> HttpResponse:
    told = Delivery.objects.filter(incident=incident).exclude(state=State.SKIPPED)
    context = {
        "incident": incident,
        "form": form,
        "news": news,
        "publicity": publicity_of(incident),
        "told": {
            audience: told.filter(audience=audience).values("endpoint").distinct().count()
            for audience in ("targeted", "public")
        },
        "seen": mark(request, incident, news),
    }
    return render(request, "desk/retract.html", context, status=status)
