"""The forms of what is done to an incident. They check fields and choices; the services check the matter."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from incidents import lifecycle
from incidents.models import Incident
from incidents.policy.facts import MAX_DEPENDENTS
from incidents.vocabulary import Audience, Extent, Kind, Level, Stage
from statuspage.desk.form.fields import (
    DeskForm,
    MomentField,
    ask_if_long_ago,
    long_ago_field,
    markdown_field,
    send_at_field,
)
from statuspage.desk.form.typed_times import coming_moment, past_moment

# Declaring something that is over already would leave its cells open.
FIRST_STAGES = (
    Stage.INVESTIGATING,
    Stage.IDENTIFIED,
    Stage.MITIGATING,
    Stage.PLANNED,
    Stage.IN_PROGRESS,
)


AS_IT_IS = ("", "As it is")


class StatementForm(DeskForm):
    """What is said. Either text may stay empty: the facts then speak for themselves."""

    public_text = markdown_field(
        5,
        label="Public text",
        help_text="What everybody may read, if it goes public. Markdown. Empty: written from the facts.",
    )
    targeted_text = markdown_field(
        5,
        label="Targeted text",
        help_text="Only for the affected customers; never shown publicly. Empty: written from the facts.",
    )
    next_update_by = MomentField(
        coming_moment,
        required=False,
        label="Next update by",
        help_text="+30, in 2 h, 3am, 20:00 CET; UTC unless a zone is named. Empty: what was promised before stays.",
        widget=forms.TextInput({"list": "ahead", "autocomplete": "off"}),
    )
    language = forms.ChoiceField(
        required=False,
        choices=settings.LANGUAGES,
        initial=settings.LANGUAGE_CODE,
        label="Language of the texts",
    )

    def clean_language(self) -> str:
        return self.cleaned_data["language"] or settings.LANGUAGE_CODE


class PlacesForm(StatementForm):
    """With services and regions to tick; the picker reads and draws them, errors are kept here."""

    services = forms.Field(required=False, label="Services")
    regions = forms.Field(required=False, label="Regions")
    extent = forms.ChoiceField(
        required=False,
        choices=[("", "As the zones say"), *Extent.choices()],
        label="Extent",
        help_text="All zones of a region are the region, some are a zone, none are a part.",
    )


class DeclareForm(PlacesForm):
    kind = forms.ChoiceField(choices=Kind.choices(), initial=Kind.SERVICE_ISSUE)
    level = forms.ChoiceField(
        choices=Level.choices(),
        initial=Level.ERROR,
        required=False,
        help_text="Planned maintenance has none.",
    )
    stage = forms.ChoiceField(
        required=False,
        choices=[("", "The first of its kind"), *((s.value, s.label) for s in FIRST_STAGES)],
        help_text="Investigating; for maintenance Planned, or In progress once it has begun.",
    )
    since = MomentField(
        past_moment,
        label="Since (UTC)",
        help_text="When impact began: -30, 3am, 20:00 CET, 09:00 or 2026-01-10 09:00.",
        required=False,
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    detected_at = MomentField(
        past_moment,
        required=False,
        label="Detected at (UTC)",
        help_text="When somebody or something first noticed. Empty: not stated.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    scheduled_for = MomentField(
        coming_moment,
        required=False,
        label="Maintenance from (UTC)",
        widget=forms.TextInput({"autocomplete": "off", "placeholder": "2026-01-10 09:00"}),
    )
    scheduled_until = MomentField(
        coming_moment,
        required=False,
        label="Maintenance until (UTC)",
        widget=forms.TextInput({"autocomplete": "off", "placeholder": "2026-01-10 11:00"}),
    )
    repeats = forms.CharField(
        required=False,
        label="Repeats (RFC 5545)",
        help_text="FREQ=WEEKLY;COUNT=4, or FREQ=MONTHLY;BYDAY=1SU;UNTIL=20271231T000000Z. Each window is an"
        " incident of its own; until it is announced it is listed, and can be moved or cancelled. A region with"
        " another window than the others: write it where you tick the region.",
        widget=forms.TextInput({"list": "rules", "autocomplete": "off", "spellcheck": "false"}),
    )
    announce_days = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=90,
        initial=7,
        label="Announce each so many days ahead",
    )
    remind_before = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        label="Remind receivers",
        choices=[
            ("", "Not before it begins"),
            (60, "An hour before"),
            (24 * 60, "A day before"),
            (3 * 24 * 60, "Three days before"),
            (7 * 24 * 60, "A week before"),
        ],
    )
    follows_plan = forms.BooleanField(
        required=False,
        label="Begins and ends at these times by itself (else you are reminded at both)",
    )
    public_title = forms.CharField(
        label="Public title",
        help_text="What is wrong, and where, in a few words for customers.",
        error_messages={"required": "Say in a few words what is wrong, and where."},
    )
    internal_title = forms.CharField(
        required=False, label="Internal title", help_text="Seen at the desk only."
    )
    audience = forms.ChoiceField(
        choices=[(a.value, a.label) for a in Audience if a != Audience.CONFIRMED],
        initial=Audience.UNKNOWN,
        help_text="Do we know whom it hits?",
    )
    dependents = forms.IntegerField(
        min_value=0,
        max_value=MAX_DEPENDENTS,
        required=False,
        help_text="Services that fail because a ticked one does. Empty: as the catalogue counts them.",
    )
    targeted_channel_available = forms.BooleanField(
        required=False, initial=True, label="Targeted alerts can be delivered"
    )
    platform_fault = forms.BooleanField(
        required=False, initial=True, label="The platform is at fault"
    )
    drill = forms.BooleanField(
        required=False, label="This is a drill: never public, and told to the drill's list alone"
    )

    long_ago = long_ago_field()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") != Kind.PLANNED_MAINTENANCE:
            ask_if_long_ago(self, "since")
        if cleaned.get("kind") != Kind.PLANNED_MAINTENANCE and not cleaned.get("level"):
            self.add_error("level", "Choose a level: how grave is it?")
        if cleaned.get("kind") == Kind.PLANNED_MAINTENANCE:
            ask_if_long_ago(self, "scheduled_for")
            if not cleaned.get("scheduled_for") and "scheduled_for" not in self.errors:
                self.add_error(
                    "scheduled_for", "Maintenance needs a start; write 2026-01-10 09:00."
                )
        elif not cleaned.get("since") and "since" not in self.errors:
            self.add_error("since", "Give the time impact began; write 09:00 or 2026-01-10 09:00.")
        return cleaned


class UpdateForm(PlacesForm):
    """An update, with the facts that changed."""

    send_at = send_at_field()

    stage = forms.ChoiceField(error_messages={"required": "Choose a stage."})
    level = forms.ChoiceField(required=False, choices=[AS_IT_IS, *Level.choices()])
    dependents = forms.IntegerField(
        required=False, min_value=0, max_value=MAX_DEPENDENTS, help_text="Empty: as it is."
    )
    targeted_channel = forms.ChoiceField(
        required=False,
        label="Targeted alerts",
        choices=[
            AS_IT_IS,
            ("available", "Can be delivered"),
            ("unavailable", "Cannot be delivered"),
        ],
    )
    at = MomentField(
        past_moment,
        required=False,
        label="Hit since (UTC)",
        help_text="For services and regions added here. Empty: now.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    everywhere = forms.BooleanField(required=False, label="Impact is back everywhere it was last")

    def __init__(self, *args: Any, incident: Incident, **options: Any) -> None:
        super().__init__(*args, **options)
        self.before = incident.stage
        if incident.mitigated_at is None:
            del self.fields["everywhere"]
        possible = lifecycle.successors(incident.kind, incident.stage)
        stage = self.fields["stage"]
        if isinstance(stage, forms.ChoiceField):
            stage.choices = [(s.value, s.label) for s in Stage if s.value in possible]
        stage.initial = incident.stage
        if incident.kind == Kind.PLANNED_MAINTENANCE:
            del self.fields["level"]

    def clean(self) -> dict[str, Any]:
        """Whoever takes up again what was over says where impact is back."""
        cleaned = super().clean() or {}
        again = "everywhere" in self.fields and lifecycle.reopens(
            self.before, cleaned.get("stage", self.before)
        )
        if again and not cleaned.get("everywhere") and not self.data.get("services"):
            self.add_error(
                "everywhere",
                "This takes the incident up again: tick below where impact is back, or tick this.",
            )
        return cleaned


class RecoverForm(DeskForm):
    """A region that is well again; `service` narrows it to one service there."""

    region = forms.CharField(widget=forms.HiddenInput)
    service = forms.CharField(required=False, widget=forms.HiddenInput)
    at = MomentField(
        past_moment,
        required=False,
        label="Recovered at (UTC)",
        help_text="Empty: now.",
        widget=forms.TextInput({"autocomplete": "off", "placeholder": "now"}),
    )


class AudienceForm(StatementForm):
    audience = forms.ChoiceField(choices=Audience.choices())


class ConfirmForm(DeskForm):
    public_text = markdown_field(
        4, label="Public text", help_text="Markdown. Empty: written from the facts."
    )


class LevelForm(DeskForm):
    """The level that was seen proposed."""

    level = forms.ChoiceField(choices=Level.choices(), widget=forms.HiddenInput)


class OverrideForm(ConfirmForm):
    public = forms.ChoiceField(choices=[("yes", "Post publicly"), ("no", "Keep it targeted")])
    reason = forms.CharField(
        widget=forms.Textarea({"rows": 2}),
        help_text="Kept with the decision, for later readers.",
        error_messages={"required": "Write why: an override of the policy needs a reason."},
    )


class WithdrawForm(DeskForm):
    reason = forms.CharField(
        help_text="One sentence; the page that answers for the entry from now on shows it to everybody.",
        error_messages={"required": "Say in one sentence why the entry leaves."},
    )
