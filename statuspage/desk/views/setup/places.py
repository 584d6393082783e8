"""Where it is hit, as the forms of declaring and updating show it: whole, or the part that a press changed."""

from __future__ import annotations

from typing import Protocol

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from incidents.vocabulary import Level
from statuspage.desk.form.fields import PlacesForm
from statuspage.desk.form.picker import Picker
from statuspage.desk.incidents.lately import lately
from statuspage.desk.incidents.ticking import dependants_of, tick

MOST_CELLS = 600  # more are no matrix that anybody reads


class FormPage(Protocol):
    """The whole page around a form."""

    def __call__(self, picker: Picker, *, words: str = "") -> HttpResponse: ...


def places_context(picker: Picker, words: str = "") -> dict[str, object]:
    wide = len(picker.services) * len(picker.regions) > MOST_CELLS
    return {
        "picker": picker,
        "ticked_words": words,
        "lately": lately(timezone.now()),
        "dependants": dependants_of(picker) if picker else None,
        "matrix_too_wide": wide,
        "levels": Level.choices(),
    }


def ticked_page(
    request: HttpRequest, form: PlacesForm, picker: Picker, page: FormPage
) -> HttpResponse:
    """After a press that ticks several boxes: a part for htmx, the whole `page` for everybody else."""
    done = tick(picker, request.POST.get("tick", ""), request.POST.get("pasted", ""))
    if "HX-Request" not in request.headers:
        return page(done.picker, words=done.words)
    return render(
        request, "desk/_places.html", {"form": form, **places_context(done.picker, done.words)}
    )
