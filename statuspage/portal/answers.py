"""A tenant's answer on the page of an event: seen, hit or not, a note."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from incidents.services.errors import EntryError
from notifications.audience.tenants.tenant_events import TenantEvent
from notifications.customers import event_answers
from notifications.customers.rules.rule_sentence import MOST_TICKED
from notifications.models import EventAnswer, WasHit
from statuspage.portal.access import Visitor


def act(form: QueryDict, visitor: Visitor, event: TenantEvent) -> str:
    """What was wrong with it; "" when it is kept."""
    facts: dict[str, Any] = {"by": visitor.membership.person, "now": visitor.now}
    if form.get("act") == "acknowledge":
        event_answers.acknowledge(tenant=visitor.tenant, incident=event.incident, **facts)
    if form.get("act") == "answer":
        typed = form.get("subscription_refs", "").replace(",", " ").split()
        try:
            event_answers.answer(
                tenant=visitor.tenant,
                event=event,
                hit=form.get("hit", ""),
                refs=form.getlist("subscriptions") or typed,
                note=form.get("note", ""),
                **facts,
            )
        except EntryError as error:
            return str(error)
    return ""


def context(form: QueryDict, visitor: Visitor, event: TenantEvent) -> dict[str, Any]:
    """What the page shows of it: as typed, else as it is kept."""
    kept = (
        EventAnswer.objects.filter(tenant=visitor.tenant, incident=event.incident)
        .select_related("acknowledged_by", "answered_by")
        .first()
    )
    owned = list(visitor.tenant.subscriptions.order_by("name", "ref")[: MOST_TICKED + 1])
    refs = list(kept.subscriptions.values_list("ref", flat=True)) if kept else []
    if form:
        refs = form.getlist("subscriptions")
    return {
        "answer": kept,
        "owned": owned if len(owned) <= MOST_TICKED else [],
        "answered": {
            "hit": form.get("hit", kept.hit if kept else ""),
            "note": form.get("note", kept.note if kept else ""),
            "refs": refs,
            "typed": form.get("subscription_refs", "\n".join(refs)),
        },
        "hits": WasHit.choices,
        "form_token": visitor.form_token(),
    }
