"""The people of a tenant: everybody sees who they are, owners decide."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from incidents.services.errors import EntryError
from notifications.customers import members
from notifications.models import MemberRole, Membership
from notifications.subscribers import request_rate_limits
from statuspage.portal import where
from statuspage.portal.access import (
    TOO_MANY,
    UNPROCESSABLE,
    Visitor,
    look_only,
    member,
    show,
)
from statuspage.portal.pages import paged

A_PAGE = 50


@member
def listed(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    problem, status = "", 200
    owner = visitor.membership.role == MemberRole.OWNER
    if request.method == "POST":
        if not owner:
            return look_only(visitor)
        try:
            problem = _act(request, visitor)
            if not problem:
                return HttpResponseRedirect(f"{visitor.home}people/")
            status = TOO_MANY
        except EntryError as error:
            problem, status = str(error), UNPROCESSABLE
        except Membership.DoesNotExist as error:
            raise Http404 from error
    people = visitor.tenant.memberships.select_related("person").order_by("person__email")
    context = {
        "people": paged(request, people, A_PAGE),
        "roles": MemberRole.choices,
        "owner": owner,
        "typed": request.POST,
        "problem": problem,
        "form_token": visitor.form_token(),
        "section": "people",
    }
    return show(request, "people", context, visitor=visitor, status=status)


def _act(request: HttpRequest, visitor: Visitor) -> str:
    """What was wrong that is no mistake in a field; "" when it is done."""
    form = request.POST
    given: dict[str, Any] = {
        "tenant": visitor.tenant,
        "role": form.get("role", ""),
        "security": form.get("security") == "on",
    }
    act, _, number = form.get("act", "").partition(" ")
    pk = int(number) if number.isdecimal() and len(number) < 19 else 0
    if act == "invite":
        if request_rate_limits.seconds_to_wait(
            where.PER_TENANT, visitor.tenant.ref, now=visitor.now
        ):
            return where.TOO_OFTEN
        by = visitor.membership.person.email
        members.invite(address=form.get("address", ""), by=by, **given)
    if act == "change":
        members.change(member_id=pk, **given)
    if act == "remove":
        members.remove(tenant=visitor.tenant, member_id=pk)
    return ""
