"""The way in: `/api/v1/` and, from before there was one, `/api/desk/`; `/api/v2/` is the public pages'."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import re_path
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from statuspage.api.answers.dispatch import dispatch

OPERATIONS = "statuspage.api.operations"


# There is no cookie that another site's form could borrow.
@csrf_exempt
@never_cache
def operate(request: HttpRequest, rest: str) -> HttpResponseBase:
    """The operation of that address, with or without a slash at the end; refusals are problems, always."""
    return dispatch(request, rest, operations=OPERATIONS, description="/api/v1/reference")


urlpatterns = [
    re_path(r"^v1/(?P<rest>(?s:.*))\Z", operate),
    # Where impacted lists were handed in before. With or without a slash at the end: there
    # `curl -T FILE` would add the file's name.
    re_path(r"^desk/(?P<rest>incidents/[\w-]+/impacted/?)$", operate),
    re_path(r"^desk/(?P<rest>(?s:.*))\Z", operate, {"rest": "nowhere"}),
]
