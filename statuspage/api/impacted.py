"""`PUT /api/desk/incidents/<tracking id>/impacted`: the impacted list of an incident, as CSV."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.utils import timezone

from incidents.access import LIST
from incidents.models import ApiToken, Incident
from notifications.audience import preview
from notifications.customers import impacted_lists
from notifications.customers.impacted_file import COLUMN, LARGEST, Faults, ImpactedFileError
from statuspage.api.body import text_lines
from statuspage.api.guard import with_token
from statuspage.api.problems import ProblemError, Wrong, problem
from statuspage.desk.access import workable_for
from statuspage.desk.confirm_receivers import many

FLAGS = {"1": True, "true": True, "0": False, "false": False}


@dataclass(frozen=True, slots=True)
class Asked:
    """The query: only look (`dry_run`), and how many receivers the sender knows of (`confirm`)."""

    dry_run: bool
    confirm: int


@with_token("PUT", LIST)
def impacted_list(request: HttpRequest, token: ApiToken, tracking_id: str) -> HttpResponse:
    """Replace the list by the body's, or say what that would change; all or nothing.

    200 with the counts, also when nothing changes; 409 with them when so many would hear that it needs `confirm`;
    422 with what is wrong, line by line.
    """
    incident = workable_for(token.user).filter(tracking_id=tracking_id).first()
    if incident is None:
        raise problem(
            HTTPStatus.NOT_FOUND,
            "There is no incident with this tracking ID that can be written to.",
        )
    asked = _asked(request.GET)
    with text_lines(request, content_type="text/csv", most=LARGEST) as lines:
        try:
            counts = _replace(incident, token, asked, lines)
        except ImpactedFileError as error:
            raise _faulty(error.faults) from error
    told = {
        "tracking_id": incident.tracking_id,
        "dry_run": asked.dry_run,
        "version": impacted_lists.version_in_force(incident.pk),
    }
    return JsonResponse(told | counts)


@transaction.atomic
def _replace(
    incident: Incident, token: ApiToken, asked: Asked, lines: impacted_lists.Lines
) -> dict[str, Any]:
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
    hear = preview.hearers_of_list(incident.pk) if done.version else 0
    counts: dict[str, Any] = {
        "subscriptions": done.subscriptions,
        "added": done.added,
        "removed": done.removed,
        "sample": {"added": done.sample.added, "removed": done.sample.removed},
        "receivers": hear,
    }
    if asked.dry_run:
        transaction.set_rollback(True)
    elif asked.confirm < many(hear):
        raise problem(
            HTTPStatus.CONFLICT,
            f"{hear} receivers would hear of {done.added} added subscriptions; nothing was changed."
            f" If that is meant, send the list again with ?confirm={hear}.",
            confirm=hear,
            **counts,
        )
    return counts


def _asked(query: QueryDict) -> Asked:
    """Raises ProblemError for whatever else is asked: a mistyped dry run must not be a real one."""
    wrong = [
        Wrong(name, query.get(name, ""), "is not known here", "use dry_run and confirm alone")
        for name in query
        if name not in ("dry_run", "confirm")
    ]
    flag, number = query.get("dry_run", "0"), query.get("confirm", "0")
    if flag not in FLAGS:
        wrong.append(Wrong("dry_run", flag, "is neither yes nor no", "use 1 or 0"))
    if not (number.isascii() and number.isdecimal() and len(number) <= 12):
        wrong.append(Wrong("confirm", number, "is no number", "use that of the answer 409"))
    if wrong:
        raise problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "The address asks for what is not there.", *wrong
        )
    return Asked(dry_run=FLAGS[flag], confirm=int(number))


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
