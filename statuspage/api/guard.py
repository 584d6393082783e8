"""Who may use the API: users of the desk, by a bearer token instead of a session."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from http import HTTPStatus
from typing import Concatenate, ParamSpec

from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from incidents.access import in_scope, may, named
from incidents.models import ApiToken
from incidents.services.access import tokens
from notifications.subscribers import request_rate_limits
from statuspage.api.problems import ProblemError, problem

log = logging.getLogger(__name__)

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, ApiToken, P], HttpResponse]
# Only refusals are counted: whoever has a good token is never in their way.
REFUSALS = request_rate_limits.Limit("api-refused", 10, timedelta(minutes=10))


def with_token(
    method: str, *permissions: str
) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponse]]:
    """Call the view with the request's token, if its user has what the desk asks for the same act."""

    def guard(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        # There is no cookie that another site's form could borrow.
        @csrf_exempt
        @never_cache
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            try:
                if request.method != method:
                    raise problem(
                        HTTPStatus.METHOD_NOT_ALLOWED,
                        f"Use {method} here.",
                        headers={"Allow": method},
                    )
                token = _token_of(request)
                if not in_scope(token.scopes, *permissions):
                    raise problem(
                        HTTPStatus.FORBIDDEN,
                        f"This token is for {token.reach}; this needs {named(*permissions)}.",
                    )
                if not may(token.user, *permissions):
                    raise problem(
                        HTTPStatus.FORBIDDEN,
                        f"The user {token.user.get_username()} may not do this at the desk either:"
                        f" staff with {named(*permissions)} is asked for.",
                    )
                return view(request, token, *args, **kwargs)
            except ProblemError as refused:
                return refused.answer
            except (OperationalError, InterfaceError):
                log.exception("the API can't reach its database")
                connection.close()
                return problem(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    "The database does not answer; nothing was changed. Try again in a minute.",
                    headers={"Retry-After": "60"},
                ).answer

        return guarded

    return guard


def _token_of(request: HttpRequest) -> ApiToken:
    """Raises ProblemError: 401, or 429 for whoever was refused too often."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    now = timezone.now()
    if scheme.lower() == "bearer" and (token := tokens.find(secret=secret.strip(), now=now)):
        return token
    if wait := request_rate_limits.seconds_to_wait(
        REFUSALS, request_rate_limits.sender(request), now=now
    ):
        raise problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"Too many requests without a valid token; try again in {wait} seconds.",
            headers={"Retry-After": str(wait)},
        )
    raise problem(
        HTTPStatus.UNAUTHORIZED,
        "Send a valid token (Authorization: Bearer desk_...); manage.py api_token USER issues one."
        " This one is missing, mistyped, expired or revoked.",
        headers={"WWW-Authenticate": "Bearer"},
    )
