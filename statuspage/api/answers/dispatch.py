"""From an address below a prefix to the operation there; refusals are problems, always."""

from __future__ import annotations

from http import HTTPStatus

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import resolve

from statuspage.api.answers.problems import problem
from statuspage.api.authentication import limits_of
from statuspage.error_pages import NUL


def dispatch(
    request: HttpRequest, rest: str, *, operations: str, description: str
) -> HttpResponseBase:
    """What the operation of that address says, with or without a slash at the end.

    `operations`: the module of addresses; `description`: where they are listed for whoever is lost.
    """
    try:
        if NUL in rest:
            raise Http404
        found = resolve(f"/{rest.rstrip('/')}", urlconf=operations)
        answer: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
    except Http404:
        return problem(
            HTTPStatus.NOT_FOUND,
            f"There is nothing at {request.path}; {description} lists what there is.",
        ).answer
    if answer.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        for name, value in limits_of(request).items():
            answer.headers[name] = value
        return answer
    allowed = answer.headers["Allow"]
    return problem(
        HTTPStatus.METHOD_NOT_ALLOWED, f"Use {allowed} here.", headers={"Allow": allowed}
    ).answer
