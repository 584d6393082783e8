"""`POST /api/v1/ingest/<format>`: what monitors and other status pages report."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import unquote

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from incidents.access import REPORT
from incidents.alerts.formats import read_alerts
from incidents.alerts.signal import AlertFormatError
from incidents.models import AlertOutcome, MonitorAlert
from incidents.policy.documents import decode_text, load_json
from incidents.services.alerts import sources
from incidents.services.alerts.intake import Taken, take_in
from incidents.validation import RefusedError
from statuspage.api.answers.problems import Wrong, problem
from statuspage.api.answers.response_codes import writes
from statuspage.api.authentication import OfMonitor
from statuspage.api.once import Answered, once
from statuspage.api.schemas.requests import Question

router = Router(tags=["Monitors"])
Format = Literal[
    "alertmanager", "grafana", "json", "cloudevents", "datadog", "pagerduty", "statuspage"
]
LINES = 500
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {},
                "example": {
                    "key": "kv-errors-weu",
                    "status": "firing",
                    "service": "key-vault",
                    "region": "west-europe",
                    "severity": "warning",
                },
            }
        },
    }
}


class Report(Question):
    source: str = Field(
        "", max_length=60, description="The monitor's name; the format's, if left out."
    )
    dry_run: bool = Field(False, description="Only look: what each alert would lead to.")


class AlertLine(BaseModel):
    """What became of one alert; `detail` says why."""

    key: str
    title: str
    outcome: str
    detail: str
    tracking_id: str | None
    times: int
    flaps: int
    over: bool


class Reported(BaseModel):
    source: str
    mode: str
    dry_run: bool
    alerts: int
    unchanged: int = Field(description="Fire on, as before.")
    heartbeats: int
    outcomes: dict[str, int]
    incidents: list[str] = Field(description="Tracking IDs; of a dry run, those that are open.")
    lines: list[AlertLine] = Field(description=f"The first {LINES}; the desk lists all.")


@router.post(
    "/ingest/{format}",
    auth=OfMonitor(REPORT),
    response=writes(Reported, 200),
    openapi_extra=BODY,
)
def report_alerts(request: HttpRequest, format: Format, asked: Query[Report]) -> HttpResponse:
    """Take in what a monitor says. Every alert becomes a line that says what it led to."""
    signals = _signals(request, format)
    now = timezone.now()

    def act() -> Answered:
        with transaction.atomic(savepoint=asked.dry_run):
            source = sources.heard(name=asked.source or format, format_name=format, now=now)
            taken = take_in(source=source, signals=signals, now=now)
            reported = reported_of(source.name, source.mode, taken, dry_run=asked.dry_run)
            if asked.dry_run:
                transaction.set_rollback(True)
        return HTTPStatus.OK, reported.model_dump(mode="json")

    _, told = act() if asked.dry_run else once(request, act)
    return JsonResponse(told)


def reported_of(source: str, mode: str, taken: Taken, *, dry_run: bool) -> Reported:
    outcomes: dict[str, int] = {}
    for each in taken.alerts:
        outcomes[each.outcome] = outcomes.get(each.outcome, 0) + 1
    return Reported(
        source=source,
        mode=mode,
        dry_run=dry_run,
        alerts=len(taken.alerts),
        unchanged=taken.unchanged,
        heartbeats=taken.heartbeats,
        outcomes=outcomes,
        incidents=sorted(
            {
                each.incident.tracking_id
                for each in taken.alerts
                if each.incident and not (dry_run and each.outcome == AlertOutcome.OPENED)
            }
        ),
        lines=[_line(each) for each in taken.alerts[:LINES]],
    )


def _line(each: MonitorAlert) -> AlertLine:
    return AlertLine(
        key=each.key,
        title=each.title,
        outcome=each.outcome,
        detail=each.detail,
        tracking_id=each.incident.tracking_id if each.incident else None,
        times=each.times,
        flaps=each.flaps,
        over=each.over_at is not None,
    )


def _binary_event(request: HttpRequest, data: object) -> dict[str, object]:
    """CloudEvents in binary mode: the attributes are headers, and the body is the data."""
    attributes: dict[str, object] = {
        name.lower().removeprefix("ce-"): unquote(value)
        for name, value in request.headers.items()
        if name.lower().startswith("ce-")
    }
    return attributes | {"data": data}


def _signals(request: HttpRequest, format_name: str) -> list[Any]:
    try:
        text = decode_text(request.body, 2**31, "body", RefusedError)
        payload = load_json(text, "body", RefusedError)
        if format_name == "cloudevents" and "ce-specversion" in request.headers:
            payload = _binary_event(request, payload)
        return list(read_alerts(format_name, payload))
    except RefusedError as error:
        raise problem(HTTPStatus.BAD_REQUEST, f"{error}.") from None
    except AlertFormatError as error:
        field, _, said = str(error).partition(": ")
        what, _, remedy = said.partition("; ")
        raise problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"{error}.", Wrong(field, "", what, remedy)
        ) from None
