"""Looking back: the audit trail, and how well we tell."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Body, Query, Router
from pydantic import BaseModel, Field

from incidents.access import CONFIRM, LOOK, TRAIL, VIEW
from incidents.models import AuditEvent
from incidents.models.review import MONTH
from incidents.services.access import audit_trail
from incidents.services.published_figures import publish_figures, take_off
from incidents.texts import as_typed
from notifications.evidence.how_fast import how_fast
from notifications.evidence.insight import insight
from statuspage.api.answers import pagination
from statuspage.api.answers.response_codes import reads, writes
from statuspage.api.authentication import Bearer, token_of
from statuspage.api.once import all_or_nothing
from statuspage.api.schemas.requests import Look, Moment, Question, Strict
from statuspage.desk.insight import records

router = Router(tags=["Looking back"])


class Events(pagination.PageAsked):
    """Which events; what is left out, all. `what`: a part of a table's name, or of a screen's or command's."""

    incident: str = Field("", max_length=8, description="A tracking ID.")
    actor: str = Field("", max_length=150)
    what: str = Field("", max_length=60)
    since: Moment | None = None
    until: Moment | None = None


class ToldEvent(BaseModel):
    """A change of a row with what it was before and is after; or a sign-in."""

    event: int
    at: datetime
    actor: str
    via: str
    address: str
    session: str
    token: str
    what: str
    row: str | None
    verb: str
    rows: int
    incident: int | None
    before: Any
    after: Any


class EventPage(BaseModel):
    items: list[ToldEvent]
    next: str | None


class Period(Question):
    by: Literal["month", "service", "geography"] = "month"
    since: str = Field("", pattern=rf"^$|^{MONTH}$", description="A month, as 2026-03.")
    until: str = Field("", pattern=rf"^$|^{MONTH}$", description="A month, the last one.")
    imported: bool = Field(False, description="Also what was read from histories.")


class Publication(Strict):
    public: bool


@router.get("/audit/trail", auth=Bearer(TRAIL), response=reads(EventPage))
def list_audit_events(request: HttpRequest, asked: Query[Events]) -> EventPage:
    """Every change and every sign-in, with who, from where, before and after; the newest first."""
    found = audit_trail.events(
        tracking_id=as_typed.tracking_id(asked.incident),
        actor=asked.actor,
        what=asked.what,
        since=asked.since,
        until=asked.until,
    )
    rows, after = pagination.page(found, asked, ("id",))
    return EventPage(items=[_event(each) for each in rows], next=after)


@router.get("/insight", auth=Bearer(VIEW, LOOK, any_of=True), response=reads(list[dict[str, Any]]))
def show_insight(request: HttpRequest, asked: Query[Period]) -> list[dict[str, Any]]:
    """How well we tell, by month, service or geography: an object each, as the desk's CSV has it."""
    found = insight(
        now=timezone.now(), since=asked.since, until=asked.until, imported=asked.imported
    )
    return list(records(asked.by, found.by(asked.by)))


@router.get("/how-fast", auth=Bearer(VIEW, LOOK, any_of=True), response=reads(dict[str, Any]))
def show_how_fast(request: HttpRequest) -> dict[str, Any]:
    """How fast we tell, quarter by quarter."""
    return how_fast(now=timezone.now()).as_dict()


@router.put("/how-fast", auth=Bearer(CONFIRM), response=writes(Publication, 200))
def publish_how_fast(
    request: HttpRequest, new: Body[Publication], asked: Query[Look]
) -> Publication:
    """Show the world the figures of the quarters that are over, or take them off."""
    now, actor = timezone.now(), token_of(request).user
    with all_or_nothing(asked.dry_run):
        if new.public:
            publish_figures(figures=how_fast(now=now).as_dict(), now=now, actor=actor)
        else:
            take_off(now=now, actor=actor)
    return new


def _event(each: AuditEvent) -> ToldEvent:
    shared = {
        name: getattr(each, name) for name in audit_trail.COLUMNS if name not in ("event", "at")
    }
    return ToldEvent(event=each.pk, at=each.at, **shared)
