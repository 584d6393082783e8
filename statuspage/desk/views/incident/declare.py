"""Declare an incident: form, preview, publish."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from incidents.access import DECLARE, DRAFT
from incidents.models import Incident, ScheduledPost
from incidents.services.alerts.waiting import ReportedDraft
from incidents.services.desk.drafts import throw_away
from incidents.services.desk.text_templates import fitting
from incidents.services.errors import EntryError
from incidents.services.incident import declare
from incidents.services.inputs import Override
from incidents.services.scheduled import posts
from incidents.services.scheduled.series import declare_series
from incidents.vocabulary import Kind
from statuspage.desk.access import desk, incidents_for, operator_of
from statuspage.desk.form.incident_forms import DeclareForm
from statuspage.desk.form.mapping import (
    declaration_of,
    fresh_token,
    override_of,
    refuse,
    ticked_cells,
    token_id,
    with_template,
)
from statuspage.desk.form.picker import Cells, Picker
from statuspage.desk.form.recovery import blank, recovered
from statuspage.desk.form.typed_times import typed
from statuspage.desk.form.windows import MaintenancePlan, plan_of
from statuspage.desk.incidents import reported
from statuspage.desk.incidents.already_open import AlreadyOpen, already_open, overlapping
from statuspage.desk.incidents.ticking import dependents_of
from statuspage.desk.preview.dry_run import Preview, dry_run, hidden_fields, look_at
from statuspage.desk.preview.later import AT_ONCE, kept_fields, later, say_now_or_later
from statuspage.desk.preview.second_person import POST, left_to_another
from statuspage.desk.views.setup.places import places_context, ticked_page
from statuspage.desk.views.setup.samples import framing

DECLARATION = "declaration"  # not public: nobody is asked, unless it is a draft


@desk(DECLARE, DRAFT, any_of=True)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """GET: an empty form. POST with `step`: preview (also by default), publish, edit, dependents."""
    now = timezone.now()
    if request.method == "GET":
        initial = {"since": typed(now), "drill": "drill" in request.GET}
        draft = None if recovered(request) else reported.take_up(request)
        data = recovered(request)
        form = blank(DeclareForm, request, now=now, initial=initial)
        return _form_page(
            request, form, Picker.of(data) if data else Picker(), data=data, draft=draft
        )
    data, picker = request.POST, Picker.of(request.POST)
    step = "publish" if AT_ONCE in data else data.get("step", "preview")
    if step == "template":
        data = with_template(data)
    if "tick" in data or step in ("edit", "dependents", "template"):
        form = DeclareForm.refilled(data, now=now)
        if "tick" in data:
            return ticked_page(request, form, picker, partial(_form_page, request, form))
        if step == "dependents":
            form.initial["dependents"] = len(dependents_of(picker).hard)
        return _form_page(request, form, picker)
    form = DeclareForm(data, now=now)
    cells = ticked_cells(form, picker)
    if not form.is_valid() or cells is None:
        return _form_page(request, form, picker, status=422)
    return _preview_or_publish(request, form, picker, cells, now, publish=step == "publish")


def _preview_or_publish(
    request: HttpRequest,
    form: DeclareForm,
    picker: Picker,
    cells: Cells,
    now: datetime,
    *,
    publish: bool,
) -> HttpResponse:
    """Publish only what has been shown: without a preview, or with another verdict by now, show it."""
    user, data = operator_of(request), request.POST
    token = data.get("token", "")
    tracking_id = token_id(token, user)
    if tracking_id is None:
        token = fresh_token(user)
        tracking_id = token_id(token, user) or ""
    elif earlier := _declared_before(request, tracking_id):
        return earlier
    override = override_of(data, user)
    try:
        declaration = declaration_of(form, cells, now=now, tracking_id=tracking_id)
        plan = plan_of(form, picker, declaration, now=now)
    except EntryError as error:
        refuse(form, error)
        return _form_page(request, form, picker, status=422)
    try:
        preview = _dry_run(request, plan, now, whole=True)
        if publish and data.get("shown") == preview.shown:
            public = override.public if override else preview.any_public
            act = POST if public else DECLARATION
            return left_to_another(request, act, DECLARE) or _publish(
                request, form, plan, override, now
            )
    except EntryError as error:
        if error.field == "reason" and override:
            preview = _dry_run(request, plan, now, whole=True)
            return _preview_page(
                request, form, preview, cells, token, plan, fault=error, status=422
            )
        refuse(form, error)
        return _form_page(request, form, picker, status=422)
    return _preview_page(request, form, preview, cells, token, plan)


def _publish(
    request: HttpRequest,
    form: DeclareForm,
    plan: MaintenancePlan,
    override: Override | None,
    now: datetime,
) -> HttpResponse:
    declaration = plan.parts[0].declaration

    def act() -> partial[Incident]:
        if not plan.is_series:
            return partial(declare, declaration=declaration, override=override)
        return partial(
            declare_series,
            declaration=plan.raw,
            override=override,
            rule=plan.rule,
            own=plan.own,
            announce_days=form.cleaned_data["announce_days"] or 0,
            page=request.path,
            fields=list(kept_fields(request).items()),
        )

    try:
        with transaction.atomic():
            incident = say_now_or_later(request, declaration.tracking_id, act, now)
    except IntegrityError:
        # The same form, sent twice at the same moment: the other one has been stored by now.
        return _declared_before(request, declaration.tracking_id) or redirect("desk:list")
    throw_away(draft_id=request.POST.get("draft", ""))
    if isinstance(incident, ScheduledPost):
        return later(request, incident)
    where = "published" if incident.published_at else "sent to the affected customers only"
    if incident.drill:
        where = "a drill: never public, and sent to the drill's list alone"
    messages.success(request, f"{incident.tracking_id} is declared and {where}.")
    return redirect("desk:incident", incident.tracking_id)


def _declared_before(request: HttpRequest, tracking_id: str) -> HttpResponse | None:
    if Incident.objects.filter(tracking_id=tracking_id).exists():
        words = f"{tracking_id} was declared by this form before; nothing was sent twice."
        messages.info(request, words)
        return redirect("desk:incident", tracking_id)
    waits = (
        posts.open_posts()
        .filter(tracking_id=tracking_id, state=ScheduledPost.State.WAITING)
        .first()
    )
    return later(request, waits) if waits else None


def _dry_run(
    request: HttpRequest, plan: MaintenancePlan, now: datetime, *, whole: bool = False
) -> Preview:
    """Of the first window, with the others beside it."""

    def act() -> list[Incident]:
        actor = operator_of(request)
        return [declare(declaration=one.declaration, now=now, actor=actor) for one in plan.parts]

    def look(incidents: list[Incident]) -> Preview:
        first, *others = (
            look_at(one.communications.get(), was_public=False, whole=whole and one == incidents[0])
            for one in incidents
        )
        return replace(first, others=others)

    return dry_run(act, look)


@desk(DECLARE, DRAFT, any_of=True)
@require_POST
def live_verdict(request: HttpRequest) -> HttpResponse:
    """The verdict beside the form while it is being filled in; a fragment for htmx."""
    now = timezone.now()
    # What a verdict does not need must not keep it from being shown.
    data = request.POST.copy()
    data["public_title"] = data.get("public_title") or "Untitled"
    form, picker = DeclareForm(data, now=now), Picker.of(data)
    context: dict[str, object] = {}
    cells = ticked_cells(form, picker) if picker.services and picker.regions else None
    if cells is None and not form.has_error("services") and not form.has_error("regions"):
        return render(request, "desk/_live.html", context)
    if form.is_valid() and cells is not None:
        try:
            declaration = declaration_of(form, cells, now=now, tracking_id="")
            plan = plan_of(form, picker, declaration, now=now)
            preview = _dry_run(request, plan, now)
            context |= {
                "preview": preview,
                "cells": cells,
                "already_open": _already_open(request, form, cells),
                "overlaps": _overlapping(request, form, cells, plan),
            }
        except EntryError as error:
            refuse(form, error)
    return render(request, "desk/_live.html", context | {"form": form})


def _already_open(request: HttpRequest, form: DeclareForm, cells: Cells) -> list[AlreadyOpen]:
    kind = form.cleaned_data["kind"]
    if kind == Kind.PLANNED_MAINTENANCE:
        return []  # planned for another time it is another one; for this one it overlaps
    return already_open(incidents_for(operator_of(request)), cells.hits, kind=kind)


def _overlapping(
    request: HttpRequest, form: DeclareForm, cells: Cells, plan: MaintenancePlan
) -> list[AlreadyOpen]:
    known, since = incidents_for(operator_of(request)), form.cleaned_data["since"]
    if plan.windows:
        found = [
            each
            for part in plan.parts
            for each in overlapping(
                known, part.declaration.hits, windows=part.windows, planned=True
            )
        ]
        return list({each.incident.pk: each for each in found}.values())
    windows = [(since, None)] if since else []
    return overlapping(known, cells.hits, windows=windows, planned=False)


def _form_page(
    request: HttpRequest,
    form: DeclareForm,
    picker: Picker,
    *,
    data: QueryDict | None = None,
    words: str = "",
    draft: ReportedDraft | None = None,
    status: int = 200,
) -> HttpResponse:
    """`data`: what was typed, if it was not just sent; `words`: of what was ticked together; `draft`: where what
    was reported is filled in."""
    user, data = operator_of(request), data or request.POST
    token = data.get("token", "")
    context = {
        "form": form,
        "picker": picker,
        **places_context(request, picker, words),
        "text_templates": fitting(),
        "token": token if token_id(token, user) else fresh_token(user),
        "override": data.get("override", ""),
        "override_reason": data.get("override_reason", ""),
        "draft": data.get("draft", ""),
        "reported": draft,
    }
    return render(request, "desk/new.html", context, status=status)


def _preview_page(
    request: HttpRequest,
    form: DeclareForm,
    preview: Preview,
    cells: Cells,
    token: str,
    plan: MaintenancePlan,
    *,
    fault: EntryError | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "preview": preview,
        "cells": cells,
        "already_open": _already_open(request, form, cells),
        "hidden": hidden_fields(request.POST, form),
        "token": token,
        "override": request.POST.get("override", ""),
        "override_reason": request.POST.get("override_reason", ""),
        "fault": fault,
        "windows": plan.windows,
        "overlaps": _overlapping(request, form, cells, plan),
        "undo_seconds": settings.UNDO_SECONDS,
    }
    return framing(render(request, "desk/preview.html", context, status=status))
