"""What reviews have promised to repair: listed until it is done, and kept up to date."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from incidents.access import REVIEW, VIEW
from incidents.services.errors import EntryError
from incidents.services.reviews.repairs import change_repair, is_overdue, open_repairs
from incidents.vocabulary import RepairState
from statuspage.desk.access import desk

FIELDS = ("state", "owner", "due")


@desk(VIEW, write=REVIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def repairs(request: HttpRequest) -> HttpResponse:
    """GET: all that is not done, the earliest month first. POST: `repair` with its state, owner and month."""
    error, number = "", request.POST.get("repair", "")
    if request.method == "POST":
        try:
            known = number.isascii() and number.isdecimal() and len(number) < 18
            repair = change_repair(
                repair_id=int(number) if known else 0,
                **{name: request.POST.get(name, "").strip() for name in FIELDS},
            )
        except EntryError as refused:
            error = str(refused)
        else:
            messages.success(
                request, f"“{repair.text[:80]}” is {repair.get_state_display().lower()}."
            )
            return redirect("desk:repairs")
    now = timezone.now()
    rows = [(each, is_overdue(each, now)) for each in open_repairs()]
    for each, _ in rows:
        if error and str(each.pk) == number:  # as it was typed
            each.state, each.owner, each.due = (request.POST.get(name, "") for name in FIELDS)
    context = {
        "rows": rows,
        "overdue": sum(late for _, late in rows),
        "states": RepairState.choices(),
        "error": error,
        "number": number,
    }
    return render(request, "desk/repairs.html", context, status=422 if error else 200)
