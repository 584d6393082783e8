"""What waits for a second person: a list, and one of them with what was typed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from incidents.access import DRAFT, VIEW
from incidents.services.access import proposals
from statuspage.desk.access import desk, operator_of
from statuspage.desk.form.optimistic_lock import seen_now
from statuspage.desk.preview.second_person import DRAFT as A_DRAFT

SHOWN = 100


@desk(VIEW)
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    return render(request, "desk/proposals.html", {"proposals": proposals.waiting()[:SHOWN]})


@desk(VIEW, write=DRAFT)
@require_http_methods(["GET", "HEAD", "POST"])
def proposal(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: what was typed, and a button that leads on. POST: drops it."""
    found = get_object_or_404(proposals.waiting(), pk=pk)
    user = operator_of(request)
    if request.method == "POST":
        proposals.close(proposal_id=pk, now=timezone.now(), actor=user, dropped=True)
        messages.success(request, "It was dropped; nothing was done.")
        return redirect("desk:proposals")
    context = {
        "proposal": found,
        "hidden": [(name, value) for name, values in found.fields.items() for value in values],
        # What has happened since it was proposed is seen from here.
        "seen": seen_now(found.incident) if found.incident else "",
        "own": found.by_id == user.pk and found.act != A_DRAFT,
    }
    return render(request, "desk/proposal.html", context)
