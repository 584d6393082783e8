"""The list of incidents, the search over all of them, and the screen of one; and what of these is fetched anew."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from incidents.access import VIEW
from incidents.models import FormDraft, Incident, ScheduledPost
from incidents.services.alerts.waiting import reported_drafts
from incidents.services.scheduled import posts
from notifications.audience import unreached
from statuspage.desk.access import desk, incidents_for, operator_of
from statuspage.desk.form.optimistic_lock import news_since
from statuspage.desk.incidents import presence
from statuspage.desk.incidents.incident_list import listing as rows_of_the_list
from statuspage.desk.incidents.incident_list import rows_of
from statuspage.desk.incidents.incident_screen import screen_of
from statuspage.desk.incidents.incident_search import A_PAGE, SearchForm, matching
from statuspage.desk.views.incident.incident_page import incident_page

TYPING = timedelta(minutes=2)  # whoever has saved a draft since then is writing


@desk(VIEW)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Open incidents, the most pressing first, those that owe a review, and the latest closed ones.

    To htmx these rows alone: the page asks for them again and again.
    """
    now = timezone.now()
    incidents = incidents_for(operator_of(request))
    context: dict[str, object] = {"listing": rows_of_the_list(incidents, now)}
    if "HX-Request" in request.headers:
        return render(request, "desk/_incidents.html", context)
    scheduled = posts.later()
    context |= {
        "scheduled": scheduled,
        "held": sum(each.state == ScheduledPost.State.HELD for each in scheduled),
        "reported": reported_drafts(),
        "silenced": unreached.silenced(),
        "drafts": FormDraft.objects.select_related("owner", "incident").order_by("-saved_at")[:20],
        "search": SearchForm(label_suffix=""),
    }
    return render(request, "desk/list.html", context)


@desk(VIEW)
@require_safe
def wall(request: HttpRequest) -> HttpResponse:
    """What is open and which reviews are due, for a screen on the wall: large, by itself, nothing to press."""
    now = timezone.now()
    listing = rows_of_the_list(incidents_for(operator_of(request)), now)
    part = "HX-Request" in request.headers
    template = "desk/_wall.html" if part else "desk/wall.html"
    return render(request, template, {"listing": listing, "now": now})


@desk(VIEW)
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """`q`, `state`, `who`, `page`: all incidents that fit, a page at a time."""
    form = SearchForm(request.GET, label_suffix="")
    if not form.is_valid():
        return render(request, "desk/search.html", {"form": form}, status=422)
    found = matching(incidents_for(operator_of(request)), form.cleaned_data)
    page = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "form": form,
        "page": page,
        "rows": rows_of(page.object_list, timezone.now()),
        "query": query.urlencode(),
    }
    return render(request, "desk/search.html", context)


@desk(VIEW)
@require_safe
def screen(request: HttpRequest, tracking_id: str) -> HttpResponse:
    incident = get_object_or_404(incidents_for(operator_of(request)), tracking_id=tracking_id)
    return incident_page(request, incident)


@desk(VIEW)
@require_safe
def head(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """The top of an incident's screen as it is now, and what happened since the mark `seen`, for htmx."""
    incident = get_object_or_404(incidents_for(operator_of(request)), tracking_id=tracking_id)
    now = timezone.now()
    context = {
        "screen": screen_of(incident, now),
        "incident": incident,
        "fresh": news_since(incident, request.GET.get("seen", ""), operator_of(request)),
        "typing": _typing(request, incident, now),
        "here": presence.note(incident, operator_of(request), now=now),
        "now": now,
    }
    return render(request, "desk/_head.html", context)


def _typing(request: HttpRequest, incident: Incident, now: datetime) -> list[FormDraft]:
    others = incident.form_drafts.filter(saved_at__gte=now - TYPING)
    return list(others.exclude(owner=operator_of(request)).select_related("owner"))
