"""Where alerts go: action groups, their endpoints, and the log of what was sent."""

from __future__ import annotations

import uuid
from copy import copy
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict

from incidents.services.errors import EntryError
from notifications.channels import endpoints
from notifications.channels.base import Format, TransportError
from notifications.channels.test_messages import send_test_message
from notifications.customers import own_endpoints
from notifications.customers.own_endpoints import ConfirmationError
from notifications.customers.rules import rule_form
from notifications.delivery import retry
from notifications.evidence import delivery_log
from notifications.models import ActionGroup, Endpoint, EndpointProposal
from notifications.subscribers import request_rate_limits
from notifications.vocabulary.addresses import AddressError
from notifications.vocabulary.delivery_states import Channel
from statuspage.portal.access import (
    TOO_MANY,
    UNPROCESSABLE,
    Visitor,
    editing,
    member,
    show,
)
from statuspage.portal.pages import paged

# Test messages and confirmations leave from here, to where somebody else may be: so many of a tenant an hour.
PER_TENANT = request_rate_limits.RateLimit("service-health-tests", 60, timedelta(hours=1))
TOO_OFTEN = "Too many messages were asked for from here; try again within the hour."
LARGEST = 2**63
A_PAGE = 50


@member
def listed(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    tenant = visitor.tenant
    groups = tenant.action_groups.prefetch_related("endpoints", "alert_rules").order_by("name")
    own = tenant.endpoints.filter(erased_at=None).order_by("name", "shown", "pk")
    context = {
        "groups": paged(request, groups, A_PAGE, name="groups"),
        "endpoints": paged(request, own, A_PAGE),
        "section": "where",
    }
    return show(request, "where", context, visitor=visitor)


def _new_group(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    return _group(request, visitor, None)


new_group = member(_new_group, edits=True)


@member
@editing
def group(request: HttpRequest, visitor: Visitor, pk: int) -> HttpResponse:
    found = visitor.tenant.action_groups.filter(pk=pk).first() if pk < LARGEST else None
    if found is None:
        raise Http404
    return _group(request, visitor, found)


def _group(request: HttpRequest, visitor: Visitor, found: ActionGroup | None) -> HttpResponse:
    problem = ""
    name = found.name if found else ""
    chosen = set(found.endpoints.values_list("pk", flat=True)) if found else set()
    if request.method == "POST":
        if request.POST.get("act") == "delete" and found:
            found.delete()
            return HttpResponseRedirect(f"{visitor.home}where/")
        name = request.POST.get("name", "")
        try:
            chosen = set(rule_form.ids(request.POST, "endpoints"))
            own_endpoints.save_group(
                tenant=visitor.tenant,
                name=name,
                endpoint_ids=sorted(chosen),
                group_id=found.pk if found else None,
            )
            return HttpResponseRedirect(f"{visitor.home}where/")
        except EntryError as error:
            problem = str(error)
    own = visitor.tenant.endpoints.filter(erased_at=None)
    if found:  # also what the operator has put into it
        own = (own | found.endpoints.all()).distinct()
    context = {
        "group": found,
        "name": name,
        "chosen": chosen,
        "endpoints": own.order_by("name", "shown"),
        "problem": problem,
        "form_token": visitor.form_token(),
        "section": "where",
    }
    return show(
        request, "group", context, visitor=visitor, status=UNPROCESSABLE if problem else 200
    )


def _new(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Adds an address; the secret of a webhook is shown on the page that follows, and nowhere again."""
    problem, status = "", 200
    if request.method == "POST":
        channel, _, form = request.POST.get("channel", "").partition(" ")
        try:
            if request_rate_limits.seconds_to_wait(PER_TENANT, visitor.tenant.ref, now=visitor.now):
                problem, status = TOO_OFTEN, TOO_MANY
            else:
                proposal = own_endpoints.propose(
                    tenant=visitor.tenant,
                    channel=channel,
                    address=request.POST.get("address", ""),
                    format=form,
                    name=request.POST.get("name", ""),
                    now=visitor.now,
                )
                return _confirming(request, visitor, proposal, secret=proposal.secret)
        except EntryError as error:
            problem, status = str(error), UNPROCESSABLE
        except TransportError:
            problem, status = "The code could not be mailed; try again in a while.", 503
    context = {
        "channels": [
            (f"{value} {each.name}".strip(), each.label)
            for value in endpoints.typed_channels()
            for each in endpoints.formats(value) or [Format("", value.label)]
        ],
        "typed": request.POST,
        "problem": problem,
        "form_token": visitor.form_token(),
        "section": "where",
    }
    return show(request, "endpoint_new", context, visitor=visitor, status=status)


new = member(_new, edits=True)


def _confirm(request: HttpRequest, visitor: Visitor, key: uuid.UUID) -> HttpResponse:
    proposal = visitor.tenant.endpoint_proposals.filter(key=key).first()
    if proposal is None:
        raise Http404
    if request.method != "POST":
        return _confirming(request, visitor, proposal)
    if request_rate_limits.seconds_to_wait(PER_TENANT, visitor.tenant.ref, now=visitor.now):
        return _confirming(request, visitor, proposal, problem=TOO_OFTEN, status=TOO_MANY)
    try:
        made, _ = own_endpoints.confirm(
            tenant=visitor.tenant,
            key=key,
            code=request.POST.get("code", "")[:40],
            now=visitor.now,
        )
    except (ConfirmationError, EntryError) as error:
        return _confirming(request, visitor, proposal, problem=str(error), status=UNPROCESSABLE)
    return HttpResponseRedirect(f"{visitor.home}where/endpoints/{made.pk}/")


confirm = member(_confirm, edits=True)


def _confirming(
    request: HttpRequest,
    visitor: Visitor,
    proposal: EndpointProposal,
    *,
    secret: str = "",
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "proposal": proposal,
        "by_code": proposal.channel == Channel.MAIL,
        "secret": secret,
        "problem": problem,
        "form_token": visitor.form_token(),
        "section": "where",
    }
    return show(request, "endpoint_confirm", context, visitor=visitor, status=status)


@member
@editing
def endpoint(request: HttpRequest, visitor: Visitor, pk: int) -> HttpResponse:
    """One endpoint: how it does, and what may be done with it."""
    found = visitor.tenant.endpoints.filter(pk=pk).first() if pk < LARGEST else None
    if found is None:
        raise Http404
    done: dict[str, Any] = {}
    if request.method == "POST":
        done = _act(request.POST, found, visitor)
        found.refresh_from_db()
    context = {
        "endpoint": found,
        "groups": found.action_groups.filter(tenant=visitor.tenant).order_by("name"),
        "tries": delivery_log.last_tries(found),
        "missed": retry.missed(
            endpoint_id=found.pk, since=visitor.now - retry.LONGEST_REPLAY, now=visitor.now
        ).count(),
        "formats": endpoints.formats(found.channel),
        "tested": found.format,
        "languages": settings.LANGUAGES,
        "manners": found,
        "two_secrets": bool(found.former_until and found.former_until > visitor.now),
        "form_token": visitor.form_token(),
        "section": "where",
        **done,
    }
    return show(request, "endpoint", context, visitor=visitor)


def _act(form: QueryDict, found: Endpoint, visitor: Visitor) -> dict[str, Any]:
    act = form.get("act", "")
    if act == "test":
        if request_rate_limits.seconds_to_wait(PER_TENANT, visitor.tenant.ref, now=visitor.now):
            return {"problem": TOO_OFTEN}
        return _tested(found, form.get("format", found.format), visitor)
    if act == "rotate" and found.secret:
        return {"secret": endpoints.rotate(endpoint_id=found.pk, now=visitor.now)}
    if act == "replay" and found.suppressed_at is None:
        since = visitor.now - retry.LONGEST_REPLAY
        again = retry.replay_missed(endpoint_id=found.pk, since=since, now=visitor.now, actor=None)
        return {"said": f"{again} message{'s' * (again != 1)} will be sent again."}
    if act == "manners":
        return _manners(form, found)
    if act == "stop":
        own_endpoints.stop(endpoint=found, now=visitor.now)
        return {"said": "No alert goes there any more."}
    return {}


def _manners(form: QueryDict, found: Endpoint) -> dict[str, Any]:
    typed: dict[str, Any] = {
        "language": form.get("language", ""),
        "time_zone": form.get("time_zone", "").strip(),
        "follows_on": "follows_on" in form,
    }
    try:
        own_endpoints.set_manners(endpoint=found, **typed)
    except EntryError as error:
        return {"problem": str(error), "manners": typed}
    return {"said": "Saved."}


def _tested(found: Endpoint, format: str, visitor: Visitor) -> dict[str, Any]:
    """A test message in this format; the endpoint keeps its own."""
    tried = copy(found)
    try:
        tried.address = endpoints.check(found.channel, found.address, format).address
    except AddressError as error:
        return {"problem": f"The address {error}"}
    tried.format = format
    taken, answer = send_test_message(tried, now=visitor.now)
    said = f"The test message was {'taken' if taken else 'not taken'}: {answer}."
    return {"said" if taken else "problem": said, "tested": format}


@member
def log(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """Every message to the tenant's addresses, the newest first, with the reason for each that did not leave."""
    concern = [each.incident.pk for each in visitor.events()]
    chosen = None
    if (wanted := request.GET.get("endpoint", "")).isdecimal() and len(wanted) < 19:
        chosen = visitor.tenant.endpoints.filter(pk=int(wanted)).first()
        if chosen is None:
            raise Http404
    lines = delivery_log.log_of(
        visitor.tenant,
        concern,
        endpoint=chosen,
        before=delivery_log.place_of(request.GET.get("before", "")),
    )
    context = {
        "lines": lines,
        "endpoint": chosen,
        "older": lines[-1].delivery.uuid if len(lines) == delivery_log.A_PAGE else None,
        "section": "where",
    }
    return show(request, "deliveries", context, visitor=visitor)
