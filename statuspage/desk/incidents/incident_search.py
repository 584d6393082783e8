"""All incidents, looked through by words, tracking ID, place, state and who spoke."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet

from incidents.models import Communication, Impact, Incident
from incidents.texts import as_typed
from incidents.vocabulary import Kind

A_PAGE = 30
LONGEST = 200
STATES = (
    ("", "Any state"),
    ("open", "Open"),
    ("closed", "Closed"),
    ("public", "Public"),
    ("targeted", "Targeted only"),
    ("waiting", "Public post waits"),
    ("withdrawn", "Withdrawn"),
    ("maintenance", "Planned maintenance"),
    ("drill", "Drills"),
)
_STATE = {
    "open": Q(closed_at__isnull=True),
    "closed": Q(closed_at__isnull=False),
    "public": Q(published_at__isnull=False, withdrawn_at__isnull=True),
    "targeted": Q(published_at__isnull=True, public_due_at__isnull=True),
    "waiting": Q(published_at__isnull=True, public_due_at__isnull=False),
    "withdrawn": Q(withdrawn_at__isnull=False),
    "maintenance": Q(kind=Kind.PLANNED_MAINTENANCE),
    "drill": Q(drill=True),
}


class SearchForm(forms.Form):
    """Everything may stay empty."""

    q = forms.CharField(
        required=False,
        max_length=LONGEST,
        label="Words, tracking ID, service or region",
        widget=forms.TextInput({"type": "search", "autocomplete": "off"}),
    )
    state = forms.ChoiceField(required=False, choices=STATES, label="State")
    who = forms.CharField(
        required=False,
        max_length=LONGEST,
        label="Who spoke",
        widget=forms.TextInput({"autocomplete": "off", "placeholder": "user name"}),
    )


def matching(incidents: QuerySet[Incident], wanted: dict[str, Any]) -> QuerySet[Incident]:
    """Those that fit all that is asked for, the newest first; `wanted`: cleaned data of the form."""
    text = " ".join(str(wanted.get("q", "")).replace("\x00", "").split())
    exact = incidents.filter(tracking_id=as_typed.tracking_id(text))
    if text and exact.exists():
        incidents = exact
    else:
        for word in text.split():
            incidents = incidents.filter(_has(word))
    if state := wanted.get("state"):
        incidents = incidents.filter(_STATE[state])
    if who := str(wanted.get("who", "")).strip():
        spoke = Communication.objects.filter(incident=OuterRef("pk"), actor__username__iexact=who)
        incidents = incidents.filter(Exists(spoke))
    return incidents.order_by("-started_at", "-id")


def _has(word: str) -> Q:
    """A word in a title, in what was said, or in the name of what was hit."""
    said = Communication.objects.filter(incident=OuterRef("pk")).filter(
        Q(public_text__icontains=word) | Q(targeted_text__icontains=word)
    )
    hit = Impact.objects.filter(occurrence__incident=OuterRef("pk")).filter(
        Q(service__name__icontains=word) | Q(region__name__icontains=word)
    )
    titles = Q(public_title__icontains=word) | Q(internal_title__icontains=word)
    return titles | Q(tracking_id__icontains=word) | Q(Exists(said)) | Q(Exists(hit))
