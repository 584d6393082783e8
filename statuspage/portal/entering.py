"""Coming in: an address, a code by mail, a session. Every address is answered alike."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

from celery import current_app
from django.db import transaction
from django.dispatch import Signal
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from incidents.enqueue import enqueue
from notifications.customers.sign_in import codes, passkeys, sessions, single_sign_on
from notifications.customers.sign_in.single_sign_on import ProviderError
from notifications.models import TenantProvider
from notifications.subscribers import form_guard, request_rate_limits
from notifications.vocabulary.addresses import AddressError, normalise
from statuspage.error_pages import page as error_page
from statuspage.portal.access import (
    EXPIRED,
    PATH,
    REFUSED,
    TOO_MANY,
    UNPROCESSABLE,
    drop,
    is_ours,
    keep,
    keep_until_back,
    private,
    show,
    token_of,
)

PER_SENDER = request_rate_limits.RateLimit("service-health", 30, timedelta(minutes=10))
# Of codes to one address, from one network.
PER_PAIR = request_rate_limits.RateLimit("service-health-codes", 5, timedelta(hours=1))
ASKING, TYPING, LEAVING = "service-health ask", "service-health code", "service-health leave"
# For the audit trail: `verb` (in, refused, out), `request`, and `token`, which opens the session.
customer_sign_in = Signal()
WRONG = "This code does not work. It may be mistyped, used, or older than ten minutes; ask for a new one."


@private
def home(request: HttpRequest) -> HttpResponse:
    """To the first of one's tenants, or to the sign-in."""
    token = token_of(request)
    memberships = sessions.memberships_of(token, now=timezone.now()) if token else []
    if memberships:
        return HttpResponseRedirect(f"{PATH}of/{memberships[0].tenant.ref}/")
    return HttpResponseRedirect(f"{PATH}sign-in/")


@private
def ask(request: HttpRequest) -> HttpResponse:
    """Asks for an address and has a code mailed, if it is somebody's."""
    now, address, problem, status = timezone.now(), "", "", 200
    if request.method == "POST":
        address = request.POST.get("address", "").strip()[:320]
        problem, status = refused(request, ASKING)
        if not problem:
            try:
                if provider := single_sign_on.provider_of(normalise(address)):
                    return _to_provider(request, provider, address)
                key = codes.ask_for_code(
                    address=address, now=now, quiet=_asks_often(request, address)
                )
            except AddressError as error:
                problem, status = f"The address {error}", UNPROCESSABLE
            else:
                transaction.on_commit(
                    lambda: enqueue(current_app.signature("notifications.sign_in_codes"))
                )
                return HttpResponseRedirect(f"{PATH}code/{key}/{_query(request)}")
    options, challenge = passkeys.to_enter(now=now)
    context = {
        "address": address,
        "problem": problem,
        "form_token": form_guard.issue(ASKING, now=now),
        "options": json.dumps(options),
        "challenge": challenge,
        "by_passkey": f"{PATH}sign-in/passkey/{_query(request)}",
    }
    return show(request, "sign_in", context, status=status)


@private
def type_code(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Takes the code. A new session begins; one of before ends."""
    now, problem, status = timezone.now(), "", 200
    if request.method == "POST":
        problem, status = refused(request, TYPING)
        if not problem:
            try:
                token = codes.enter(key=key, code=request.POST.get("code", "")[:40], now=now)
            except codes.CodeError:
                problem, status = WRONG, UNPROCESSABLE
                customer_sign_in.send(None, verb="refused", request=request)
            else:
                return let_in(request, token, next_of(request))
    context = {"problem": problem, "form_token": form_guard.issue(TYPING, now=now)}
    return show(request, "code", context, status=status)


@private
def leave(request: HttpRequest) -> HttpResponse:
    """Ends the session, by a button of ours."""
    now = timezone.now()
    if request.method == "POST" and not form_guard.is_from_elsewhere(request):
        _leave(request)
        response = show(
            request, "sign_in", {"left": True, "form_token": form_guard.issue(ASKING, now=now)}
        )
        drop(response)
        return response
    return HttpResponseRedirect(PATH)


def _to_provider(request: HttpRequest, provider: TenantProvider, address: str) -> HttpResponse:
    """A page that leads there: a form of ours may not, by our own policy for content."""
    try:
        leaving = single_sign_on.begin(
            provider, address=address, next=next_of(request), now=timezone.now()
        )
    except ProviderError as error:
        return no_way(error)
    response = show(request, "to_provider", {"provider": provider, "there": leaving.address})
    keep_until_back(response, leaving.kept)
    return response


def no_way(error: ProviderError, status: int = REFUSED) -> HttpResponse:
    return error_page(
        status, "You are not signed in.", str(error), [(f"{PATH}sign-in/", "Sign in")]
    )


def let_in(request: HttpRequest, token: str, wanted: str) -> HttpResponse:
    """To the page that was wanted. A new session begins; one of before ends."""
    _leave(request)
    customer_sign_in.send(None, verb="in", request=request, token=token)
    response = HttpResponseRedirect(wanted)
    keep(response, token)
    return response


def _leave(request: HttpRequest) -> None:
    if token := token_of(request):
        customer_sign_in.send(None, verb="out", request=request, token=token)
        sessions.sign_out(token)


def _asks_often(request: HttpRequest, address: str) -> bool:
    """More codes to this address than one network gets: others still get theirs."""
    pair = f"{request_rate_limits.sender(request)} {address.lower()}"
    return request_rate_limits.seconds_to_wait(PER_PAIR, pair, now=timezone.now()) > 0


def refused(request: HttpRequest, purpose: str) -> tuple[str, int]:
    now = timezone.now()
    sender = request_rate_limits.sender(request)
    if wait := request_rate_limits.seconds_to_wait(PER_SENDER, sender, now=now):
        return f"Too many tries from here; wait {wait // 60 + 1} minutes.", TOO_MANY
    if not is_ours(request, purpose, now):
        return EXPIRED, UNPROCESSABLE
    return "", 200


def _query(request: HttpRequest) -> str:
    return f"?{query}" if (query := request.META.get("QUERY_STRING", "")) else ""


def next_of(request: HttpRequest) -> str:
    wanted = request.GET.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) and wanted.startswith(PATH)
    return wanted if ours else PATH
