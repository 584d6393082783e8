"""The common road of everything that writes: only look, somebody else was faster, so many would hear, twice is once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from incidents.models import Communication, IdempotentResponse, Incident
from incidents.services.access import idempotency
from incidents.services.errors import EntryError
from incidents.services.incident import locked
from incidents.texts import as_typed
from notifications.audience.forecast import forecast
from statuspage.api.answers.problems import Wrong, problem
from statuspage.api.answers.response_codes import writes
from statuspage.api.authentication import token_of
from statuspage.api.schemas.requests import Asked
from statuspage.api.schemas.responses import (
    Outcome,
    ToldAudience,
    entry_address,
    is_public,
    update_of,
    verdict_of,
)
from statuspage.desk.access import incidents_for, workable_for
from statuspage.desk.confirm_receivers import receivers_to_confirm
from statuspage.desk.dry_run import dry_run
from statuspage.desk.incident_list import publicity_of
from statuspage.desk.optimistic_lock import News, StaleError, require_fresh, seen_now
from statuspage.desk.second_person import POST

Done = tuple[Incident, Communication | None]  # the incident as it is now, and what was said
KEY_LENGTH = 200
# What operations that go this road may answer, for the description of the API.
DONE = writes(Outcome, 200)
MADE = writes(Outcome, 200, 201)  # 200: it was only looked at


def workable(request: HttpRequest, tracking_id: str) -> Incident:
    """An incident that this token may write to. Raises ProblemError (404)."""
    found = (
        workable_for(token_of(request).user)
        .filter(tracking_id=as_typed.tracking_id(tracking_id))
        .first()
    )
    if found is None:
        raise problem(
            HTTPStatus.NOT_FOUND,
            "There is no incident with this tracking ID that can be written to.",
        )
    return found


def visible(request: HttpRequest, tracking_id: str) -> Incident:
    """An incident that this token may look at. Raises ProblemError (404)."""
    found = (
        incidents_for(token_of(request).user)
        .filter(tracking_id=as_typed.tracking_id(tracking_id))
        .first()
    )
    if found is None:
        raise problem(HTTPStatus.NOT_FOUND, "There is no incident with this tracking ID.")
    return found


def carry_out(
    request: HttpRequest,
    asked: Asked,
    act: Callable[[], Done],
    *,
    incident: Incident | None = None,
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    """What `act` leads to, as an answer: 200 for a dry run, which is the real thing rolled back, else `status`.

    `incident`: the one it is about, if there is one already; If-Match is compared with it. Raises
    ProblemError (409 with `news` or with `confirm`; then nothing was written) and what `act` raises.
    """

    def acted() -> Outcome:
        if incident is not None:
            _require_match(request, incident)
        was_public = incident is not None and is_public(incident)
        done = act()
        if not was_public and is_public(done[0]):
            require_alone(POST)
        return _outcome(*done, asked, declared=incident is None)

    if asked.dry_run:
        return _answer(dry_run(acted, lambda outcome: outcome), HTTPStatus.OK)
    with transaction.atomic():
        kept = _begin(request)
        if kept is not None and kept.status:
            return _replay(kept.answer, kept.status)
        outcome = acted()
        if kept is not None:
            idempotency.keep(kept, status=status, answer=outcome.model_dump(mode="json"))
    answer = _answer(outcome, status)
    if incident is not None:
        answer.headers["ETag"] = etag_of(incident)
    return answer


def require_alone(act: str) -> None:
    """Raise ProblemError (403) where this act needs two people: a token is one. Nothing stays written."""
    if act in settings.FOUR_EYES:
        raise problem(
            HTTPStatus.FORBIDDEN,
            f"Here it takes two people ({act}); nothing was done. Send it at the desk, where a second one confirms it.",
        )


def etag_of(incident: Incident) -> str:
    return f'"{seen_now(incident)}"'


def _outcome(
    incident: Incident, said: Communication | None, asked: Asked, *, declared: bool
) -> Outcome:
    receivers = receivers_to_confirm(said) if said else 0
    if receivers > asked.confirm and not asked.dry_run:
        raise problem(
            HTTPStatus.CONFLICT,
            f"{receivers} receivers would hear of this; nothing was said."
            f" If that is meant, send it again with ?confirm={receivers}.",
            confirm=receivers,
        )
    unborn = asked.dry_run and declared
    hears = ToldAudience.of(forecast(said)) if asked.dry_run and said else None
    return Outcome(
        tracking_id=None if unborn else incident.tracking_id,
        dry_run=asked.dry_run,
        public=is_public(incident),
        publicity=publicity_of(incident),
        url=None if unborn else entry_address(incident.tracking_id),
        stage=incident.stage,
        level=incident.level,
        changed=True,
        decision=verdict_of(incident.decisions.order_by("-id").first()),
        update=update_of(said) if said else None,
        audience=hears,
        confirm=receivers,
    )


def _answer(outcome: Outcome, status: int) -> HttpResponse:
    return _replay(outcome.model_dump(mode="json"), status)


def _replay(told: dict[str, object], status: int) -> HttpResponse:
    answer = JsonResponse(told, status=status)
    if status == HTTPStatus.CREATED:
        answer.headers["Location"] = f"/api/v1/incidents/{told['tracking_id']}"
    return answer


def _begin(request: HttpRequest) -> IdempotentResponse | None:
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return None
    if len(key) > KEY_LENGTH or not key.isprintable():
        raise problem(
            HTTPStatus.BAD_REQUEST,
            "The Idempotency-Key can't be taken.",
            Wrong("Idempotency-Key", key, "is too long or not printable", "send a UUID"),
        )
    asked = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    asked.update(request.body)
    try:
        return idempotency.begin(
            user=token_of(request).user, key=key, request=asked.hexdigest(), now=timezone.now()
        )
    except EntryError as error:
        raise problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "This Idempotency-Key was used for another request.",
            Wrong("Idempotency-Key", key, error.message, "send a new one"),
        ) from error


def _require_match(request: HttpRequest, incident: Incident) -> None:
    """Raise ProblemError (409) if there is news since what If-Match names; locks the incident."""
    wanted = request.headers.get("If-Match", "").strip()
    now = locked(incident.pk)
    if not wanted or wanted == "*":
        return
    try:
        require_fresh(now, wanted.removeprefix("W/").strip('"'))
    except StaleError as stale:
        raise problem(
            HTTPStatus.CONFLICT,
            "Somebody else was faster; nothing was changed. Look at the news, then send it again"
            " with the ETag of now.",
            etag=etag_of(incident),
            news=_news(stale.news),
        ) from stale


def _news(news: News) -> dict[str, object]:
    return {
        "updates": [update_of(each).model_dump(mode="json") for each in news.communications],
        "decisions": [
            {
                "decided_at": each.decided_at.isoformat(),
                "actor": each.actor.get_username() if each.actor else None,
                "reason": each.reason,
                "public": each.public,
                "override_public": each.override_public,
            }
            for each in news.decisions
        ],
    }
