"""The field that asks for a time zone."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError


class ZoneForm(forms.ModelForm[Any]):
    def clean_time_zone(self) -> str:
        zone: str = self.cleaned_data["time_zone"]
        if zone not in available_timezones():
            raise ValidationError(f"{zone!r} is no time zone; use one such as Europe/Berlin.")
        return zone
