"""Tokens for a tenant's scripts: everybody sees which there are, owners issue and revoke them."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from incidents.services.errors import EntryError
from notifications.customers import tokens
from notifications.models import MemberRole, TenantScope
from statuspage.portal import calendar
from statuspage.portal.access import UNPROCESSABLE, Visitor, look_only, member, show
from statuspage.portal.pages import paged

LIFETIMES = (30, 90, 365)  # days
A_PAGE = 25


@member
def listed(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The secret of a new one is shown on the page that follows, and nowhere again."""
    problem, secret, feed, status = "", "", "", 200
    owner = visitor.membership.role == MemberRole.OWNER
    if request.method == "POST":
        if not owner:
            return look_only(visitor)
        act, _, number = request.POST.get("act", "").partition(" ")
        if act == "revoke" and number.isdecimal() and len(number) < 19:
            tokens.revoke(tenant=visitor.tenant, token_id=int(number), now=visitor.now)
            return HttpResponseRedirect(f"{visitor.home}tokens/")
        days = request.POST.get("days", "")
        try:
            made, secret = tokens.issue(
                by=visitor.membership,
                name=request.POST.get("name", ""),
                scopes=request.POST.getlist("scopes"),
                lifetime=timedelta(days=int(days) if days in map(str, LIFETIMES) else 0),
                now=visitor.now,
            )
            if TenantScope.CALENDAR in made.scopes:
                feed = calendar.address_of(secret)
        except EntryError as error:
            problem, status = str(error), UNPROCESSABLE
    rows = visitor.tenant.tokens.select_related("issued_by").order_by("-pk")
    shown = paged(request, rows, A_PAGE)
    context = {
        "tokens": [(each, each.state(visitor.now)) for each in shown.rows],
        "paged": shown,
        "scopes": TenantScope.choices,
        "lifetimes": LIFETIMES,
        "owner": owner,
        "secret": secret,
        "feed": feed,
        "typed": request.POST if problem else {},
        "chosen": request.POST.getlist("scopes") if problem else [TenantScope.EVENTS],
        "days": request.POST.get("days", "") if problem else "90",
        "problem": problem,
        "base": f"{settings.BASE_URL}/service-health/api/v1",
        "form_token": visitor.form_token(),
        "section": "tokens",
    }
    return show(request, "tokens", context, visitor=visitor, status=status)
