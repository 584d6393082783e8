"""The common road of the incident screen's small forms: check, act, say so, go back."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from incidents.models import Incident
from incidents.services.errors import EntryError
from statuspage.desk.entries import refuse
from statuspage.desk.forms import DeskForm
from statuspage.desk.freshness import StaleError, if_fresh
from statuspage.desk.views.incident_page import incident_page


def act_on(
    request: HttpRequest,
    incident: Incident,
    name: str,
    form: DeskForm,
    act: Callable[[], str],
) -> HttpResponse:
    """Call `act` under the incident's lock; its words become the message after the redirect.

    A refused form comes back on the screen as it was sent: 422 with its errors, 409 with the news
    when somebody else was faster.
    """
    if not form.is_valid():
        return incident_page(request, incident, refused={name: form}, status=422)
    try:
        done = if_fresh(incident, request.POST.get("seen", ""), act)
    except StaleError as stale:
        incident.refresh_from_db()
        return incident_page(request, incident, refused={name: form}, news=stale.news, status=409)
    except EntryError as error:
        incident.refresh_from_db()
        refuse(form, error)
        return incident_page(request, incident, refused={name: form}, status=422)
    messages.success(request, done)
    return redirect("desk:incident", incident.tracking_id)
