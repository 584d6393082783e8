"""Other ways in than a code: a passkey of one's own, and the provider of one's organisation."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from incidents.services.errors import EntryError
from notifications.customers.sign_in import passkeys, sessions, single_sign_on
from notifications.customers.sign_in.passkeys import PasskeyError
from notifications.customers.sign_in.single_sign_on import ProviderError
from notifications.subscribers import request_rate_limits
from statuspage.error_pages import page as error_page
from statuspage.portal.access import (
    PATH,
    REFUSED,
    TOO_MANY,
    UNPROCESSABLE,
    Visitor,
    drop_kept,
    kept,
    look_only,
    member,
    private,
    show,
)
from statuspage.portal.entering import (
    ASKING,
    PER_SENDER,
    customer_sign_in,
    let_in,
    next_of,
    no_way,
    refused,
)

NOT_TAKEN = (
    "This passkey was not taken. It may have been removed, or the page stood open too long; try again, or let us mail"
    " you a code."
)


@private
def by_passkey(request: HttpRequest) -> HttpResponse:
    """Takes the answer of a browser. A new session begins; one of before ends."""
    now = timezone.now()
    if request.method != "POST":
        return HttpResponseRedirect(f"{PATH}sign-in/")
    problem, status = refused(request, ASKING)
    if not problem:
        try:
            person, token = passkeys.enter(
                challenge=request.POST.get("challenge", ""),
                answer=request.POST.get("answer", ""),
                now=now,
            )
        except PasskeyError:
            problem, status = NOT_TAKEN, UNPROCESSABLE
            customer_sign_in.send(None, verb="refused", request=request)
        else:
            # Who has left an organisation is known to its provider alone.
            if provider := single_sign_on.provider_of(person.email):
                sessions.sign_out(token)
                problem, status = f"Sign in by {provider.name}, with your mail address.", REFUSED
            else:
                return let_in(request, token, next_of(request))
    back = [(f"{PATH}sign-in/", "Sign in")]
    return error_page(status, "You are not signed in.", problem, back)


@private
def provider_back(request: HttpRequest) -> HttpResponse:
    """Where a provider sends people back to."""
    now = timezone.now()
    if request_rate_limits.seconds_to_wait(
        PER_SENDER, request_rate_limits.sender(request), now=now
    ):
        return no_way(ProviderError("Too many tries from here; wait a few minutes."), TOO_MANY)
    try:
        if "error" in request.GET:
            raise ProviderError("Your provider did not let you in.")
        token, wanted = single_sign_on.enter(
            kept=kept(request),
            state=request.GET.get("state", "")[:200],
            code=request.GET.get("code", "")[:2000],
            now=now,
        )
    except ProviderError as error:
        response = no_way(error)
        customer_sign_in.send(None, verb="refused", request=request)
    else:
        response = let_in(request, token, wanted)
    drop_kept(response)
    return response


@member
def you(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """One's own passkeys: made, named and removed by whoever is signed in, whatever their role."""
    problem, status, person = "", 200, visitor.membership.person
    if visitor.base:
        return look_only(visitor)
    if request.method == "POST":
        act, _, number = request.POST.get("act", "").partition(" ")
        if act == "remove" and number.isdecimal() and len(number) < 19:
            passkeys.remove(person=person, passkey_id=int(number))
            return HttpResponseRedirect(request.path)
        try:
            passkeys.add(
                person=person,
                challenge=request.POST.get("challenge", ""),
                answer=request.POST.get("answer", ""),
                name=request.POST.get("name", ""),
                now=visitor.now,
            )
            return HttpResponseRedirect(request.path)
        except PasskeyError:
            problem, status = (
                "This passkey was not taken; load the page again and try once more.",
                UNPROCESSABLE,
            )
        except EntryError as error:
            problem, status = str(error), UNPROCESSABLE
    options, challenge = passkeys.to_add(person, now=visitor.now)
    context = {
        "passkeys": person.passkeys.order_by("pk"),
        "provider": single_sign_on.provider_of(person.email),
        "options": json.dumps(options),
        "challenge": challenge,
        "problem": problem,
        "typed": request.POST.get("name", ""),
        "form_token": visitor.form_token(),
        "section": "you",
    }
    return show(request, "you", context, visitor=visitor, status=status)
