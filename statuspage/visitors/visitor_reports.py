"""“It fails for me”: a press on the public page, counted; what many press is shown to the desk.

The form is on a published page, and this only counts: no database, no cookie, no name, no free text. A network
counts once for a service and region within an hour, by a keyed digest that lives no longer.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import path
from django.utils import timezone
from django.utils.translation import override
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from incidents.services.alerts import visitors
from notifications.subscribers import form_guard, request_rate_limits
from statuspage import languages

SLUG = re.compile(r"[A-Za-z0-9_-]{1,80}")
UNPROCESSABLE, TOO_MANY, FORBIDDEN = 422, 429, 403
# An office behind one address is one witness for a cell, and reports a few of them.
PER_SENDER = request_rate_limits.RateLimit("visitor-reports", 20, timedelta(minutes=10))
ONCE = request_rate_limits.RateLimit("visitor-report", 1, timedelta(hours=1))


@csrf_exempt
@require_POST
def report(request: HttpRequest, language: str = "") -> HttpResponse:
    """POST of `service` and `region`, both slugs; names that the catalogue lacks are counted and lead to nothing."""
    if not settings.VISITOR_REPORTS or (language and language not in languages.others()):
        raise Http404
    with override(language or languages.DEFAULT):
        response = _answer(request)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _answer(request: HttpRequest) -> HttpResponse:
    now, sender = timezone.now(), request_rate_limits.sender(request)
    if form_guard.is_from_elsewhere(request):
        return _page("elsewhere", status=FORBIDDEN)
    if wait := request_rate_limits.seconds_to_wait(PER_SENDER, sender, now=now):
        response = _page("wait", status=TOO_MANY, minutes=-(-wait // 60))
        response.headers["Retry-After"] = str(wait)
        return response
    service, region = request.POST.get("service", ""), request.POST.get("region", "")
    if not (SLUG.fullmatch(service) and SLUG.fullmatch(region)):
        return _page("choose", status=UNPROCESSABLE)
    if not request_rate_limits.seconds_to_wait(ONCE, f"{sender} {service} {region}", now=now):
        try:
            visitors.count(service, region, now=now)
        except visitors.NotCountedError:
            return _page("unavailable", status=503)
    return _page("thanks")


def _page(said: str, *, status: int = 200, **context: Any) -> HttpResponse:
    """Rendered without the request, so that no context processor can touch a session."""
    frame = {
        "site_name": settings.SITE_NAME,
        "base_url": settings.BASE_URL,
        "root": languages.root(),
        "path": f"{languages.root()}/status/report/",
        "language": languages.current(),
        "direction": languages.direction(),
        "as_of": timezone.now(),
        "section": "status",
        "said": said,
    }
    return HttpResponse(render_to_string("report/answer.html", {**frame, **context}), status=status)


urlpatterns = [
    path("report/", report, name="report"),
    path("<slug:language>/report/", report, name="report-in"),
]
