"""Policies compared over recorded incidents: handed in, made by a worker, read, thrown away; and our own recordings."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Body, Path, Query, Router, Status
from pydantic import BaseModel, Field

from incidents import tasks
from incidents.access import ADOPT, VIEW
from incidents.enqueue import enqueue
from incidents.models import BacktestRun, Incident
from incidents.policy import PRESETS, Policy, PolicyError, parse_policy
from incidents.replay.backtest_cases import case_of
from incidents.replay.backtest_run import chosen_policies
from incidents.replay.formats.files import RecordingError, read_content
from incidents.replay.formats.own import written
from incidents.replay.recordings import MomentsError
from incidents.services.decisions import backtest_runs
from incidents.services.decisions.policies import current_policy
from incidents.services.errors import EntryError
from statuspage.api.answers import pagination
from statuspage.api.answers.problems import problem
from statuspage.api.answers.response_codes import reads, writes
from statuspage.api.authentication import Bearer, token_of
from statuspage.api.once import all_or_nothing, told_once
from statuspage.api.schemas.requests import Look, Strict

router = Router(tags=["Set up"])
Number = Annotated[int, Path(ge=1, lt=2**63)]
IN_FORCE = "in-force"


class NewComparison(Strict):
    """`text`: JSON Lines as docs/recordings.md describes them, or as Google or Statuspage publish incidents."""

    name: str = Field("recordings.jsonl", max_length=200)
    text: str
    policies: list[str] = Field(
        [],
        max_length=10,
        description=f"{IN_FORCE}, {', '.join(PRESETS)}; with `document`, none is needed.",
    )
    document: dict[str, Any] | None = Field(
        None, description="A policy of your own; what is left out stands as in `azure`."
    )
    sweep: str = Field(
        "",
        max_length=100,
        description="One number, varied, of exactly one policy.",
        examples=["broad.services=2-10"],
    )


class ToldComparison(BaseModel):
    """`total`: incidents, once a worker has read them. Over when `ended_at` is there, with `report` or `fault`."""

    id: int
    name: str
    sweep: str
    by: str
    handed_in_at: datetime
    total: int | None
    done: int
    ended_at: datetime | None
    fault: str
    report: dict[str, Any] | None


class ComparisonPage(BaseModel):
    items: list[ToldComparison]
    next: str | None


class RecordingPage(BaseModel):
    """Our own incidents as recordings; those of which nothing was recorded are left out."""

    items: list[dict[str, Any]]
    next: str | None


@router.get("/policy/recordings", auth=Bearer(VIEW), response=reads(RecordingPage))
def list_recordings(request: HttpRequest, asked: Query[pagination.PageAsked]) -> RecordingPage:
    """Our incidents as they were known from moment to moment, as comparisons read them; the newest first."""
    rows, after = pagination.page(Incident.objects.filter(drill=False), asked, ("started_at", "id"))
    try:
        cases = [case for each in rows if (case := case_of(each))]
    except MomentsError as error:
        raise problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{error}.") from error
    return RecordingPage(items=[written(each) for each in cases], next=after)


@router.get("/policy/comparisons", auth=Bearer(VIEW), response=reads(ComparisonPage))
def list_comparisons(request: HttpRequest, asked: Query[pagination.PageAsked]) -> ComparisonPage:
    """What was handed in, the newest first, without the reports."""
    found = BacktestRun.objects.defer("content", "report").select_related("actor")
    rows, after = pagination.page(found, asked, ("id",))
    return ComparisonPage(items=[_told(each, report=False) for each in rows], next=after)


@router.get("/policy/comparisons/{number}", auth=Bearer(VIEW), response=reads(ToldComparison))
def show_comparison(request: HttpRequest, number: Number) -> ToldComparison:
    """How far it is, or what came of it: the report is what `manage.py backtest --json` prints."""
    run = BacktestRun.objects.defer("content").select_related("actor").filter(pk=number).first()
    if run is None:
        raise _missing()
    return _told(run)


@router.post("/policy/comparisons", auth=Bearer(ADOPT), response=writes(ToldComparison, 200, 201))
def compare_policies(
    request: HttpRequest, new: Body[NewComparison], asked: Query[Look]
) -> HttpResponse:
    """Hand in recordings, over which policies are compared in the background. A dry run reads them."""
    return told_once(
        request,
        lambda: _handed_in(request, new),
        status=HTTPStatus.CREATED,
        dry_run=asked.dry_run,
    )


@router.delete("/policy/comparisons/{number}", auth=Bearer(ADOPT), response=writes(None, 204))
def drop_comparison(request: HttpRequest, number: Number, asked: Query[Look]) -> Status[None]:
    """Throw a comparison away; a worker that is at it stops."""
    with all_or_nothing(asked.dry_run):
        if not backtest_runs.throw_away(number):
            raise _missing()
    return Status(HTTPStatus.NO_CONTENT, None)


def _handed_in(request: HttpRequest, new: NewComparison) -> ToldComparison:
    content = new.text.encode()
    try:
        policies = _policies(new)
        chosen_policies(policies, new.sweep)
    except PolicyError as error:
        said = str(error)
        field = "sweep" if said.startswith("--sweep: ") else "document"
        raise EntryError(field, said.removeprefix("--sweep: ")) from error
    try:
        if not list(read_content(content, "text")):
            raise EntryError("text", "holds no incident; send one a line.")
    except RecordingError as error:
        raise EntryError("text", str(error).removeprefix("text: ")) from error
    run = backtest_runs.hand_in(
        file_name=new.name,
        content=content,
        policies=policies,
        sweep=new.sweep,
        now=timezone.now(),
        actor=token_of(request).user,
    )
    transaction.on_commit(lambda: enqueue(tasks.compare_policies, run_id=run.pk))
    return _told(run)


def _policies(new: NewComparison) -> list[Policy]:
    """Each name once: the one in force is often a preset. Raises PolicyError and EntryError."""
    chosen = []
    for name in new.policies:
        if name != IN_FORCE and name not in PRESETS:
            raise EntryError(
                "policies", f"{name[:60]!r} is not known; use {IN_FORCE}, {', '.join(PRESETS)}."
            )
        chosen.append(current_policy() if name == IN_FORCE else PRESETS[name])
    if new.document is not None:
        chosen.append(parse_policy(new.document))
    if not chosen:
        raise EntryError("policies", "are missing; name one, or send a document.")
    return list({policy.name: policy for policy in chosen}.values())


def _told(run: BacktestRun, *, report: bool = True) -> ToldComparison:
    return ToldComparison(
        id=run.pk,
        name=run.file_name,
        sweep=run.sweep,
        by=run.actor.get_username(),
        handed_in_at=run.handed_in_at,
        total=run.total,
        done=run.done,
        ended_at=run.ended_at,
        fault=run.fault,
        report=run.report if report else None,
    )


def _missing() -> Exception:
    return problem(HTTPStatus.NOT_FOUND, "There is no comparison with this number.")
