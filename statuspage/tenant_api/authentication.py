"""Who may use it: a token of a tenant, for what its scopes name."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import cast

from django.http import HttpRequest
from django.utils import timezone
from ninja.security.base import AuthBase

from notifications.audience.tenants import tenant_events
from notifications.audience.tenants.tenant_events import EVERYTHING, Asked, TenantEvent
from notifications.customers import tokens
from notifications.models import TenantScope, TenantToken
from notifications.subscribers.request_rate_limits import RateLimit
from statuspage.api.answers.problems import problem
from statuspage.api.authentication import bearer, count, unknown

PER_TOKEN = RateLimit("tenant-token", 600, timedelta(minutes=1))


class Scoped(AuthBase):
    """Lets in a token with this scope."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, scope: TenantScope) -> None:
        self.scope = scope
        super().__init__()

    def __call__(self, request: HttpRequest) -> TenantToken:
        """Raises ProblemError: 401, 403, or 429 for whoever was refused or asked too often."""
        token = tokens.find(secret=bearer(request), now=timezone.now())
        if token is None:
            raise unknown(
                request,
                "Send a valid token of your tenant (Authorization: Bearer tenant_...); an owner issues"
                " one at Service Health. This one is missing, mistyped, expired or revoked.",
            )
        count(request, PER_TOKEN, str(token.pk))
        if self.scope not in token.scopes:
            raise problem(
                HTTPStatus.FORBIDDEN,
                f"This token is for {', '.join(token.scopes)}; this needs {self.scope.value}.",
            )
        return token


def token_of(request: HttpRequest) -> TenantToken:
    """The token that was let in, with its tenant."""
    return cast("TenantToken", request.auth)  # type: ignore[attr-defined]  # set by ninja


def events_of(
    request: HttpRequest, asked: Asked = EVERYTHING, *, most: int | None = None
) -> list[TenantEvent]:
    """What this token may see, as the screens show it to people; the newest first, `most` of it."""
    token = token_of(request)
    return tenant_events.events_for(
        token.tenant, asked, security=TenantScope.SECURITY in token.scopes, most=most
    )
