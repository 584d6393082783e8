"""Post an update, add services and regions, mark a region recovered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from incidents.access import DRAFT, UPDATE
from incidents.models import Communication, Incident, Region, ScheduledPost, Service
from incidents.services.desk.drafts import throw_away
from incidents.services.desk.text_templates import fitting
from incidents.services.errors import EntryError
from incidents.services.incident import post_update, recover
from incidents.services.inputs import Override
from incidents.vocabulary import Stage
from statuspage.desk.access import desk, operator_of, workable
from statuspage.desk.form.incident_forms import RecoverForm, UpdateForm
from statuspage.desk.form.mapping import (
    changes_of,
    override_of,
    placeholder_values_of,
    refuse,
    repeats,
    statement_of,
    ticked_cells,
    with_template,
)
from statuspage.desk.form.optimistic_lock import News, StaleError, if_fresh
from statuspage.desk.form.picker import Cells, Picker
from statuspage.desk.form.recovery import blank, draft_field, recovered
from statuspage.desk.preview.confirm_receivers import UnconfirmedError
from statuspage.desk.preview.dry_run import Preview, dry_run, hidden_fields, look_at
from statuspage.desk.preview.later import later, say_now_or_later, sent_before
from statuspage.desk.preview.second_person import POST, left_to_another
from statuspage.desk.views.incident.small_forms import carry_out, mark
from statuspage.desk.views.setup.places import places_context, ticked_page
from statuspage.desk.views.setup.samples import framing

T = TypeVar("T")
UPDATED = "update"  # turns nothing public: nobody is asked, unless it is a draft


@desk(UPDATE, DRAFT, any_of=True)
@require_http_methods(["GET", "POST"])
def update(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """GET: the full form. POST with `step`: post (by default), preview, edit."""
    incident = workable(request, tracking_id)
    now = timezone.now()
    if request.method == "GET":
        data = recovered(request)
        form = blank(UpdateForm, request, now=now, incident=incident)
        return _form_page(request, incident, form, Picker.of(data) if data else Picker())
    data, picker = request.POST, Picker.of(request.POST)
    if data.get("step") == "template":
        data = with_template(data)
    if "tick" in data or data.get("step") in ("edit", "template"):
        form = UpdateForm.refilled(data, now=now, incident=incident)
        if "tick" in data:
            return ticked_page(request, form, picker, partial(_form_page, request, incident, form))
        return _form_page(request, incident, form, picker)
    form = UpdateForm(data, now=now, incident=incident)
    cells = ticked_cells(form, picker) if picker else None
    if not form.is_valid():
        return _form_page(request, incident, form, picker, status=422)
    if data.get("step") != "preview" and (before := sent_before(request)):
        return later(request, before)
    try:
        return _preview_or_post(request, incident, form, cells, now)
    except StaleError as stale:
        if repeats(incident, form, operator_of(request)):
            messages.info(request, "This update was posted already; nothing was sent twice.")
            return redirect("desk:incident", incident.tracking_id)
        return _form_page(request, incident, form, picker, news=stale.news, status=409)
    except EntryError as error:
        refuse(form, error)
        return _form_page(request, incident, form, picker, status=422)


def _preview_or_post(
    request: HttpRequest,
    incident: Incident,
    form: UpdateForm,
    cells: Cells | None,
    now: datetime,
) -> HttpResponse:
    """What would turn the incident public is always shown before it is done."""
    data, override = request.POST, override_of(request.POST, operator_of(request))

    actor, changes = operator_of(request), changes_of(form, cells)

    def act(override: Override | None) -> partial[Communication]:
        return partial(
            post_update,
            incident_id=incident.pk,
            stage=form.cleaned_data["stage"],
            statement=statement_of(form, placeholder_values_of(incident, changes)),
            changes=changes,
            override=override,
        )

    def fresh(then: Callable[[], T]) -> T:
        return if_fresh(incident, data.get("seen", ""), then, now=now, actor=actor)

    def attempt() -> Communication:
        return fresh(lambda: act(None)(now=now, actor=actor))

    was_public = incident.published_at is not None
    preview = dry_run(attempt, lambda said: look_at(said, was_public=was_public, whole=True))
    is_shown = data.get("shown") == preview.shown
    if data.get("step") == "preview" or (preview.turns_public and not is_shown):
        return _preview_page(request, incident, form, preview, cells)
    turns_public = override.public if override else preview.turns_public
    if waits := left_to_another(request, POST if turns_public else UPDATED, UPDATE, incident):
        return waits
    try:
        said = fresh(
            lambda: say_now_or_later(request, incident.tracking_id, lambda: act(override), now)
        )
    except UnconfirmedError as error:
        # An override may reach others than the policy's word, which is what was looked at.
        preview = replace(preview, confirm=error.receivers)
        return _preview_page(request, incident, form, preview, cells, unconfirmed=True, status=422)
    except EntryError as error:
        if error.field != "reason":
            raise
        return _preview_page(request, incident, form, preview, cells, fault=error, status=422)
    throw_away(draft_id=data.get("draft", ""))
    if isinstance(said, ScheduledPost):
        return later(request, said)
    messages.success(request, f"Update {said.number} is posted ({said.get_stage_display()}).")
    return redirect("desk:incident", incident.tracking_id)


@desk(UPDATE)
@require_POST
def recover_region(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """Mark a region (or one service there) recovered; the last one mitigates the incident."""
    incident = workable(request, tracking_id)
    now = timezone.now()
    form = RecoverForm(request.POST, now=now)

    def act() -> partial[Communication]:
        value = form.cleaned_data
        regions = list(Region.objects.filter(slug=value["region"]))
        services = list(Service.objects.filter(slug=value["service"])) if value["service"] else []
        if not regions or (value["service"] and not services):
            raise EntryError("region", "is not in the catalogue; reload the page.")
        return partial(
            recover,
            incident_id=incident.pk,
            regions=regions,
            services=services,
            at=value["at"] or now,
        )

    def words(said: Communication) -> str:
        region = Region.objects.get(slug=form.cleaned_data["region"])
        ended = " The incident is mitigated." if said.stage == Stage.MITIGATED else ""
        return f"{region.name} is marked recovered.{ended}"

    return carry_out(request, incident, "recover", form, act, words)


def _form_page(
    request: HttpRequest,
    incident: Incident,
    form: UpdateForm,
    picker: Picker,
    *,
    news: News | None = None,
    words: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "incident": incident,
        "form": form,
        **places_context(request, picker, words),
        "text_templates": fitting(kind=incident.kind),
        "draft": draft_field(request),
        "news": news,
        "seen": mark(request, incident, news),
    }
    return render(request, "desk/update.html", context, status=status)


def _preview_page(
    request: HttpRequest,
    incident: Incident,
    form: UpdateForm,
    preview: Preview,
    cells: Cells | None,
    *,
    fault: EntryError | None = None,
    unconfirmed: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {
        "incident": incident,
        "unconfirmed": unconfirmed,
        "preview": preview,
        "cells": cells,
        "hidden": hidden_fields(request.POST, form),
        "override": request.POST.get("override", ""),
        "override_reason": request.POST.get("override_reason", ""),
        "fault": fault,
        "send_at": form.cleaned_data["send_at"],
        "undo_seconds": settings.UNDO_SECONDS,
    }
    return framing(render(request, "desk/preview.html", context, status=status))
