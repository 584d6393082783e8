"""The operator looks at Service Health as a tenant sees it: read only, as its reader, and noted in the audit trail.

The pages are the customers' own. No session of theirs is made: who looks is signed in at the desk, below `/admin/`.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import Resolver404, path, resolve, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from incidents.access import LOOK
from incidents.services.access.looks import record_look
from notifications.models import MemberRole, Membership, Person, Tenant
from notifications.models.customers.tenants import called
from notifications.subscribers.request_rate_limits import sender
from statuspage.desk.access import desk, operator_of
from statuspage.portal.access import Visitor

PAGES = "statuspage.portal.urls"


@desk(LOOK)
@require_safe
def look(request: HttpRequest, ref: str, rest: str = "") -> HttpResponseBase:
    """The page of the tenant's at `rest`; what only writes is not there."""
    tenant = get_object_or_404(Tenant, called(ref))
    now, user = timezone.now(), operator_of(request).get_username()
    try:
        found = resolve(f"/of/{tenant.ref}/{rest}", urlconf=PAGES)
    except Resolver404 as error:
        raise Http404 from error
    membership = Membership(person=Person(email=user), tenant=tenant, role=MemberRole.READER)
    base = reverse("tenant-view", args=[tenant.ref])
    request.looking = Visitor("", membership, (), now, base)  # type: ignore[attr-defined]
    record_look(
        what="tenant-view",
        row=str(tenant.pk),
        who={"actor": user, "via": f"tenant-view {rest}"[:100], "address": sender(request)},
        now=now,
    )
    answer: HttpResponseBase = found.func(request, **found.kwargs)
    return answer


urlpatterns = [
    path("<str:ref>/look/", look, name="tenant-view"),
    path("<str:ref>/look/<path:rest>", look, name="tenant-view-page"),
]
