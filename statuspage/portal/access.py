"""Who is looking: sessions of customers' people, in a cookie of their own, below /service-health/ alone.

Django's sessions and users are the desk's; they are neither read nor written here. A page of a tenant answers
whoever is not of it as if there were no such tenant.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications.audience.tenants import tenant_events
from notifications.audience.tenants.tenant_events import Asked, TenantEvent
from notifications.customers.sign_in import sessions
from notifications.models import MemberRole, Membership, Tenant
from notifications.subscribers import form_guard
from notifications.vocabulary import identifiers
from statuspage.error_pages import page as error_page
from statuspage.public.render.layout import Layout, render

log = logging.getLogger(__name__)

PATH = "/service-health/"
COOKIE = "service_health"
_SALT = "statuspage.portal.session"
REFUSED, AWAY, UNPROCESSABLE, TOO_MANY = 403, 503, 422, 429
EXPIRED = "This form is too old, or came from another page. Nothing was changed; send it again."


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody signed in, looking at one of their tenants.

    `base`: of an operator who only looks, below which address the pages are; customers have none.
    """

    token: str
    membership: Membership
    memberships: tuple[Membership, ...]
    now: datetime
    base: str = ""

    @property
    def tenant(self) -> Tenant:
        return self.membership.tenant

    @property
    def may_edit(self) -> bool:
        return self.membership.role != MemberRole.READER

    @property
    def home(self) -> str:
        return self.base or f"{PATH}of/{self.tenant.ref}/"

    def events(self, *, tracking_id: str = "") -> list[TenantEvent]:
        """What concerns the tenant and may be seen by this person, the newest first."""
        return tenant_events.events_for(
            self.tenant, Asked(tracking_id=tracking_id), security=self.membership.sees_security
        )

    def form_token(self) -> str:
        return form_guard.issue(_purpose(self.token), now=self.now)


def _purpose(token: str) -> str:
    return f"service-health {sessions.session_digest(token)}"


def token_of(request: HttpRequest) -> str:
    """What the cookie carries, "" unless we have signed it."""
    found = request.get_signed_cookie(COOKIE, default="", salt=_SALT, max_age=sessions.SESSION_FOR)
    return found or ""


def keep(response: HttpResponse, token: str) -> None:
    response.set_signed_cookie(
        COOKIE,
        token,
        salt=_SALT,
        max_age=sessions.SESSION_FOR,
        path=PATH,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


_BACK = "service_health_provider"  # while a browser is at its provider


def keep_until_back(response: HttpResponse, kept: str) -> None:
    response.set_cookie(
        _BACK, kept, max_age=600, path=PATH, secure=settings.HTTPS, httponly=True, samesite="Lax"
    )


def kept(request: HttpRequest) -> str:
    return request.COOKIES.get(_BACK, "")[:4000]


def drop_kept(response: HttpResponse) -> None:
    response.delete_cookie(_BACK, path=PATH, samesite="Lax")


def drop(response: HttpResponse) -> None:
    response.delete_cookie(COOKIE, path=PATH, samesite="Lax")


def private(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page that no cache keeps and no search engine lists; in words when the database is away."""

    @csrf_exempt  # Django's needs a cookie of its own; `form_guard` stands in for it
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def answered(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, **kwargs)
        except (OperationalError, InterfaceError):
            log.exception("no database for %s", request.resolver_match)
            response = error_page(
                AWAY,
                "Service Health is not available.",
                "It will be back soon. What everybody may know is on the status page.",
            )
            response.headers["Retry-After"] = "60"
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return answered


def member(
    view: Callable[..., HttpResponse], *, edits: bool = False
) -> Callable[..., HttpResponse]:
    """A page of a tenant, for its people alone; a POST needs a form of ours, and what `edits` no mere reader."""

    @private
    @wraps(view)
    def answered(request: HttpRequest, tenant: str, **kwargs: Any) -> HttpResponse:
        everyone = visitors(request)
        if not everyone:
            return to_sign_in(request)
        wanted = identifiers.key(tenant)
        found = [each for each in everyone if identifiers.key(each.tenant.ref) == wanted]
        if not found:
            raise Http404
        visitor = found[0]
        if not visitor.base:
            request.visitor = visitor  # type: ignore[attr-defined]  # for the audit trail
        if edits and not visitor.may_edit:
            return look_only(visitor)
        if request.method == "POST" and not is_ours(request, _purpose(visitor.token), visitor.now):
            return error_page(
                REFUSED, "Nothing was changed.", EXPIRED, [(visitor.home, "Service Health")]
            )
        return view(request, visitor, **kwargs)

    return answered


def visitors(request: HttpRequest) -> list[Visitor]:
    """Whoever is signed in, once for each of their tenants; nobody: none."""
    if looking := getattr(request, "looking", None):  # set by `tenant_view` alone
        return [looking]
    now, token = timezone.now(), token_of(request)
    memberships = tuple(sessions.memberships_of(token, now=now)) if token else ()
    return [Visitor(token, each, memberships, now) for each in memberships]


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """And back here afterwards."""
    query = urlencode({"next": request.get_full_path()[:500]})
    address = f"{PATH}sign-in/?{query}"
    if "HX-Request" in request.headers:  # the whole page goes there, not a part of it
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def editing(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Below `member`: everybody of the tenant may look, and whoever edits may post."""

    @wraps(view)
    def answered(request: HttpRequest, visitor: Visitor, **kwargs: Any) -> HttpResponse:
        if request.method == "POST" and not visitor.may_edit:
            return look_only(visitor)
        return view(request, visitor, **kwargs)

    return answered


def look_only(visitor: Visitor) -> HttpResponse:
    return error_page(
        REFUSED,
        "You may look, but not change anything here.",
        "Ask an owner of your organisation to make you an editor.",
        [(visitor.home, "Service Health")],
    )


def is_ours(request: HttpRequest, purpose: str, now: datetime) -> bool:
    """Whether a POST comes from a form that we have shown for this purpose."""
    fresh = form_guard.is_fresh(request.POST.get("form_token", ""), purpose, now=now)
    return fresh and not form_guard.is_from_elsewhere(request)


def show(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    visitor: Visitor | None = None,
    status: int = 200,
) -> HttpResponse:
    layout = Layout(as_of=visitor.now if visitor else timezone.now(), revision=0)
    body = render(
        f"portal/{template}.html",
        layout,
        request.path,
        {"visitor": visitor, "languages": (), "action": request.get_full_path(), **context},
    )
    return HttpResponse(body, status=status)
