"""The common road of forms about an incident: check, act under its lock, say what is in the way.

What is in the way may be the number of receivers: then it is asked for on a page of its own. And with `look`
in the form nothing is done: who would hear of it, and what, is shown on such a page.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from incidents.access import VIEW
from incidents.models import Communication, Incident, ScheduledPost
from incidents.services.desk.drafts import throw_away
from incidents.services.errors import EntryError
from incidents.services.scheduled.series_changes import said_with
from incidents.services.visibility import turned_public
from notifications.audience.forecast import forecast
from statuspage.desk.access import operator_of
from statuspage.desk.form.fields import DeskForm
from statuspage.desk.form.mapping import refuse
from statuspage.desk.form.optimistic_lock import News, StaleError, if_fresh, seen_now
from statuspage.desk.preview.confirm_receivers import UnconfirmedError
from statuspage.desk.preview.dry_run import dry_run, hidden_fields, html_of
from statuspage.desk.preview.later import later, say_now_or_later, sent_before
from statuspage.desk.preview.second_person import POST, left_to_another
from statuspage.desk.views.incident.incident_page import incident_page

T = TypeVar("T", bound=Communication | None)


class LookError(Exception):
    """It was only looked at; carries what the page shows. Nothing was written."""

    def __init__(self, context: dict[str, object]) -> None:
        super().__init__("looked at")
        self.context = context


def carry_out(
    request: HttpRequest,
    incident: Incident,
    name: str,
    form: DeskForm,
    act: Callable[[], partial[T]],
    words: Callable[[T], str],
) -> HttpResponse:
    """Carry out `act` under the incident's lock; `words` of what it said become the message after the redirect.

    A refused form comes back on the screen as it was sent: 422 with its errors, 409 with the news
    when somebody else was faster.
    """
    if not form.is_valid():
        return incident_page(request, incident, refused={name: form}, status=422)
    if waits := _needs_another(request, incident, act):
        return waits
    try:
        said = _act(request, incident, act)
    except LookError as looked:
        return _who_hears(request, incident, looked)
    except UnconfirmedError as error:
        return ask(request, incident, error)
    except StaleError as stale:
        incident.refresh_from_db()
        return incident_page(request, incident, refused={name: form}, news=stale.news, status=409)
    except EntryError as error:
        incident.refresh_from_db()
        refuse(form, error)
        return incident_page(request, incident, refused={name: form}, status=422)
    if isinstance(said, ScheduledPost):
        return later(request, said)
    messages.success(request, words(said))
    return redirect("desk:incident", incident.tracking_id)


class FormPage(Protocol):
    """A form's own page, again: with its errors, or with the news it was too late for."""

    def __call__(self, *, news: News | None = None, status: int = 200) -> HttpResponse: ...


def act_or_page(
    request: HttpRequest,
    incident: Incident,
    form: DeskForm,
    act: Callable[[], partial[T]],
    page: FormPage,
) -> T | HttpResponse:
    """What `act` returns; or the form's page, 422 with its errors or 409 with the news; or the question."""
    if not form.is_valid():
        return page(status=422)
    if waits := _needs_another(request, incident, act):
        return waits
    try:
        said = _act(request, incident, act)
        return later(request, said) if isinstance(said, ScheduledPost) else said
    except LookError as looked:
        return _who_hears(request, incident, looked)
    except UnconfirmedError as error:
        return ask(request, incident, error)
    except StaleError as stale:
        incident.refresh_from_db()
        return page(news=stale.news, status=409)
    except EntryError as error:
        incident.refresh_from_db()
        refuse(form, error)
        return page(status=422)


def _needs_another(
    request: HttpRequest, incident: Incident, act: Callable[[], partial[T]]
) -> HttpResponse | None:
    """What would turn an incident public, whatever the form is about, waits where posts need two people."""
    if POST not in settings.FOUR_EYES or "look" in request.POST:
        return None
    now, actor = timezone.now(), operator_of(request)
    try:
        turns_public = dry_run(lambda: act()(now=now, actor=actor), turned_public)
    except EntryError:
        return None  # which is said when it is carried out
    return left_to_another(request, POST, VIEW, incident) if turns_public else None


def _act(
    request: HttpRequest, incident: Incident, act: Callable[[], partial[T]]
) -> T | ScheduledPost:
    now, actor = timezone.now(), operator_of(request)
    if "look" not in request.POST and (before := sent_before(request)):
        return before

    def wanted() -> T | ScheduledPost:
        if "look" in request.POST:
            said = act()(now=now, actor=actor)
            incident.refresh_from_db()
            raise LookError(_looked_at(said) | {"withdrawn": incident.withdrawn_at is not None})
        done = say_now_or_later(request, incident.tracking_id, act, now)
        throw_away(draft_id=request.POST.get("draft", ""))
        return done

    return if_fresh(incident, request.POST.get("seen", ""), wanted, now=now, actor=actor)


def _looked_at(said: Communication | None) -> dict[str, object]:
    """What was said, while it exists: the error that carries it takes it back."""
    if said is None:
        return {"hears": None}
    hears, *others = [(each.incident, forecast(each)) for each in said_with(said)]
    return {
        "hears": hears[1],
        "windows": [hears, *others] if others else [],
        "in_all": sum(each.receivers for _, each in (hears, *others)),
        "stage": said.get_stage_display(),
        "targeted_html": html_of(said.targeted_text),
        "public_html": html_of(said.public_text) if said.public_at else "",
    }


def _who_hears(request: HttpRequest, incident: Incident, looked: LookError) -> HttpResponse:
    incident.refresh_from_db()
    context = {"incident": incident, "hidden": hidden_fields(request.POST), **looked.context}
    return render(request, "desk/who_hears.html", context)


def ask(request: HttpRequest, incident: Incident, error: UnconfirmedError) -> HttpResponse:
    """The number of receivers on a page of its own, 422; its form sends the same again with the number."""
    said = error.said
    context = {
        "incident": incident,
        "receivers": error.receivers,
        "unconfirmed": "receivers" in request.POST,
        "hidden": hidden_fields(request.POST),
        "step": request.POST.get("step", ""),
        "said": said,
        "windows": error.windows,
        "targeted_html": html_of(said.targeted_text) if said else "",
        "public_html": html_of(said.public_text) if said and said.public_at else "",
    }
    return render(request, "desk/confirm.html", context, status=422)


def mark(request: HttpRequest, incident: Incident, news: News | None) -> str:
    """The mark a page's form carries. One that was told the news gets the newest: the next press goes through."""
    if news or request.method == "GET":
        return seen_now(incident)
    return request.POST.get("seen", "")
