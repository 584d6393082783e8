"""Where it is hit, as the forms of declaring and updating show it: whole, or the part that a press changed."""

from __future__ import annotations

from typing import Protocol

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from incidents.models import Region, Service
from incidents.services.desk.favourites import MOST, pin, pinned
from incidents.vocabulary import Level
from incidents.wording import listed
from statuspage.desk.access import operator_of
from statuspage.desk.form.incident_forms import PlacesForm
from statuspage.desk.form.picker import NAMED, Picker
from statuspage.desk.incidents.lately import lately
from statuspage.desk.incidents.ticking import Ticked, dependents_of, tick

MOST_CELLS = 600  # more are no matrix that anybody reads


class FormPage(Protocol):
    """The whole page around a form."""

    def __call__(self, picker: Picker, *, words: str = "") -> HttpResponse: ...


def places_context(request: HttpRequest, picker: Picker, words: str = "") -> dict[str, object]:
    wide = len(picker.services) * len(picker.regions) > MOST_CELLS
    return {
        "picker": picker,
        "ticked_words": words,
        "lately": lately(timezone.now(), operator_of(request)),
        "dependents": dependents_of(picker) if picker else None,
        "matrix_too_wide": wide,
        "levels": Level.choices(),
    }


def ticked_page(
    request: HttpRequest, form: PlacesForm, picker: Picker, page: FormPage
) -> HttpResponse:
    """After a press that ticks several boxes: a part for htmx, the whole `page` for everybody else."""
    wish = request.POST.get("tick", "")
    what = wish.removeprefix("pin:")
    if wish.startswith("pin:"):
        done = Ticked(picker, _pin(request, picker, what))
    else:
        done = tick(picker, wish, request.POST.get("pasted", ""))
    if "HX-Request" not in request.headers:
        return page(done.picker, words=done.words)
    return render(
        request,
        "desk/_places.html",
        {"form": form, **places_context(request, done.picker, done.words)},
    )


def _pin(request: HttpRequest, picker: Picker, what: str) -> str:
    """Pins what is ticked of `what`, for whoever is signed in, or unpins it; in words what was done."""
    if what not in ("services", "regions"):
        return ""
    rows = Service.objects.current() if what == "services" else Region.objects.current()
    names = dict(rows.values_list("slug", "name"))
    slugs = [slug for slug in picker.ticked(what) if slug in names]
    if not slugs:
        return f"Tick the {what} to pin first."
    user = operator_of(request)
    if not pin(user, what, slugs):
        return f"Nothing was pinned: {MOST} {what} at most. Tick some of yours alone to unpin them."
    done = "Pinned, for you alone" if slugs[0] in pinned(user, what) else "No longer pinned"
    return f"{done}: {listed([names[slug] for slug in slugs], NAMED)}."
