"""Answers while a form is being filled in: names that are looked for, times that are typed."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from incidents.access import VIEW
from statuspage.desk.access import desk
from statuspage.desk.form.typed_times import MomentError, coming_moment, past_moment, said
from statuspage.desk.incidents.ticking import looked_up

LONGEST = 200


@desk(VIEW)
@require_safe
def find(request: HttpRequest) -> JsonResponse:
    """`?what=services|regions&q=`: what it finds, the best first, and what it means for certain, if anything."""
    what = "services" if request.GET.get("what") == "services" else "regions"
    found, meant = looked_up(what, request.GET.get("q", "")[:LONGEST])
    return JsonResponse(
        {
            "found": [{"slug": each.named.slug, "how": each.how.name.lower()} for each in found],
            "certain": {"kind": meant.kind, "slug": meant.slug} if meant else None,
        }
    )


@desk(VIEW)
@require_safe
def moment(request: HttpRequest) -> JsonResponse:
    """`?text=&to=come|past`: the instant that is meant (`at`, ISO 8601 in UTC) and how it reads; or why not."""
    now = timezone.now()
    read = coming_moment if request.GET.get("to") == "come" else past_moment
    try:
        at = read(request.GET.get("text", "")[:LONGEST], now)
    except MomentError as error:
        return JsonResponse({"at": None, "words": str(error)})
    return JsonResponse({"at": at.isoformat(), "words": said(at, now)})
