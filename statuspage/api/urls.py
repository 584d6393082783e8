"""Addresses below `/api/desk/`; `/api/v2/` belongs to the public pages."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt

from statuspage.api import impacted
from statuspage.api.problems import problem


@csrf_exempt
def nowhere(request: HttpRequest) -> HttpResponse:
    return problem(HTTPStatus.NOT_FOUND, f"There is nothing at {request.path}.").answer


app_name = "api"

urlpatterns = [
    # With or without a slash at the end: there `curl -T FILE` would add the file's name.
    re_path(r"^incidents/(?P<tracking_id>[\w-]+)/impacted/?$", impacted.impacted_list),
    re_path("", nowhere),
]
