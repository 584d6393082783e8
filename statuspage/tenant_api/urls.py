"""The way in: `/service-health/api/v1/`."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import conditional_page

from statuspage.api.answers.dispatch import dispatch

OPERATIONS = "statuspage.tenant_api.operations"
DESCRIPTION = "/service-health/api/v1/openapi.json"


# There is no cookie that another site's form could borrow.
@csrf_exempt
@conditional_page
def operate(request: HttpRequest, rest: str) -> HttpResponseBase:
    answer = dispatch(request, rest, operations=OPERATIONS, description=DESCRIPTION)
    # Kept by whoever asked, and asked for again each time: 304 if nothing is new.
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Vary"] = "Authorization"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


urlpatterns = [re_path(r"^v1/(?P<rest>(?s:.*))\Z", operate)]
