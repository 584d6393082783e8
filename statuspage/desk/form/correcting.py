"""The fields of screens that correct what was said: retractions, merges, other times."""

from __future__ import annotations

from typing import Any

from django import forms

from statuspage.desk.form.fields import (
    DeskForm,
    MomentField,
    ask_if_long_ago,
    long_ago_field,
    markdown_field,
)
from statuspage.desk.form.typed_times import coming_moment, past_moment, typed


class RetractForm(DeskForm):
    """A false positive: why, and the words that take it back."""

    reason = forms.CharField(
        label="How did it turn out to be a false positive?",
        widget=forms.Textarea({"rows": 2}),
        help_text="Kept with the decision, for later readers; sent to nobody.",
        error_messages={"required": "Write how it turned out to be a false positive."},
    )
    targeted_text = markdown_field(
        4,
        label="To those who were told",
        help_text="Markdown. Empty: written from the facts, as it stands here at first.",
    )
    public_text = markdown_field(
        4,
        label="On the public entry",
        help_text="Markdown. Empty: written from the facts, as it stands here at first.",
    )


class MergeForm(DeskForm):
    """Which incident goes on, and what it says of that."""

    into = forms.ChoiceField(
        label="The incident that goes on",
        error_messages={
            "required": "Choose the incident that goes on.",
            "invalid_choice": "%(value)s is not an open incident of this kind; choose one of the list.",
        },
    )
    reason = forms.CharField(
        label="Why are the two one incident?",
        widget=forms.Textarea({"rows": 2}),
        help_text="Kept with the decision, for later readers; sent to nobody.",
        error_messages={"required": "Write why the two are one incident."},
    )
    targeted_text = markdown_field(
        4,
        label="To the affected customers of both",
        help_text="Markdown. Empty: that the incident goes on under the other tracking ID.",
    )
    public_text = markdown_field(
        4,
        label="On the public entry, if there is one",
        help_text="Markdown. Empty: the same; a tracking ID that was never public is not named.",
    )

    def __init__(self, *args: Any, survivors: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        into = self.fields["into"]
        if isinstance(into, forms.ChoiceField):
            into.choices = survivors


class TimesForm(DeskForm):
    """Why a time is another one, and the words that say so."""

    reason = forms.CharField(
        label="Why is it another time?",
        widget=forms.Textarea({"rows": 2}),
        help_text="Kept with the former time, for later readers; sent to nobody.",
        error_messages={"required": "Write why the time is another one."},
    )
    targeted_text = markdown_field(
        3,
        label="To those who were told",
        help_text="Markdown. Empty: what has changed, from the facts.",
    )
    public_text = markdown_field(
        3,
        label="On the public entry, if there is one",
        help_text="Markdown. Empty: what has changed, from the facts.",
    )


class CorrectionForm(TimesForm):
    started_at = MomentField(
        past_moment,
        label="Began at (UTC)",
        help_text="09:00, or 2026-01-10 09:00.",
        error_messages={"required": "Give the time impact began; write 2026-01-10 09:00."},
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    ended_at = MomentField(
        past_moment,
        required=False,
        label="Was over at (UTC)",
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    long_ago = long_ago_field()

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        # Where it was as long ago before, nothing has slipped.
        shown = self.initial.get("started_at")
        if cleaned.get("started_at") and typed(cleaned["started_at"]) != shown:
            ask_if_long_ago(self, "started_at")
        return cleaned


class RescheduleForm(TimesForm):
    scheduled_for = MomentField(
        coming_moment,
        label="Maintenance from (UTC)",
        error_messages={"required": "Maintenance needs a start; write 2026-01-10 09:00."},
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    scheduled_until = MomentField(
        coming_moment,
        required=False,
        label="Maintenance until (UTC)",
        widget=forms.TextInput({"autocomplete": "off"}),
    )


class SeriesForm(RescheduleForm):
    """Of a window that is one of a series."""

    whole_series = forms.BooleanField(
        required=False, label="With it, by as much, all windows of this series that have not begun"
    )


class CallOffForm(DeskForm):
    """The end of all windows of a series that have not begun."""

    call_off = forms.BooleanField(widget=forms.HiddenInput)
    public_text = markdown_field(
        2, label="What is said of it", help_text="Markdown. Empty: from the facts, of each window."
    )


class ExtendForm(TimesForm):
    """Another end for a maintenance that is in progress."""

    scheduled_until = MomentField(
        coming_moment,
        label="Ends at (UTC)",
        error_messages={"required": "Give the time it will end; write +60 or 2026-01-10 09:00."},
        widget=forms.TextInput({"autocomplete": "off"}),
    )
