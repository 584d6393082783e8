"""The tenant's subscriptions and where they run: seen by all, changed by editors where the operator allows."""

from __future__ import annotations

from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from incidents.services.errors import EntryError
from incidents.texts import csv_file
from notifications.customers import own_footprint
from notifications.models import Footprint
from statuspage.portal.access import UNPROCESSABLE, Visitor, editing, look_only, member, show
from statuspage.portal.pages import paged

A_PAGE, CHANGES = 50, 30


@member
@editing
def listed(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    tenant, problem, typed = visitor.tenant, "", ""
    if request.method == "POST":
        if not tenant.edits_footprint:
            return look_only(visitor)
        typed = request.POST.get("places", "")
        if file := request.FILES.get("file"):
            typed = file.read(own_footprint.LONGEST + 1).decode("utf-8-sig", "replace")
        try:
            own_footprint.save(tenant=tenant, places=typed, now=visitor.now)
            return HttpResponseRedirect(f"{request.path}#changes")
        except EntryError as error:
            problem = str(error)
    asked = request.GET.get("q", "").strip()[:100]
    cells = Footprint.objects.select_related("service", "region").order_by("service", "region")
    rows = tenant.subscriptions.order_by("name", "ref")
    if asked:
        rows = rows.filter(Q(ref__icontains=asked) | Q(name__icontains=asked))
    changes = tenant.footprint_changes.select_related("person").order_by("-pk")
    context = {
        "listed": paged(request, rows.prefetch_related(Prefetch("footprint", cells)), A_PAGE),
        "q": asked,
        "edits": tenant.edits_footprint and visitor.may_edit,
        "changes": paged(request, changes, CHANGES, name="changes"),
        "problem": problem,
        "typed": typed[:100_000],
        "form_token": visitor.form_token(),
        "section": "footprint",
    }
    status = UNPROCESSABLE if problem else 200
    return show(request, "footprint", context, visitor=visitor, status=status)


@member
def as_csv(_request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """All of it, as the form takes it again."""
    cells = (
        Footprint.objects.filter(subscription__tenant=visitor.tenant)
        .order_by("subscription__ref", "service__slug", "region__slug")
        .values_list("subscription__ref", "service__slug", "region__slug")
    )
    columns = ("subscription", "service", "region")
    lines = csv_file.lines(
        columns, (dict(zip(columns, each, strict=True)) for each in cells.iterator())
    )
    response = HttpResponse("".join(lines), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="footprint.csv"'
    return response
