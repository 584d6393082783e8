"""The incident screen as a response: plain, or again with a form that was refused."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from incidents.models import Incident
from incidents.services.desk.text_templates import fitting
from incidents.services.scheduled import posts
from statuspage.desk.access import operator_of
from statuspage.desk.form.fields import DeskForm
from statuspage.desk.form.incident_forms import (
    AudienceForm,
    ConfirmForm,
    LevelForm,
    OverrideForm,
    RecoverForm,
    UpdateForm,
    WithdrawForm,
)
from statuspage.desk.form.optimistic_lock import News
from statuspage.desk.form.recovery import draft_field, recovered, recovered_form
from statuspage.desk.incidents import presence
from statuspage.desk.incidents.incident_screen import screen_of


def incident_page(
    request: HttpRequest,
    incident: Incident,
    *,
    refused: Mapping[str, DeskForm] | None = None,
    news: News | None = None,
    status: int = 200,
) -> HttpResponse:
    """`refused`: forms as they were sent, by the name the template knows them by."""
    now = timezone.now()
    forms: dict[str, DeskForm] = {
        "update": UpdateForm(now=now, incident=incident, initial={"stage": incident.stage}),
        "recover": RecoverForm(now=now),
        "audience": AudienceForm(now=now, initial={"audience": incident.audience}),
        "confirm": ConfirmForm(now=now),
        "level": LevelForm(now=now),
        "override": OverrideForm(now=now),
        "withdraw": WithdrawForm(now=now),
    }
    unfinished = recovered_form(request)
    if typed := recovered(request):
        if unfinished == "recover":
            forms[unfinished] = RecoverForm(typed, now=now)
        elif unfinished in forms:
            forms[unfinished] = type(forms[unfinished]).refilled(typed, now=now)
    forms |= refused or {}
    for name, form in forms.items():
        form.auto_id = f"{name}-%s"  # several forms of one page have a `public_text`
    context = {
        "screen": screen_of(incident, now),
        "now": now,
        "here": presence.note(incident, operator_of(request), now=now),
        "forms": forms,
        "news": news,
        "unfinished": unfinished,
        "draft": draft_field(request),
        "text_templates": fitting(kind=incident.kind),
        "scheduled": posts.later(incident.pk),
        "drafts": incident.form_drafts.select_related("owner").order_by("-saved_at"),
        "refused": next(iter((refused or {}).values()), None),
    }
    return render(request, "desk/incident.html", context, status=status)
