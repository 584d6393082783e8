"""Was this address told? A search for those who answer customers."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from incidents.access import LOOK, VIEW
from notifications.evidence import delivery_lookup
from statuspage.desk.access import desk
from statuspage.desk.delivery_statistics import reason_of

A_PAGE = 50
LONGEST = 1000


@desk(VIEW, LOOK, any_of=True)
@require_safe
def told(request: HttpRequest) -> HttpResponse:
    """`q`: an address, or a tenant's reference or name; `endpoint`: an endpoint's number, instead.

    `before`: the page of older deliveries. A web address that is known leads to its number, so that it
    stands neither on the page nor in the address of what is asked next.
    """
    question = request.GET.get("q", "").strip()[:LONGEST]
    endpoint = _number(request, "endpoint")
    context: dict[str, object] = {"question": question}
    if not question and endpoint is None:
        return render(request, "desk/told.html", context)
    found = (
        delivery_lookup.look_up(question) if endpoint is None else delivery_lookup.by_id(endpoint)
    )
    if "://" in question and len(found.endpoints) == 1:
        return redirect(f"{request.path}?{urlencode({'endpoint': found.endpoints[0].pk})}")
    before = _number(request, "before")
    rows = list(
        delivery_lookup.deliveries_to(found.endpoints, before=before)[: A_PAGE + 1]
        if found.endpoints
        else ()
    )
    context |= {
        "asked": urlencode({"q": question} if endpoint is None else {"endpoint": endpoint}),
        "found": found,
        "tenant": found.tenants[0] if len(found.tenants) == 1 else None,
        "choices": found.tenants if len(found.tenants) > 1 else [],
        "rows": [(row, reason_of(row)) for row in rows[:A_PAGE]],
        "older": rows[A_PAGE - 1].pk if len(rows) > A_PAGE else None,
    }
    return render(request, "desk/told.html", context)


def _number(request: HttpRequest, name: str) -> int | None:
    """A row's number in the query; None for anything else."""
    value = request.GET.get(name, "")[:18]
    return int(value) if value.isascii() and value.isdigit() else None
