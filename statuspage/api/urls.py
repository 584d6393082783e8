"""The way in: `/api/v1/` and, from before there was one, `/api/desk/`; `/api/v2/` is the public pages'."""

from __future__ import annotations

from http import HTTPStatus

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import re_path, resolve
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from statuspage.api.answers.problems import problem
from statuspage.api.authentication import limits_of

OPERATIONS = "statuspage.api.operations"


# There is no cookie that another site's form could borrow.
@csrf_exempt
@never_cache
def operate(request: HttpRequest, rest: str) -> HttpResponseBase:
    """The operation of that address, with or without a slash at the end; refusals are problems, always."""
    try:
        found = resolve(f"/{rest.rstrip('/')}", urlconf=OPERATIONS)
        answer: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
    except Http404:
        return problem(
            HTTPStatus.NOT_FOUND,
            f"There is nothing at {request.path}; /api/v1/reference lists what there is.",
        ).answer
    if answer.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        for name, value in limits_of(request).items():
            answer.headers[name] = value
        return answer
    allowed = answer.headers["Allow"]
    return problem(
        HTTPStatus.METHOD_NOT_ALLOWED, f"Use {allowed} here.", headers={"Allow": allowed}
    ).answer


urlpatterns = [
    re_path(r"^v1/(?P<rest>(?s:.*))\Z", operate),
    # Where impacted lists were handed in before. With or without a slash at the end: there
    # `curl -T FILE` would add the file's name.
    re_path(r"^desk/(?P<rest>incidents/[\w-]+/impacted/?)$", operate),
    re_path(r"^desk/(?P<rest>(?s:.*))\Z", operate, {"rest": "nowhere"}),
]
