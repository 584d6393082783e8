"""What a person decides: confirm a waiting post, override the policy, audience known, withdraw."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from incidents.access import CONFIRM, OVERRIDE, UPDATE, WITHDRAW
from incidents.models import Communication
from incidents.services import visibility
from incidents.services.decisions import operator_decisions
from statuspage.desk.access import desk, workable
from statuspage.desk.form.incident_forms import (
    AudienceForm,
    ConfirmForm,
    LevelForm,
    OverrideForm,
    WithdrawForm,
)
from statuspage.desk.form.mapping import placeholder_values_of, statement_of
from statuspage.desk.preview.second_person import WITHDRAWAL, asked_again, left_to_another
from statuspage.desk.views.incident.small_forms import carry_out


@desk(CONFIRM)
@require_POST
def confirm_post(request: HttpRequest, tracking_id: str) -> HttpResponse:
    incident, now = workable(request, tracking_id), timezone.now()
    form = ConfirmForm(request.POST, now=now)

    def act() -> partial[Communication]:
        return partial(
            operator_decisions.confirm,
            incident_id=incident.pk,
            public_text=form.cleaned_data["public_text"],
        )

    def words(_: Communication) -> str:
        return "The public post is confirmed and out."

    return carry_out(request, incident, "confirm", form, act, words)


@desk(OVERRIDE)
@require_POST
def override_policy(request: HttpRequest, tracking_id: str) -> HttpResponse:
    incident, now = workable(request, tracking_id), timezone.now()
    form = OverrideForm(request.POST, now=now)

    def act() -> partial[Communication | None]:
        return partial(
            operator_decisions.override,
            incident_id=incident.pk,
            public=form.cleaned_data["public"] == "yes",
            reason=form.cleaned_data["reason"],
            public_text=form.cleaned_data["public_text"],
        )

    def words(said: Communication | None) -> str:
        return "Posted publicly, by override." if said else "Kept targeted, by override."

    return carry_out(request, incident, "override", form, act, words)


@desk(UPDATE)
@require_POST
def audience(request: HttpRequest, tracking_id: str) -> HttpResponse:
    incident, now = workable(request, tracking_id), timezone.now()
    form = AudienceForm(request.POST, now=now)

    def act() -> partial[Communication | None]:
        return partial(
            operator_decisions.set_audience,
            incident_id=incident.pk,
            audience=form.cleaned_data["audience"],
            statement=statement_of(form, placeholder_values_of(incident)),
        )

    def words(said: Communication | None) -> str:
        return f"The audience is {form.cleaned_data['audience']} now. {_consequence(said)}"

    return carry_out(request, incident, "audience", form, act, words)


@desk(UPDATE)
@require_POST
def take_level(request: HttpRequest, tracking_id: str) -> HttpResponse:
    """Raise the level as the spread proposes, by one press."""
    incident, now = workable(request, tracking_id), timezone.now()
    form = LevelForm(request.POST, now=now)

    def act() -> partial[Communication]:
        return partial(
            operator_decisions.take_proposed_level,
            incident_id=incident.pk,
            level=form.cleaned_data["level"],
        )

    def words(said: Communication) -> str:
        where = "and posted publicly" if said.public_at else "and the affected are being told"
        return f"The level is {form.cleaned_data['level']} now, {where}."

    return carry_out(request, incident, "level", form, act, words)


def _consequence(said: Communication | None) -> str:
    """What naming or forgetting the audience has led to."""
    if said is None:
        return "Nobody was told anything."
    if said.targeted_text:
        return "The affected customers are being told."
    return "As nobody can be named, the incident is posted publicly now."


@desk(WITHDRAW)
@require_POST
def withdraw_entry(request: HttpRequest, tracking_id: str) -> HttpResponse:
    incident, now = workable(request, tracking_id), timezone.now()
    form = WithdrawForm(request.POST, now=now)

    def act() -> partial[None]:
        return partial(
            visibility.withdraw,
            incident_id=incident.pk,
            reason=form.cleaned_data["reason"],
        )

    def words(_: None) -> str:
        return "The public entry is withdrawn; its address says so from now on."

    does = form.is_valid() and "look" not in request.POST
    if does and (again := asked_again(request)):
        return again
    if does and (waits := left_to_another(request, WITHDRAWAL, WITHDRAW, incident)):
        return waits
    return carry_out(request, incident, "withdraw", form, act, words)
