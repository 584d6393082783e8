"""Who a request acts for, as the audit trail names it; and sign-ins, which no row shows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from allauth.mfa.signals import authentication_failed
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from incidents.services.access import audit_trail
from incidents.services.access.looks import record_sign_in
from notifications.customers.sign_in import sessions
from notifications.models import TenantToken
from notifications.subscribers.request_rate_limits import sender
from statuspage.portal.entering import customer_sign_in


class Acting:
    """Whatever a request writes is written in its name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with audit_trail.acting(lambda: who(request)):
            return self.get_response(request)


def who(request: HttpRequest) -> dict[str, str]:
    """Columns of an audit event. A stranger's address is not kept: readers subscribe without being noted.

    Customers and their people are named by number alone: what erasing them takes away must not stand here.
    """
    match, token = request.resolver_match, getattr(request, "auth", None)
    user = getattr(token, "user", None) or getattr(request, "_cached_user", None)
    visitor = getattr(request, "visitor", None)  # set by `portal.access.member`
    actor, session = "", ""
    if isinstance(user, User):
        actor, session = user.get_username(), _mark(request)
    elif visitor is not None:
        actor, session = person_name(visitor.membership.person_id), mark_of(visitor.token)
    elif isinstance(token, TenantToken):
        actor = f"tenant {token.tenant_id}"
    return {
        "actor": actor,
        "via": (match.view_name or "")[:100] if match else "",
        "address": sender(request) if actor else "",
        "session": session,
        "token": _name_of(token),
    }


def person_name(number: int) -> str:
    """What the trail calls somebody of a customer."""
    return f"person {number}"


def mark_of(key: str) -> str:
    """Tells sessions apart and opens none."""
    return hashlib.sha256(key.encode()).hexdigest()[:12] if key else ""


def _mark(request: HttpRequest) -> str:
    return mark_of(getattr(getattr(request, "session", None), "session_key", None) or "")


def _name_of(token: Any) -> str:
    if token is None:
        return ""
    return (
        f"of a tenant: {token.pk}" if isinstance(token, TenantToken) else f"{token.pk} {token}"[:40]
    )


@receiver(user_logged_in)
def signed_in(request: HttpRequest | None, user: User, **_: Any) -> None:
    _note("in", request, user.get_username())


@receiver(user_logged_out)
def signed_out(request: HttpRequest | None, user: User | None, **_: Any) -> None:
    if user is not None:
        _note("out", request, user.get_username())


@receiver(user_login_failed)
def refused(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """A name that is nobody's may be a password in the wrong field: it is not written down."""
    name = str(credentials.get("username", ""))
    known = User.objects.filter(username=name).exists()
    _note("refused", request, name if known else "(unknown)")


@receiver(authentication_failed)
def second_factor_refused(request: HttpRequest, user: User, **_: Any) -> None:
    _note("refused", request, user.get_username())


@receiver(customer_sign_in)
def customer_signed_in(verb: str, request: HttpRequest, token: str | None = None, **_: Any) -> None:
    person = sessions.person_of(token) if token else None
    if person and token:
        _note(verb, request, person_name(person), mark_of(token))
    elif verb == "refused":
        _note(verb, request, "(unknown)")


def _note(verb: str, request: HttpRequest | None, actor: str, session: str = "") -> None:
    if request is None:
        return
    noted = who(request) | {
        "actor": actor[:150],
        "address": sender(request),
        "session": session or _mark(request),
    }
    record_sign_in(verb=verb, who=noted, now=timezone.now())
