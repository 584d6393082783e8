"""Monitors and what they report: sources with their mapping, alerts, and what waits for a person."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Body, Query, Router
from pydantic import BaseModel, Field

from incidents.access import DECLARE, VIEW
from incidents.alerts.formats import FORMATS
from incidents.models import AlertOutcome, MonitorAlert, MonitorSource
from incidents.services.alerts import sources, waiting
from incidents.services.alerts.intake import declare_waiting
from statuspage.api.answers import pagination
from statuspage.api.answers.problems import problem
from statuspage.api.answers.response_codes import reads, writes
from statuspage.api.authentication import Bearer, token_of
from statuspage.api.once import all_or_nothing, told_once
from statuspage.api.schemas.requests import Look, Strict

router = Router(tags=["Monitors"])
Minutes = Annotated[int, Field(ge=0, le=sources.MOST_MINUTES)]
Number = Annotated[int, Field(ge=1, lt=2**63)]
MOST_ASIDE = 10_000


class NewSource(Strict):
    """`mapping`: YAML, as at the desk; empty: the labels service, region and severity."""

    format: str = Field("json", description=f"One of {', '.join(FORMATS)}.")
    mode: Literal["draft", "ask", "automatic"] = "ask"
    mapping: str = Field("", max_length=64 * 1024)
    window_minutes: Minutes = 10
    hold_minutes: Minutes = 3
    silent_minutes: Minutes = 0


class ToldSource(BaseModel):
    """`silent`: it should have said something by now. `waiting`: alerts that a person has to declare."""

    name: str
    format: str
    mode: str
    mapping: str
    window_minutes: int
    hold_minutes: int
    silent_minutes: int
    heard_at: datetime | None
    silent: bool
    waiting: int


class SourcePage(BaseModel):
    items: list[ToldSource]
    next: str | None


class ToldAlert(BaseModel):
    """What a monitor said, and what it led to."""

    id: int
    source: str
    key: str
    title: str
    labels: dict[str, str]
    outcome: str
    detail: str
    tracking_id: str | None
    times: int
    flaps: int
    opened_at: datetime
    heard_at: datetime | None
    over_at: datetime | None
    resolved_at: datetime | None


class AlertPage(BaseModel):
    items: list[ToldAlert]
    next: str | None


class WhichAlerts(pagination.PageAsked):
    source: str = Field("", max_length=60)
    outcome: str = Field("", max_length=8)
    waiting: bool = Field(False, description="Only what waits for a person.")


class Aside(Strict):
    alerts: list[Number] = Field(max_length=MOST_ASIDE)


class PutAside(BaseModel):
    put_aside: int


class Declared(BaseModel):
    """Tracking IDs, of a dry run those that are open; `alerts`: how many are in them."""

    declared: list[str]
    alerts: int


@router.get("/monitors", auth=Bearer(VIEW), response=reads(SourcePage))
def list_monitors(request: HttpRequest, asked: Query[pagination.PageAsked]) -> SourcePage:
    """Every monitor that was heard or set up, by name."""
    rows = sorted(MonitorSource.objects.all(), key=lambda each: each.name)
    found, after = pagination.page_of_texts(rows, asked, lambda each: each.name)
    return SourcePage(items=[_source(each) for each in found], next=after)


@router.put("/monitors/{name}", auth=Bearer(DECLARE), response=writes(ToldSource, 200))
def save_monitor(
    request: HttpRequest, name: str, new: Body[NewSource], asked: Query[Look]
) -> ToldSource:
    """Set a monitor up, or change it to exactly this; it counts from the next alert on."""
    with all_or_nothing(asked.dry_run):
        saved = sources.save(
            name=name,
            format_name=new.format,
            mode=new.mode,
            mapping=new.mapping.replace("\r\n", "\n"),
            window_minutes=new.window_minutes,
            hold_minutes=new.hold_minutes,
            silent_minutes=new.silent_minutes,
            now=timezone.now(),
        )
        return _source(saved)


@router.post("/monitors/{name}/declaration", auth=Bearer(DECLARE), response=writes(Declared, 200))
def declare_what_waits(request: HttpRequest, name: str, asked: Query[Look]) -> HttpResponse:
    """Declare what waits of a monitor: a storm is one incident. Who is affected is told at once."""
    source = MonitorSource.objects.filter(name=name).first()
    if source is None:
        raise problem(HTTPStatus.NOT_FOUND, "There is no monitor with this name.")

    def act() -> Declared:
        alerts = declare_waiting(source=source, actor=token_of(request).user, now=timezone.now())
        unborn = AlertOutcome.OPENED if asked.dry_run else None
        made = {
            each.incident.tracking_id for each in alerts if each.incident and each.outcome != unborn
        }
        return Declared(declared=sorted(made), alerts=len(alerts))

    return told_once(request, act, dry_run=asked.dry_run)


@router.get("/alerts", auth=Bearer(VIEW), response=reads(AlertPage))
def list_alerts(request: HttpRequest, asked: Query[WhichAlerts]) -> AlertPage:
    """Alerts and what each led to, the newest first."""
    rows = MonitorAlert.objects.select_related("incident")
    for name in ("source", "outcome"):
        if value := getattr(asked, name):
            rows = rows.filter(**{name: value})
    if asked.waiting:
        rows = rows.filter(outcome=AlertOutcome.WAITING, over_at=None, resolved_at=None)
    found, after = pagination.page(rows, asked, ("id",))
    return AlertPage(items=[_alert(each) for each in found], next=after)


@router.post("/alerts/aside", auth=Bearer(DECLARE), response=writes(PutAside, 200))
def put_alerts_aside(request: HttpRequest, new: Body[Aside], asked: Query[Look]) -> HttpResponse:
    """Nothing is to be declared of these, until they are over and begin anew."""

    def act() -> PutAside:
        count = waiting.put_aside(alerts=new.alerts, actor=token_of(request).user)
        return PutAside(put_aside=count)

    return told_once(request, act, dry_run=asked.dry_run)


def _source(each: MonitorSource) -> ToldSource:
    waits = MonitorAlert.objects.filter(
        source=each.name, outcome=AlertOutcome.WAITING, over_at=None, resolved_at=None
    )
    return ToldSource(
        name=each.name,
        format=each.format,
        mode=each.mode,
        mapping=each.mapping,
        window_minutes=each.window_minutes,
        hold_minutes=each.hold_minutes,
        silent_minutes=each.silent_minutes,
        heard_at=each.heard_at,
        silent=each in sources.silent(timezone.now()),
        waiting=waits.count(),
    )


def _alert(each: MonitorAlert) -> ToldAlert:
    return ToldAlert(
        id=each.pk,
        source=each.source,
        key=each.key,
        title=each.title,
        labels=each.labels,
        outcome=each.outcome,
        detail=each.detail,
        tracking_id=each.incident.tracking_id if each.incident else None,
        times=each.times,
        flaps=each.flaps,
        opened_at=each.opened_at,
        heard_at=each.heard_at,
        over_at=each.over_at,
        resolved_at=each.resolved_at,
    )
