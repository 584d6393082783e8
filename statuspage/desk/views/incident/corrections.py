"""Times that turned out to be others: a corrected start or end, a maintenance planned anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from incidents.access import UPDATE
from incidents.models import Communication, Incident
from incidents.services.corrections import correct_times, extend, reschedule
from incidents.services.inputs import Statement
from incidents.services.scheduled.series_changes import (
    call_off_series,
    reschedule_series,
    windows_ahead,
)
from incidents.vocabulary import Stage
from statuspage.desk.access import desk, workable
from statuspage.desk.form.correcting import (
    CallOffForm,
    CorrectionForm,
    ExtendForm,
    RescheduleForm,
    SeriesForm,
)
from statuspage.desk.form.fields import DeskForm
from statuspage.desk.form.optimistic_lock import News
from statuspage.desk.form.recovery import blank
from statuspage.desk.form.typed_times import typed
from statuspage.desk.incidents.incident_list import publicity_of
from statuspage.desk.views.incident.small_forms import act_or_page, mark

PLANNED = ("planned", "rescheduled")


@desk(UPDATE)
@require_http_methods(["GET", "POST"])
def times(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """GET: the times as they stand. POST: corrects them, or plans a maintenance for another time."""
    incident, now = workable(request, tracking_id), timezone.now()
    if request.method == "POST" and "call_off" in request.POST:
        return _call_off(request, incident, now)
    kind, act = _kind_of(incident)
    if request.method == "GET":
        return _page(request, incident, blank(kind, request, now=now, initial=_initial(incident)))
    form = kind(request.POST, now=now, initial=_initial(incident))
    said = act_or_page(
        request,
        incident,
        form,
        lambda: act(incident, form),
        partial(_page, request, incident, form),
    )
    if isinstance(said, HttpResponse):
        return said
    messages.success(request, f"The times are corrected; update {said.number} says so.")
    return redirect("desk:incident", incident.tracking_id)


def _call_off(request: HttpRequest, incident: Incident, now: datetime) -> HttpResponse:
    off, count = CallOffForm(request.POST, now=now), windows_ahead(incident)
    kind, _ = _kind_of(incident)
    form = kind(now=now, initial=_initial(incident))
    said = act_or_page(
        request,
        incident,
        off,
        lambda: partial(
            call_off_series,
            incident_id=incident.pk,
            statement=Statement(public_text=off.cleaned_data["public_text"]),
        ),
        partial(_page, request, incident, form, off=off),
    )
    if isinstance(said, HttpResponse):
        return said
    messages.success(request, f"All {count} windows are called off; those that were told are told.")
    return redirect("desk:incident", incident.tracking_id)


def _kind_of(
    incident: Incident,
) -> tuple[type[DeskForm], Callable[[Incident, DeskForm], partial[Communication]]]:
    """What can be corrected where the incident stands, and how."""
    if incident.stage in PLANNED:
        if windows_ahead(incident) > 1:
            return SeriesForm, _reschedule
        return RescheduleForm, _reschedule
    if incident.stage == Stage.IN_PROGRESS:
        return ExtendForm, _extend
    return CorrectionForm, _correct


def _extend(incident: Incident, form: DeskForm) -> partial[Communication]:
    value = form.cleaned_data
    return partial(
        extend,
        incident_id=incident.pk,
        scheduled_until=value["scheduled_until"],
        reason=value["reason"],
        statement=_statement(form),
    )


def _correct(incident: Incident, form: DeskForm) -> partial[Communication]:
    value = form.cleaned_data
    return partial(
        correct_times,
        incident_id=incident.pk,
        started_at=_unless_shown(value["started_at"], incident.started_at),
        ended_at=_unless_shown(value["ended_at"], incident.mitigated_at),
        reason=value["reason"],
        statement=_statement(form),
    )


def _reschedule(incident: Incident, form: DeskForm) -> partial[Communication]:
    value = form.cleaned_data
    return partial(
        reschedule_series if value.get("whole_series") else reschedule,
        incident_id=incident.pk,
        scheduled_for=value["scheduled_for"],
        scheduled_until=value["scheduled_until"],
        reason=value["reason"],
        statement=_statement(form),
    )


def _statement(form: DeskForm) -> Statement:
    return Statement(
        public_text=form.cleaned_data["public_text"],
        targeted_text=form.cleaned_data["targeted_text"],
    )


def _unless_shown(given: datetime | None, known: datetime | None) -> datetime | None:
    """A field that still says what it was filled with changes nothing: it shows no seconds."""
    return None if given and known and typed(given) == typed(known) else given


def _initial(incident: Incident) -> dict[str, str]:
    known = {
        "started_at": incident.started_at,
        "ended_at": incident.mitigated_at,
        "scheduled_for": incident.scheduled_for,
        "scheduled_until": incident.scheduled_until,
    }
    return {name: typed(moment) for name, moment in known.items() if moment}


def _page(
    request: HttpRequest,
    incident: Incident,
    form: DeskForm,
    *,
    off: CallOffForm | None = None,
    news: News | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "incident": incident,
        "form": form,
        "news": news,
        "planned": incident.stage in PLANNED,
        "windows": windows_ahead(incident),
        "off": off or CallOffForm(now=timezone.now()),
        "under_way": incident.stage == Stage.IN_PROGRESS,
        "publicity": publicity_of(incident),
        "versions": incident.time_versions.select_related("actor").order_by("-id"),
        "seen": mark(request, incident, news),
    }
    return render(request, "desk/times.html", context, status=status)
