"""Was this address told? A search for those who answer customers."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from notifications.services import told as ledger
from statuspage.desk.access import ERASE, LOOK, WORK, desk, operator_of
from statuspage.desk.ledger import reason_of

A_PAGE = 50
LONGEST = 1000


@desk(WORK, LOOK, any_of=True)
@require_safe
def told(request: HttpRequest) -> HttpResponse:
    """`q`: an address, or a tenant's reference or name; `before`: the page of older deliveries."""
    question = request.GET.get("q", "").strip()[:LONGEST]
    context: dict[str, object] = {
        "question": question,
        "may_erase": operator_of(request).has_perm(ERASE),
    }
    if not question:
        return render(request, "desk/told.html", context)
    found = ledger.look_up(question)
    before = request.GET.get("before", "")
    rows = list(
        ledger.deliveries_to(
            found.endpoints, before=int(before) if before.isascii() and before.isdigit() else None
        )[: A_PAGE + 1]
        if found.endpoints
        else ()
    )
    context |= {
        "found": found,
        "tenant": found.tenants[0] if len(found.tenants) == 1 else None,
        "choices": found.tenants if len(found.tenants) > 1 else [],
        "rows": [(row, reason_of(row)) for row in rows[:A_PAGE]],
        "older": rows[A_PAGE - 1].pk if len(rows) > A_PAGE else None,
    }
    return render(request, "desk/told.html", context)
