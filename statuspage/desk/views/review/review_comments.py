"""Comments on a review that is being written: one more, or one that has been seen to."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from incidents.access import DRAFT, REVIEW
from incidents.services.errors import EntryError
from incidents.services.reviews.review_comments import comment, resolve
from statuspage.desk.access import desk, operator_of, workable


@desk(REVIEW, DRAFT, any_of=True)
@require_POST
def comments(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """`comment`: a text to add. `settle`: the number of one that has been seen to."""
    incident = workable(request, tracking_id)
    now, actor, number = timezone.now(), operator_of(request), request.POST.get("settle", "")
    if number:
        known = number.isascii() and number.isdecimal() and len(number) < 18
        if not (
            known and resolve(comment_id=int(number), incident_id=incident.pk, now=now, actor=actor)
        ):
            messages.info(request, "This comment was seen to before.")
    else:
        try:
            comment(
                incident_id=incident.pk,
                text=request.POST.get("comment", ""),
                now=now,
                actor=actor,
            )
        except EntryError as error:
            messages.error(request, f"Nothing was added: the comment {error.message}")
    return redirect("desk:review", incident.tracking_id)
