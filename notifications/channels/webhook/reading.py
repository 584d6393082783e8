"""A delivery → the event that its formats are written from: the only part of webhooks that reads rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from django.conf import settings

from incidents.cells import CellIds
from incidents.models import Communication, Impact, Revision
from incidents.services.visibility import is_public
from notifications.channels import wording
from notifications.channels.webhook.event import (
    MAINTENANCE,
    Earlier,
    Event,
    NamedCell,
    Own,
    OwnSubscription,
    Window,
)
from notifications.models import Delivery
from notifications.vocabulary.delivery_states import DeliveryAudience, Relevance

NO_SITE = UUID(int=0)


def site_id() -> UUID:
    """The installation's own id."""
    return Revision.objects.values_list("site", flat=True).first() or NO_SITE


class ReadStatement:
    """What rows say of one communication, read once for all of its receivers."""

    def __init__(self, communication: Communication) -> None:
        self.communication = communication
        self.site_id = site_id()
        self.incident = incident = communication.incident
        self.windows: dict[CellIds, list[Window]] = {}
        for one in Impact.objects.filter(
            occurrence__incident=incident.pk, started_at__lte=communication.at
        ).order_by("started_at", "id"):
            over = one.ended_at if one.ended_at and one.ended_at <= communication.at else None
            window = Window(one.level, one.extent, tuple(one.zones), one.started_at, over)
            self.windows.setdefault((one.service_id, one.region_id), []).append(window)
        self.cells: Mapping[CellIds, NamedCell] = {
            (cell.service_id, cell.region_id): NamedCell(
                cell.service.slug,
                cell.service.name,
                cell.region.slug,
                cell.region.name,
                tuple(self.windows.get((cell.service_id, cell.region_id), ())),
            )
            for cell in communication.scope.select_related("service", "region").order_by(
                "service__position", "region__position"
            )
        }
        self.is_public = is_public(incident.pk)
        before = incident.communications.filter(number__lt=communication.number).order_by("-number")
        self.before = list(before) if communication.number > 1 else []

    def previous(self, *, public: bool) -> Communication | None:
        """The statement before this one that the same audience could read."""
        return next((one for one in self.before if one.public_at or not public), None)


def event_of(delivery: Delivery, statement: ReadStatement) -> Event:
    """In the language of the endpoint where a text was written from facts, else in its own."""
    communication, incident = statement.communication, statement.incident
    public = delivery.audience == DeliveryAudience.PUBLIC
    unaffected = delivery.relevance == Relevance.NOT_IMPACTED
    with wording.reading(delivery):
        sentence, language = wording.body(delivery)
        earlier = tuple(
            Earlier(
                one.number,
                one.stage,
                one.at,
                wording.said(one, public=public)[0],
                wording.heading(one, "UTC", within=communication),
            )
            for one in reversed(wording.earlier(delivery))
        )
        earlier_head = wording.earlier_head()
    before = statement.previous(public=public)
    own = frozenset(delivery.concern.cells) if delivery.concern else frozenset()
    return Event(
        site=settings.SITE_NAME,
        site_id=statement.site_id,
        base_url=settings.BASE_URL,
        tracking_id=incident.tracking_id,
        number=communication.number,
        kind=incident.kind,
        statement=communication.kind,
        title=incident.public_title,
        stage=communication.stage,
        previous_stage=before.stage if before else "",
        previous_at=before.at if before else None,
        level="" if incident.kind == MAINTENANCE else incident.level,
        drill=incident.drill,
        audience=delivery.audience,
        relevance=delivery.relevance,
        reason=delivery.reason,
        text="" if unaffected else sentence,
        sentence=sentence,
        language=language,
        at=communication.at,
        created_at=incident.created_at,
        started_at=incident.started_at,
        mitigated_at=incident.mitigated_at,
        scheduled_for=incident.scheduled_for,
        scheduled_until=incident.scheduled_until,
        next_update_by=communication.next_update_by,
        url=(
            f"{settings.BASE_URL}/status/history/{incident.tracking_id}/"
            if statement.is_public
            else ""
        ),
        cells=_cells(statement.cells, own),
        own=None if unaffected else _own(delivery, statement.cells),
        limit_reached=delivery.last_of_hour,
        earlier=earlier,
        earlier_head=earlier_head,
    )


def _cells(cells: Mapping[CellIds, NamedCell], own: frozenset[CellIds]) -> tuple[NamedCell, ...]:
    """The receiver's own first: they are the last to be left out where there is no room for all."""
    mine = [replace(cell, own=True) for pair, cell in cells.items() if pair in own]
    return (*mine, *(cell for pair, cell in cells.items() if pair not in own))


def _own(delivery: Delivery, cells: Mapping[CellIds, NamedCell]) -> Own | None:
    concern = delivery.concern
    if concern is None or not concern.hit:
        return None
    return Own(
        tenants=concern.tenants,
        confirmed=delivery.relevance == Relevance.IMPACTED,
        subscriptions=concern.subscriptions,
        concerned=concern.hit,
        named=tuple(OwnSubscription(hit.name, _slugs(hit.cells, cells)) for hit in concern.hits),
    )


def _slugs(
    pairs: Sequence[CellIds], cells: Mapping[CellIds, NamedCell]
) -> tuple[tuple[str, str], ...]:
    return tuple((cells[pair].service, cells[pair].region) for pair in pairs if pair in cells)
