"""Sending: the switch that stops it all, addresses that nothing is sent to, and whether an address was told."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Body, Path, Query, Router
from pydantic import BaseModel, Field

from incidents.access import LIFT, LOOK, STOP, VIEW
from incidents.services.errors import EntryError
from notifications.delivery import kill_switch, retry
from notifications.evidence import delivery_lookup
from notifications.inbound import suppression
from notifications.models import Delivery, Endpoint
from statuspage.api.answers import pagination
from statuspage.api.answers.problems import problem
from statuspage.api.answers.response_codes import reads, writes
from statuspage.api.authentication import Bearer, token_of
from statuspage.api.once import all_or_nothing, told_once
from statuspage.api.schemas.requests import Look, Strict

router = Router(tags=["Sending"])


class NewSending(Strict):
    """`reason`: needed to stop; every screen of the desk shows it."""

    stopped: bool
    reason: str = ""


class ToldSending(BaseModel):
    """`waiting`: deliveries that are planned and not sent."""

    stopped: bool
    reason: str
    stopped_at: datetime | None
    stopped_by: str | None
    waiting: int


class ToldSuppressed(BaseModel):
    """An address that nothing is sent to any more. `last_answer`: what came back."""

    id: int
    channel: str
    address: str
    tenant: str | None
    suppressed_at: datetime | None
    suppressed_because: str
    last_answer: str


class SuppressedPage(BaseModel):
    items: list[ToldSuppressed]
    next: str | None


class Lifting(Strict):
    reason: str = Field(description="Why messages will arrive now.")


class Lifted(BaseModel):
    """`sent_again`: what it has missed and leaves now."""

    id: int
    address: str
    sent_again: int


class WhomAsked(pagination.PageAsked):
    q: str = Field(
        min_length=1,
        max_length=1000,
        description="A whole address, or a tenant's name or reference.",
    )


class DeliveryTo(BaseModel):
    """`last_answer`: what the other side said."""

    id: int
    tracking_id: str
    update: int
    channel: str
    address: str
    state: str
    planned_at: datetime
    sent_at: datetime | None
    last_answer: str


class DeliveriesTo(BaseModel):
    """`tenants`: more than one has such a name; ask again with one of these references."""

    items: list[DeliveryTo]
    tenants: list[str]
    next: str | None


@router.get("/sending", auth=Bearer(VIEW), response=reads(ToldSending))
def show_sending(request: HttpRequest) -> ToldSending:
    """Whether messages are sent."""
    return _sending()


@router.put("/sending", auth=Bearer(STOP), response=writes(ToldSending, 200))
def set_sending(request: HttpRequest, new: Body[NewSending], asked: Query[Look]) -> ToldSending:
    """Stop all sending, or let it go on. As it is already, nothing is changed."""
    now, actor = timezone.now(), token_of(request).user
    with all_or_nothing(asked.dry_run):
        if new.stopped != (kill_switch.in_force() is not None):
            try:
                if new.stopped:
                    kill_switch.stop(reason=new.reason, now=now, actor=actor)
                else:
                    kill_switch.release(now=now, actor=actor)
            except kill_switch.StopError as error:
                raise _refused(error) from error
        return _sending()


@router.get("/suppressed", auth=Bearer(LOOK), response=reads(SuppressedPage))
def list_suppressed(request: HttpRequest, asked: Query[pagination.PageAsked]) -> SuppressedPage:
    """Addresses that nothing is sent to any more, and why."""
    rows, after = pagination.page(suppression.suppressed(), asked, ("suppressed_at", "id"))
    return SuppressedPage(items=[_suppressed(each) for each in rows], next=after)


@router.post("/suppressed/{number}/lift", auth=Bearer(LIFT), response=writes(Lifted, 200))
def lift_suppression(
    request: HttpRequest,
    number: Annotated[int, Path(ge=1, lt=2**63)],
    new: Body[Lifting],
    asked: Query[Look],
) -> HttpResponse:
    """Send to an address again; what it has missed leaves now."""

    def act() -> Lifted:
        now, actor = timezone.now(), token_of(request).user
        found = Endpoint.objects.filter(pk=number, suppressed_at__isnull=False).first()
        if found is None:
            raise problem(HTTPStatus.NOT_FOUND, "No address with this number is suppressed.")
        try:
            suppression.lift(endpoint_id=number, reason=new.reason, now=now, actor=actor)
        except suppression.LiftError as error:
            raise _refused(error) from error
        missed = retry.replay_missed(
            endpoint_id=number, since=found.suppressed_at or now, now=now, actor=actor
        )
        return Lifted(id=number, address=found.label, sent_again=missed)

    return told_once(request, act, dry_run=asked.dry_run)


@router.get("/told", auth=Bearer(LOOK), response=reads(DeliveriesTo))
def look_up_deliveries(request: HttpRequest, asked: Query[WhomAsked]) -> DeliveriesTo:
    """Was this address, or this customer, told? Deliveries, the newest first."""
    found = delivery_lookup.look_up(asked.q)
    if found.problem:
        raise problem(HTTPStatus.NOT_FOUND, found.problem)
    rows, after = pagination.page(delivery_lookup.deliveries_to(found.endpoints), asked, ("id",))
    return DeliveriesTo(
        items=[_delivery(each) for each in rows],
        tenants=[each.ref for each in found.tenants],
        next=after,
    )


def _sending() -> ToldSending:
    stop = kill_switch.in_force()
    return ToldSending(
        stopped=stop is not None,
        reason=stop.reason if stop else "",
        stopped_at=stop.stopped_at if stop else None,
        stopped_by=stop.stopped_by.get_username() if stop else None,
        waiting=Delivery.objects.filter(settled_as=None).count(),
    )


def _suppressed(each: Endpoint) -> ToldSuppressed:
    return ToldSuppressed(
        id=each.pk,
        channel=each.channel,
        address=each.label,
        tenant=each.tenant.ref if each.tenant else None,
        suppressed_at=each.suppressed_at,
        suppressed_because=each.suppressed_because,
        last_answer=each.last_detail or "",  # type: ignore[attr-defined]  # annotated by suppressed
    )


def _delivery(each: Delivery) -> DeliveryTo:
    return DeliveryTo(
        id=each.pk,
        tracking_id=each.incident.tracking_id,
        update=each.communication.number,
        channel=each.channel,
        address=each.endpoint.label,
        state=each.state,
        planned_at=each.created_at,
        sent_at=each.sent_at,
        last_answer=each.last_answer or "",  # type: ignore[attr-defined]  # annotated by with_answers
    )


def _refused(error: ValueError) -> EntryError:
    """What the post office refuses names its field in front."""
    field, _, said = str(error).partition(": ")
    return EntryError(field, said)
