"""What a person decides: confirm a waiting post, override the policy, audience known, withdraw."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from incidents.models import Incident
from incidents.services import judgement, publicity
from statuspage.desk.access import WORK, desk, operator_of, workable
from statuspage.desk.entries import statement_of
from statuspage.desk.forms import AudienceForm, ConfirmForm, OverrideForm, WithdrawForm
from statuspage.desk.views.small_forms import act_on


@desk(WORK)
@require_POST
def confirm_post(request: HttpRequest, tracking_id: str) -> HttpResponse:
    incident, now = workable(request, tracking_id), timezone.now()
    form = ConfirmForm(request.POST, now=now)

    def act() -> str:
        judgement.confirm(
            incident_id=incident.pk,
            public_text=form.cleaned_data["public_text"],
            now=now,
            actor=operator_of(request),
        )
        return "The public post is confirmed and out."

    return act_on(request, incident, "confirm", form, act)


@desk(WORK)
@require_POST
def override_policy(request: HttpRequest, tracking_id: str) -> HttpResponse:
    incident, now = workable(request, tracking_id), timezone.now()
    form = OverrideForm(request.POST, now=now)

    def act() -> str:
        public = form.cleaned_data["public"] == "yes"
        judgement.override(
            incident_id=incident.pk,
            public=public,
            reason=form.cleaned_data["reason"],
            public_text=form.cleaned_data["public_text"],
            now=now,
            actor=operator_of(request),
        )
        return "Posted publicly, by override." if public else "Kept targeted, by override."

    return act_on(request, incident, "override", form, act)


@desk(WORK)
@require_POST
def audience(request: HttpRequest, tracking_id: str) -> HttpResponse:
    incident, now = workable(request, tracking_id), timezone.now()
    form = AudienceForm(request.POST, now=now)

    def act() -> str:
        said = judgement.set_audience(
            incident_id=incident.pk,
            audience=form.cleaned_data["audience"],
            statement=statement_of(form),
            now=now,
            actor=operator_of(request),
        )
        return f"The audience is {form.cleaned_data['audience']} now. {_consequence(incident, bool(said))}"

    return act_on(request, incident, "audience", form, act)


def _consequence(before: Incident, told: bool) -> str:
    """What naming or forgetting the audience has led to; `before` is the incident as it was."""
    if told:
        return "The affected customers are being told."
    if before.published_at is None and Incident.objects.public().filter(pk=before.pk).exists():
        return "As nobody can be named, the incident is posted publicly now."
    return "Nobody was told anything."


@desk(WORK)
@require_POST
def withdraw_entry(request: HttpRequest, tracking_id: str) -> HttpResponse:
    incident, now = workable(request, tracking_id), timezone.now()
    form = WithdrawForm(request.POST, now=now)

    def act() -> str:
        publicity.withdraw(
            incident_id=incident.pk,
            reason=form.cleaned_data["reason"],
            now=now,
            actor=operator_of(request),
        )
        return "The public entry is withdrawn; its address says so from now on."

    return act_on(request, incident, "withdraw", form, act)
