"""Who may use the API: users of the desk, by a bearer token instead of a session."""

from __future__ import annotations

import base64
import time
from datetime import timedelta
from http import HTTPStatus
from typing import cast

from django.http import HttpRequest
from django.utils import timezone
from ninja.security.base import AuthBase

from incidents.access import in_scope, may, named
from incidents.models import ApiToken
from incidents.services.access import tokens
from notifications.subscribers import request_rate_limits
from statuspage.api.answers.problems import ProblemError, problem

# Only refusals are counted: whoever has a good token is never in their way.
REFUSALS = request_rate_limits.RateLimit("api-refused", 10, timedelta(minutes=10))
PER_TOKEN = request_rate_limits.RateLimit("api-token", 1200, timedelta(minutes=1))
# Alertmanager drops for good what is answered with 429.
PER_MONITOR = request_rate_limits.RateLimit("api-monitor", 60_000, timedelta(minutes=1))


class Bearer(AuthBase):
    """Lets in a token whose user has what the desk asks for the same act (or `any_of` it)."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, *permissions: str, any_of: bool = False) -> None:
        self.permissions, self.any_of = permissions, any_of
        super().__init__()

    def secret_of(self, request: HttpRequest) -> str:
        return bearer(request)

    @property
    def limit(self) -> request_rate_limits.RateLimit:
        """Of requests with one token."""
        return PER_TOKEN

    def __call__(self, request: HttpRequest) -> ApiToken:
        """Raises ProblemError: 401, 403, or 429 for whoever was refused too often."""
        token = self.token(request, self.secret_of(request))
        count(request, self.limit, str(token.pk))
        require(token, *self.permissions, any_of=self.any_of)
        return token

    def token(self, request: HttpRequest, secret: str) -> ApiToken:
        return _token(request, secret)


class OfMonitor(Bearer):
    """Also takes the token as the password of an address (`https://x:TOKEN@host/`): some can send no header.

    In a storm each alert may be a request. Token, user and what that may are looked up once in `LOOKED_UP`:
    a token that is revoked may report for as long.
    """

    LOOKED_UP = 1.0  # seconds

    def __init__(self, *permissions: str) -> None:
        super().__init__(*permissions)
        self._known: dict[str, tuple[float, ApiToken]] = {}

    @property
    def limit(self) -> request_rate_limits.RateLimit:
        return PER_MONITOR

    def secret_of(self, request: HttpRequest) -> str:
        return bearer(request) or _basic(request)

    def token(self, request: HttpRequest, secret: str) -> ApiToken:
        now = time.monotonic()
        known = self._known.get(secret)
        if known is not None and now < known[0]:
            return known[1]
        token = super().token(request, secret)
        fresh = {each: kept for each, kept in self._known.items() if now < kept[0]}
        self._known = fresh | {secret: (now + self.LOOKED_UP, token)}
        return token


def require(token: ApiToken, *permissions: str, any_of: bool = False) -> None:
    """Raises ProblemError (403) unless token and user have these permissions (or `any_of` them)."""
    names = named(*permissions) if not any_of else " or ".join(map(named, permissions))
    reached = any if any_of else all
    if not reached(in_scope(token.scopes, each) for each in permissions):
        raise problem(HTTPStatus.FORBIDDEN, f"This token is for {token.reach}; this needs {names}.")
    if not may(token.user, *permissions, any_of=any_of):
        raise problem(
            HTTPStatus.FORBIDDEN,
            f"The user {token.user.get_username()} may not do this at the desk either:"
            f" staff with {names} is asked for.",
        )


def token_of(request: HttpRequest) -> ApiToken:
    """The token that `Bearer` let in, with its user."""
    return cast("ApiToken", request.auth)  # type: ignore[attr-defined]  # set by ninja


def limits_of(request: HttpRequest) -> dict[str, str]:
    """The RateLimit headers (IETF draft) of a request that came with a good token."""
    counted: tuple[request_rate_limits.RateLimit, int, int] | None
    counted = getattr(request, "counted", None)
    if counted is None:
        return {}
    limit, left, reset = counted
    window = int(limit.within.total_seconds())
    return {
        "RateLimit-Policy": f'"token";q={limit.most};w={window}',
        "RateLimit": f'"token";r={max(0, left)};t={reset}',
    }


def count(request: HttpRequest, limit: request_rate_limits.RateLimit, token: str) -> None:
    """Note a request with this token. Raises ProblemError (429) for one too many."""
    left, reset = request_rate_limits.count(limit, token, now=timezone.now())
    request.counted = limit, left, reset  # type: ignore[attr-defined]  # for limits_of
    if left < 0:
        raise problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"This token has sent {limit.most} requests in a minute; go on in {reset} seconds.",
            headers={"Retry-After": str(reset)},
        )


def bearer(request: HttpRequest) -> str:
    """The secret that a request carries, "" if none."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def _basic(request: HttpRequest) -> str:
    scheme, _, coded = request.headers.get("Authorization", "").partition(" ")
    try:
        pair = base64.b64decode(coded.strip(), validate=True).decode()
    except ValueError:
        return ""
    return pair.partition(":")[2] if scheme.lower() == "basic" else ""


def _token(request: HttpRequest, secret: str) -> ApiToken:
    if secret and (token := tokens.find(secret=secret, now=timezone.now())):
        return token
    raise unknown(
        request,
        "Send a valid token (Authorization: Bearer desk_...); manage.py api_token USER issues one."
        " This one is missing, mistyped, expired or revoked.",
    )


def unknown(request: HttpRequest, remedy: str) -> ProblemError:
    """The refusal of a token that opens nothing: 401, or 429 for whoever was refused too often."""
    now = timezone.now()
    if wait := request_rate_limits.seconds_to_wait(
        REFUSALS, request_rate_limits.sender(request), now=now
    ):
        return problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            f"Too many requests without a valid token; try again in {wait} seconds.",
            headers={"Retry-After": str(wait)},
        )
    return problem(HTTPStatus.UNAUTHORIZED, remedy, headers={"WWW-Authenticate": "Bearer"})
