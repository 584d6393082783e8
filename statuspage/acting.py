"""Who a request acts for, as the audit trail names it; and sign-ins, which no row shows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from incidents.services.access import audit_trail
from notifications.subscribers.request_rate_limits import sender


class Acting:
    """Whatever a request writes is written in its name."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with audit_trail.acting(lambda: who(request)):
            return self.get_response(request)


def who(request: HttpRequest) -> dict[str, str]:
    """Columns of an audit event. A stranger's address is not kept: readers subscribe without being noted."""
    match, token = request.resolver_match, getattr(request, "auth", None)
    user = getattr(token, "user", None) or getattr(request, "_cached_user", None)
    known = isinstance(user, User)
    return {
        "actor": user.get_username() if isinstance(user, User) else _person(request),
        "via": (match.view_name or "")[:100] if match else "",
        "address": sender(request) if known else "",
        "session": _mark(request) if known else "",
        "token": f"{token.pk} {token}"[:40] if token is not None else "",
    }


def _person(request: HttpRequest) -> str:
    """Of a customer, by number: erasing takes the address away, and this stays."""
    person = getattr(request, "person", None)
    return f"person {person.pk}" if person else ""


def _mark(request: HttpRequest) -> str:
    """Tells sessions apart and opens none."""
    key = getattr(getattr(request, "session", None), "session_key", None) or ""
    return hashlib.sha256(key.encode()).hexdigest()[:12] if key else ""


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


def _note(verb: str, request: HttpRequest | None, actor: str) -> None:
    if request is None:
        return
    noted = who(request) | {
        "actor": actor[:150],
        "address": sender(request),
        "session": _mark(request),
    }
    audit_trail.record_sign_in(verb=verb, who=noted, now=timezone.now())
