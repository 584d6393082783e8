"""Events: now, history, planned, advisories, security; and one event.

What may be seen is decided by `audience.tenants.tenant_events` alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    QueryDict,
)

from incidents.models import Incident, Review
from incidents.texts import as_typed
from incidents.texts.markdown import to_html
from incidents.vocabulary import NOT_BEGUN, Kind, Level, Stage
from notifications.audience.tenants import tenant_events, tenant_hits
from notifications.audience.tenants.tenant_events import EventBasis, TenantEvent
from notifications.audience.tenants.tenant_hits import TenantHit
from notifications.evidence import when_told
from notifications.evidence.when_told import FirstTold
from notifications.models import Tenant
from statuspage.portal import answers
from statuspage.portal.access import (
    UNPROCESSABLE,
    Visitor,
    editing,
    member,
    private,
    show,
    to_sign_in,
    visitors,
)
from statuspage.portal.month import month_of
from statuspage.public.render.table.labels import state_of

A_PAGE = 25
LONGEST_SEARCH = 100
BASES = {
    EventBasis.LIST: "confirmed",
    EventBasis.FOOTPRINT: "estimated",
    EventBasis.NOT_HIT: "you were not hit",
    EventBasis.PUBLIC: "where you run",
    EventBasis.TOLD: "may be affected",
}


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    slug: str
    takes: Callable[[TenantEvent], bool]
    empty: str


def _open(event: TenantEvent) -> bool:
    return event.incident.closed_at is None and not _planned(event)


def _planned(event: TenantEvent) -> bool:
    incident = event.incident
    is_plan = incident.kind == Kind.PLANNED_MAINTENANCE and incident.closed_at is None
    return is_plan and incident.stage in NOT_BEGUN


def _goes_on(event: TenantEvent) -> bool:
    return _open(event) and event.incident.kind in (Kind.SERVICE_ISSUE, Kind.PLANNED_MAINTENANCE)


TABS = (
    Tab("Now", "now", _goes_on,
        "Nothing of yours is affected now. If that changes, it stands here."),
    Tab("Planned", "planned", _planned,
        "No maintenance is planned where you run."),
    Tab("Advisories", "advisories", lambda each: each.incident.kind == Kind.HEALTH_ADVISORY,
        "There is no advisory about anything you run."),
    Tab("Security", "security", lambda each: each.incident.kind == Kind.SECURITY_ADVISORY,
        "There is no security advisory about anything you run."),
    Tab("History", "history", lambda each: each.incident.closed_at is not None,
        "Nothing that has concerned you is over yet. What ends is kept here, with its review."),
)  # fmt: skip
BY_SLUG = {each.slug: each for each in TABS}


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as a list shows it."""

    event: TenantEvent
    hit: TenantHit
    told: FirstTold | None
    state: str

    @property
    def basis(self) -> str:
        return BASES[self.event.basis]

    @property
    def tense(self) -> str:
        return tense_of(self.event)


def tense_of(event: TenantEvent) -> str:
    """What may be said of its times: planned, cancelled, going-on; else nothing but when they were stated to be."""
    if _planned(event):
        return "planned"
    if event.incident.stage == Stage.CANCELLED:
        return "cancelled"
    return "going-on" if _goes_on(event) else ""


def rows_of(tenant: Tenant, events: Sequence[TenantEvent]) -> list[EventRow]:
    hit = tenant_hits.hits(tenant, events)
    told = when_told.first_told(tenant, [each.incident.pk for each in events])
    return [
        EventRow(
            each,
            hit.get(each.incident.pk, TenantHit()),
            told.get(each.incident.pk),
            state_of(each.incident.kind, each.incident.level),
        )
        for each in events
    ]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; anything unknown narrows nothing."""

    text: str = ""
    level: str = ""
    only: str = ""  # targeted, public

    @classmethod
    def of(cls, query: QueryDict) -> Filters:
        level, only = query.get("level", ""), query.get("only", "")
        return cls(
            query.get("q", "").strip()[:LONGEST_SEARCH],
            level if level in tuple(Level) else "",
            only if only in ("targeted", "public") else "",
        )

    def take(self, event: TenantEvent) -> bool:
        incident = event.incident
        return (
            self.text.lower() in f"{incident.public_title} {incident.tracking_id}".lower()
            and self.level in ("", incident.level)
            and (not self.only or (self.only == "public") == event.public)
        )


@member
def now_page(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    return _list(request, visitor, TABS[0])


@member
def tab(request: HttpRequest, visitor: Visitor, tab: str) -> HttpResponse:
    if tab not in BY_SLUG:
        raise Http404
    return _list(request, visitor, BY_SLUG[tab])


def _list(request: HttpRequest, visitor: Visitor, chosen: Tab) -> HttpResponse:
    every = visitor.events()
    filters = Filters.of(request.GET)
    shown = [each for each in every if chosen.takes(each) and filters.take(each)]
    page = Paginator(shown, A_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    query.pop("month", None)
    rows = rows_of(visitor.tenant, list(page.object_list))
    subscriptions = visitor.tenant.subscriptions.count()
    context = {
        "tabs": [(each, sum(map(each.takes, every))) for each in TABS],
        "closed": chosen.slug == "security" and not visitor.membership.sees_security,
        "tab": chosen,
        "rows": rows,
        "page": page,
        "filters": filters,
        "filtered": filters != Filters(),
        "levels": Level.choices(),
        "subscriptions": subscriptions,
        "query": query.urlencode(),
        "month": month_of(every, request.GET.get("month", ""), now=visitor.now)
        if chosen.slug == "planned"
        else None,
        "headline": _headline(rows, subscriptions) if chosen is TABS[0] else chosen.name,
    }
    return show(request, "events", context, visitor=visitor)


def _headline(rows: Sequence[EventRow], subscriptions: int) -> str:
    """The answer to the first question: is it me?"""
    if not rows:
        return "Nothing of yours is affected now"
    hit = {pk for row in rows for pk in row.hit.ids}
    events = "one event" if len(rows) == 1 else f"{len(rows)} events"
    if not hit:
        return f"{events.capitalize()} where you run"
    certain = all(row.event.basis is EventBasis.LIST for row in rows if row.hit.ids)
    verb = ("is" if len(hit) == 1 else "are") if certain else "may be"
    return f"{len(hit)} of your {subscriptions} subscription{'s' * (subscriptions != 1)} {verb} hit by {events}"


def found(visitor: Visitor, tracking_id: str) -> TenantEvent:
    """The event of an address; of one that was absorbed, the survivor's. Raises Http404 for what does not concern the
    tenant, as for what is not there.
    """
    wanted = _surviving(tracking_id)
    events = visitor.events(tracking_id=wanted) if wanted else []
    if not events:
        raise Http404
    return events[0]


def _surviving(tracking_id: str) -> str:
    wanted = as_typed.tracking_id(tracking_id[:40])
    merged = Incident.objects.filter(tracking_id=wanted, merged_into__isnull=False)
    return merged.values_list("merged_into__tracking_id", flat=True).first() or wanted


@private
def linked(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """What mails lead to: the event as one's own tenant sees it, the first of them that it concerns."""
    wanted = _surviving(tracking_id)
    for visitor in visitors(request):
        if wanted and visitor.events(tracking_id=wanted):
            return HttpResponseRedirect(f"{visitor.home}events/{wanted}/")
    if not visitors(request):
        return to_sign_in(request)
    raise Http404


@member
@editing
def one(request: HttpRequest, visitor: Visitor, tracking_id: str) -> HttpResponse:
    event, problem = found(visitor, tracking_id), ""
    if request.method == "POST":
        problem = answers.act(request.POST, visitor, event)
        if not problem:
            return HttpResponseRedirect(f"{request.path}#answer")
    told = when_told.told_of(visitor.tenant, event.incident.pk)
    reached: dict[int, list[when_told.WhenTold]] = {}
    for each in told:
        reached.setdefault(each.communication, []).append(each)
    statements = tenant_events.statements_of(
        event, [each.communication for each in told if each.targeted]
    )
    context = {
        "row": rows_of(visitor.tenant, [event])[0],
        "hit": tenant_hits.subscriptions_hit(visitor.tenant, [event]).get(event.incident.pk, []),
        "cells": tenant_hits.cells_hit(visitor.tenant, [event]).get(event.incident.pk, []),
        "statements": [
            (each, to_html(each.text), reached.get(each.communication.pk, []))
            for each in statements
        ],
        "reviews": _reviews(event),
        "subscriptions": visitor.tenant.subscriptions.count(),
        "problem": problem,
        **answers.context(request.POST, visitor, event),
    }
    status = UNPROCESSABLE if problem else 200
    return show(request, "event", context, visitor=visitor, status=status)


def _reviews(event: TenantEvent) -> list[dict[str, Any]]:
    """The versions that this tenant may read, the newest first."""
    if event.targeted:
        reviews = Review.objects.filter(incident=event.incident, published_at__isnull=False)
    else:
        reviews = Review.objects.public().filter(incident=event.incident)
    newest_first = reviews.order_by("-version").prefetch_related(
        "sections", "timeline", "repair_items"
    )
    return [
        {
            "review": each,
            "sections": [
                (section.heading, to_html(section.text))
                for section in sorted(each.sections.all(), key=lambda one: one.position)
            ],
            "timeline": sorted(each.timeline.all(), key=lambda one: one.position),
            "repairs": sorted(each.repair_items.all(), key=lambda one: one.position),
        }
        for each in newest_first
    ]
