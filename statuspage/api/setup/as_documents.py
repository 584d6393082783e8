"""Catalogue and policy as documents: read, compared (`dry_run=1`), and put into force."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Body, Query, Router
from pydantic import BaseModel, Field

from incidents.access import ADOPT, VIEW
from incidents.importers.catalogue_file import MAX_BYTES, CatalogueError, read_catalogue
from incidents.models import PolicyVersion
from incidents.policy.documents import decode_text
from incidents.replay.backtest import backtest, summary
from incidents.replay.backtest_cases import case_of
from incidents.replay.recordings import MomentsError
from incidents.replay.replay import BacktestCase
from incidents.services.decisions.policies import (
    adopt_policy,
    changes_by,
    checked_policy,
    current_policy,
)
from incidents.services.errors import EntryError
from incidents.services.imports.catalogue import wait_for_other_loads
from incidents.services.imports.catalogue_document import apply_in_lines, catalogue_document
from incidents.services.imports.retired_places import open_incidents_on
from incidents.validation import RefusedError
from statuspage.api.answers import pagination
from statuspage.api.answers.problems import Wrong, problem
from statuspage.api.answers.response_codes import reads, writes
from statuspage.api.authentication import Bearer, token_of
from statuspage.api.schemas.requests import Look, Strict
from statuspage.api.writing import require_alone
from statuspage.desk.access import incidents_for
from statuspage.desk.preview.second_person import POLICY

router = Router(tags=["Set up"])
MOST_CASES = 2000  # of a backtest, the newest
CATALOGUE = {
    "requestBody": {
        "required": True,
        "content": {
            "application/yaml": {
                "schema": {"type": "string"},
                "example": "geographies:\n  - name: Europe\n    regions: [West Europe]\n"
                "categories:\n  - name: Storage\n    services: [Storage]\n",
            },
            "application/json": {"schema": {"type": "object"}},
        },
    }
}


class CatalogueDocument(BaseModel):
    """As a catalogue file says it; PUT takes the same."""

    geographies: list[dict[str, Any]]
    categories: list[dict[str, Any]]


class Applied(BaseModel):
    """What differs from what was in force, a line each; nothing of it is stored on a dry run."""

    dry_run: bool
    changes: list[str]
    still_open: dict[str, list[str]] = Field(
        description="Incidents that are open on what is retired by this, with the cells."
    )


class NewPolicy(Strict):
    """`document`: as GET shows it, or a part: what is left out stands as in `azure`."""

    document: dict[str, Any]
    reason: str = Field("", max_length=500, description="Why it changes; kept with the version.")


class Candidate(Strict):
    """A whole policy, or a part: what is left out stands as in `azure`."""

    document: dict[str, Any]


class Backtested(BaseModel):
    """Counts under the policy in force and under the candidate, and each incident that changes."""

    incidents: int
    faults: list[str]
    now: dict[str, Any]
    then: dict[str, Any]
    changed: list[dict[str, Any]]


class ToldPolicy(BaseModel):
    name: str
    version: int
    reason: str
    actor: str | None
    in_force_from: datetime | None
    document: dict[str, Any]


class PolicyPage(BaseModel):
    items: list[ToldPolicy]
    next: str | None


@router.get("/catalogue", auth=Bearer("incidents.view_service"), response=reads(CatalogueDocument))
def show_catalogue(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """The whole catalogue as one document. Its ETag can be sent back as If-Match."""
    found = catalogue_document()
    response["ETag"] = _etag(found)
    return found


@router.put(
    "/catalogue",
    auth=Bearer("incidents.change_service"),
    response=writes(Applied, 200),
    openapi_extra=CATALOGUE,
)
def put_catalogue(request: HttpRequest, response: HttpResponse, asked: Query[Look]) -> Applied:
    """Make the catalogue what this file (YAML or JSON) says; what it no longer names is retired."""
    now = timezone.now()
    try:
        text = decode_text(request.body, MAX_BYTES, "body", RefusedError)
        catalogue = read_catalogue(text, "body")
    except RefusedError as error:
        raise problem(HTTPStatus.BAD_REQUEST, f"{error}.") from None
    except CatalogueError as error:
        wrong = Wrong("body", "", error.what, error.remedy, error.line)
        raise problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{error}.", wrong) from None
    with transaction.atomic():
        wait_for_other_loads()
        _require_match(request, _etag(catalogue_document()))
        changes = list(apply_in_lines(catalogue=catalogue, now=now))
        applied = Applied(
            dry_run=asked.dry_run, changes=changes, still_open=open_incidents_on(retired_at=now)
        )
        response["ETag"] = _etag(catalogue_document())
        if asked.dry_run:
            transaction.set_rollback(True)
    return applied


@router.get("/policy", auth=Bearer(VIEW), response=reads(ToldPolicy))
def show_policy(request: HttpRequest, response: HttpResponse) -> ToldPolicy:
    """The policy in force. Its ETag can be sent back as If-Match."""
    response["ETag"] = _policy_etag()
    newest = PolicyVersion.objects.select_related("actor").order_by("-id").first()
    if newest:
        return _version(newest)
    shipped = current_policy()
    return ToldPolicy(
        name=shipped.name,
        version=shipped.version,
        reason="",
        actor=None,
        in_force_from=None,
        document=_without_version(shipped.as_dict()),
    )


@router.put("/policy", auth=Bearer(ADOPT), response=writes(Applied, 200))
def put_policy(
    request: HttpRequest, response: HttpResponse, new: Body[NewPolicy], asked: Query[Look]
) -> Applied:
    """Put a policy into force from now on. The one in force again changes nothing."""
    if not asked.dry_run:
        require_alone(POLICY)
    _require_match(request, _policy_etag())
    document = _without_version(new.document)
    try:
        changes = changes_by(document)
        if changes and not asked.dry_run:
            adopt_policy(
                document=document,
                reason=new.reason,
                now=timezone.now(),
                actor=token_of(request).user,
            )
    except EntryError as error:
        field = "document" if error.field == "text" else error.field
        raise EntryError(field, error.message) from error
    response["ETag"] = _policy_etag()
    return Applied(dry_run=asked.dry_run, changes=changes, still_open={})


@router.get("/policy/versions", auth=Bearer(VIEW), response=reads(PolicyPage))
def list_policies(request: HttpRequest, asked: Query[pagination.PageAsked]) -> PolicyPage:
    """Every policy that was put into force here, the newest first."""
    rows, after = pagination.page(PolicyVersion.objects.select_related("actor"), asked, ("id",))
    return PolicyPage(items=[_version(each) for each in rows], next=after)


@router.post("/policy/backtest", auth=Bearer(VIEW), response=reads(Backtested))
def backtest_policy(request: HttpRequest, new: Body[Candidate]) -> Backtested:
    """What another policy would have decided of the incidents that are recorded here; nothing is stored."""
    try:
        candidate = checked_policy(_without_version(new.document))
    except EntryError as error:
        raise EntryError("document", error.message) from error
    cases: list[BacktestCase] = []
    faults: list[str] = []
    for incident in incidents_for(token_of(request).user).order_by("-started_at", "-id")[
        :MOST_CASES
    ]:
        try:
            if case := case_of(incident):
                cases.append(case)
        except MomentsError as error:
            faults.append(str(error))
    rows = backtest(cases, current=current_policy(), candidate=candidate)
    return Backtested(
        incidents=len(rows),
        faults=faults,
        now=summary([each.now for each in rows]),
        then=summary([each.then for each in rows]),
        changed=[each.as_dict() for each in rows if each.changed],
    )


def _version(each: PolicyVersion) -> ToldPolicy:
    return ToldPolicy(
        name=each.name,
        version=each.version,
        reason=each.reason,
        actor=each.actor.get_username() if each.actor else None,
        in_force_from=each.in_force_from,
        document=_without_version(each.document),
    )


def _without_version(document: dict[str, Any]) -> dict[str, Any]:
    """A version is given by itself."""
    return {name: value for name, value in document.items() if name != "version"}


def _policy_etag() -> str:
    policy = current_policy()
    return f'"{policy.name}-{policy.version}"'


def _etag(document: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    return f'"{digest[:32]}"'


def _require_match(request: HttpRequest, now: str) -> None:
    """Raise ProblemError (409) where If-Match names another state than the one of now."""
    wanted = request.headers.get("If-Match", "").strip().removeprefix("W/")
    if wanted not in ("", "*", now):
        raise problem(
            HTTPStatus.CONFLICT,
            "Somebody else was faster; nothing was changed. Look at what is there now, then send it"
            " again with its ETag.",
            etag=now,
        )
