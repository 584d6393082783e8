"""The fields that forms of the desk have in common, and the form they begin with."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Self

from django import forms
from django.http import QueryDict

from incidents.services.inputs import EARLIEST
from statuspage.desk.form.typed_times import MomentError, coming_moment, past_moment, typed


class MomentField(forms.CharField):
    """A moment that an operator types; `read` turns it into UTC."""

    def __init__(self, read: Callable[[str, datetime], datetime], **options: Any) -> None:
        self.read = read
        self.now: datetime | None = None
        super().__init__(**options)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """So that what is typed can be read back beside the field."""
        to = "come" if self.read is coming_moment else "past"
        return {**super().widget_attrs(widget), "data-moment": to}

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text or self.now is None:
            return None
        try:
            return self.read(text, self.now)
        except MomentError as error:
            raise forms.ValidationError(str(error)) from error


class UploadField(forms.FileField):
    """A file of at most `most` bytes; `command` takes larger ones."""

    def __init__(self, *, most: int, command: str, **options: Any) -> None:
        super().__init__(**options)
        self.most, self.command = most, command

    def clean(self, data: Any, initial: Any = None) -> Any:
        file = super().clean(data, initial)
        if file and file.size and file.size > self.most:
            raise forms.ValidationError(
                f"The file has {file.size:,} bytes; at most {self.most:,} are taken here."
                f" Use the command {self.command} for it."
            )
        return file


LONG_AGO = timedelta(days=30)


def long_ago_field() -> forms.BooleanField:
    return forms.BooleanField(required=False, label="Yes, it began as long ago as that")


def ask_if_long_ago(form: DeskForm, name: str) -> None:
    """A start of weeks back is more often a slip than meant: once it is ticked, it is."""
    began = form.cleaned_data.get(name)
    if began is None or form.cleaned_data.get("long_ago"):
        return
    if LONG_AGO < form.now - began < EARLIEST:
        days = (form.now - began).days
        form.add_error(
            name, f"That is {days} days ago ({began:%-d %B %Y}). If it is meant, tick it below."
        )


def markdown_field(rows: int, **options: Any) -> forms.CharField:
    return forms.CharField(required=False, widget=forms.Textarea({"rows": rows}), **options)


class DeskForm(forms.Form):
    """Errors name what to do, and point at their field for a screen reader."""

    error_css_class = "wrong"

    def __init__(self, *args: Any, now: datetime, **options: Any) -> None:
        options.setdefault("label_suffix", "")
        super().__init__(*args, **options)
        self.now = now
        for field in self.fields.values():
            if isinstance(field, MomentField):
                field.now = now

    def past_moments(self) -> dict[str, str]:
        """Of a valid form: fields that say when something was, as the time they mean."""
        return {
            name: typed(self.cleaned_data[name])
            for name, field in self.fields.items()
            if isinstance(field, MomentField)
            and field.read is past_moment
            and self.cleaned_data.get(name)
        }

    @classmethod
    def refilled(cls, data: QueryDict, **options: Any) -> Self:
        """The form as it was typed, without a word about what is still missing."""
        form = cls(**options)
        for name, field in form.fields.items():
            is_box = isinstance(field, forms.BooleanField)
            form.initial[name] = name in data if is_box else data.get(name, field.initial)
        return form


def send_at_field() -> MomentField:
    return MomentField(
        coming_moment,
        required=False,
        label="Not now, but at (UTC)",
        help_text="tomorrow 09:00, +30, 20:00 CET. Until then it is listed, and can be moved or taken back.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
