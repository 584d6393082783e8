"""The common road of everything that writes: only look, somebody else was faster, so many would hear, twice is once."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from incidents.models import Communication, Incident
from incidents.services.incident import locked
from incidents.services.visibility import turned_public
from incidents.texts import as_typed
from notifications.audience.forecast import forecast
from statuspage.api.answers.problems import problem
from statuspage.api.answers.response_codes import writes
from statuspage.api.authentication import token_of
from statuspage.api.once import Answered, once
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
from statuspage.desk.form.optimistic_lock import News, StaleError, require_fresh, seen_now
from statuspage.desk.incidents.incident_list import publicity_of
from statuspage.desk.preview.confirm_receivers import receivers_to_confirm
from statuspage.desk.preview.dry_run import dry_run
from statuspage.desk.preview.second_person import POST

Done = tuple[Incident, Communication | None]  # the incident as it is now, and what was said
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
        done = act()
        if turned_public(done[1]):
            require_alone(POST)
        return _outcome(*done, asked, declared=incident is None)

    if asked.dry_run:
        looked = dry_run(acted, lambda outcome: outcome)
        return JsonResponse(looked.model_dump(mode="json"))
    headers = {}

    def answered() -> Answered:
        outcome = acted()
        if incident is not None:
            headers["ETag"] = etag_of(incident)
        return status, outcome.model_dump(mode="json")

    code, told = once(request, answered)
    if code == HTTPStatus.CREATED:
        headers["Location"] = f"/api/v1/incidents/{told['tracking_id']}"
    return JsonResponse(told, status=code, headers=headers)


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
