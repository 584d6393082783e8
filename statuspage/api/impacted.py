"""`PUT /api/v1/incidents/<tracking id>/impacted`: the impacted list of an incident, as CSV or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query
from pydantic import BaseModel, Field

from incidents.access import LIST
from incidents.models import ApiToken, Incident
from incidents.policy.documents import load_json
from incidents.validation import RefusedError
from notifications.audience import preview
from notifications.customers import impacted_lists
from notifications.customers.impacted_file import COLUMN, LARGEST, Faults, ImpactedFileError
from statuspage.api.answers.problems import ProblemError, Wrong, problem
from statuspage.api.answers.response_codes import writes
from statuspage.api.authentication import Bearer, token_of
from statuspage.api.body import text_lines
from statuspage.api.routers import incidents
from statuspage.api.schemas.requests import Asked
from statuspage.api.writing import workable
from statuspage.desk.preview.confirm_receivers import many

BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "subscription\ncontoso-prod\nfabrikam-eu\n",
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["subscriptions"],
                    "additionalProperties": False,
                    "properties": {"subscriptions": {"type": "array", "items": {"type": "string"}}},
                },
                "example": {"subscriptions": ["contoso-prod", "fabrikam-eu"]},
            },
        },
    }
}


class Sample(BaseModel):
    """Up to ten identifiers each."""

    added: list[str]
    removed: list[str]


class ListChange(BaseModel):
    """What the list changes. `receivers`: how many hear something because of it."""

    tracking_id: str
    dry_run: bool
    version: int = Field(description="Of the list in force; a dry run makes none.")
    subscriptions: int
    added: int
    removed: int
    sample: Sample
    receivers: int


@incidents.put(
    "/{tracking_id}/impacted",
    auth=Bearer(LIST),
    response=writes(ListChange, 200) | dict.fromkeys((411, 415)),
    openapi_extra=BODY,
)
def replace_the_impacted_list(
    request: HttpRequest, tracking_id: str, asked: Query[Asked]
) -> ListChange:
    """Replace the impacted list by the body's, or say what that would change; all or nothing.

    200 with the counts, also when nothing changes; 409 with them when so many would hear that it needs `confirm`;
    422 with what is wrong, line by line.
    """
    incident = workable(request, tracking_id)
    with _lines(request) as lines:
        try:
            change = _replace(incident, token_of(request), asked, lines)
        except ImpactedFileError as error:
            raise _faulty(error.faults) from error
    # Read again: what was only looked at has been taken back.
    return change.model_copy(update={"version": impacted_lists.version_in_force(incident.pk)})


@transaction.atomic
def _replace(
    incident: Incident, token: ApiToken, asked: Asked, lines: impacted_lists.Lines
) -> ListChange:
    """The real thing, and its counts; rolled back where it is refused (ProblemError) or only looked at."""
    done = impacted_lists.replace_list(
        incident_id=incident.pk, lines=lines, now=timezone.now(), actor=token.user, token=token
    )
    if not done.subscriptions:
        raise problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "The list is empty; nobody would be on it. Empty it at the desk if that is meant.",
            Wrong("body", "", "names no subscription", f"send CSV with a column {COLUMN}"),
        )
    change = ListChange(
        tracking_id=incident.tracking_id,
        dry_run=asked.dry_run,
        version=0,
        subscriptions=done.subscriptions,
        added=done.added,
        removed=done.removed,
        sample=Sample(added=done.sample.added, removed=done.sample.removed),
        receivers=preview.hearers_of_list(incident.pk) if done.version else 0,
    )
    if asked.dry_run:
        transaction.set_rollback(True)
    elif asked.confirm < many(change.receivers):
        raise problem(
            HTTPStatus.CONFLICT,
            f"{change.receivers} receivers would hear of {done.added} added subscriptions; nothing was"
            f" changed. If that is meant, send the list again with ?confirm={change.receivers}.",
            confirm=change.receivers,
            **change.model_dump(exclude={"tracking_id", "dry_run", "version"}),
        )
    return change


@contextmanager
def _lines(request: HttpRequest) -> Iterator[impacted_lists.Lines]:
    """The body's lines: a CSV in pieces, never whole in memory; or the list in a JSON object."""
    if request.content_type == "application/json":
        yield _listed(request)
        return
    with text_lines(request, content_type="text/csv", most=LARGEST) as lines:
        yield lines


def _listed(request: HttpRequest) -> list[str]:
    try:
        body = load_json(request.body.decode(), "body", RefusedError)
    except (RefusedError, UnicodeDecodeError) as error:
        raise problem(HTTPStatus.BAD_REQUEST, f"{error}.") from None
    refs = body.get("subscriptions") if isinstance(body, dict) and len(body) == 1 else None
    if not isinstance(refs, list) or not all(isinstance(ref, str) for ref in refs):
        shown = json.dumps(body, ensure_ascii=False)
        raise problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "The body is no list of subscriptions.",
            Wrong("body", shown, "is no list", 'send {"subscriptions": ["contoso-prod"]}'),
        )
    # A line break in one would make two of it.
    return [COLUMN + "\n", *(" ".join(ref.splitlines()) + "\n" for ref in refs)]


def _faulty(faults: Faults) -> ProblemError:
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"{faults.total} lines can't be taken; nothing was changed.",
        *(
            Wrong(COLUMN, fault.value, fault.problem, fault.remedy, line=fault.line)
            for fault in faults.first
        ),
        errors_total=faults.total,
    )
