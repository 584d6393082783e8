"""A false positive: the page that asks once more, and the retraction itself."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from incidents.access import RETRACT
from incidents.models import Communication, Incident
from incidents.services.retraction import retract, retraction_text
from notifications.models import Delivery
from notifications.vocabulary.delivery_states import State
from statuspage.desk.access import desk, workable
from statuspage.desk.form.correcting import RetractForm
from statuspage.desk.form.optimistic_lock import News
from statuspage.desk.form.recovery import blank
from statuspage.desk.incidents.incident_list import publicity_of
from statuspage.desk.views.incident.small_forms import act_or_page, mark


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

    def act() -> partial[Communication]:
        return partial(
            retract,
            incident_id=incident.pk,
            reason=form.cleaned_data["reason"],
            public_text=form.cleaned_data["public_text"],
            targeted_text=form.cleaned_data["targeted_text"],
        )

    said = act_or_page(request, incident, form, act, partial(_page, request, incident, form))
    if isinstance(said, HttpResponse):
        if said.status_code == 409 and incident.false_positive:
            messages.info(request, f"{incident.tracking_id} was retracted already.")
            return redirect("desk:incident", incident.tracking_id)
        return said
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
