"""The naive way, as most status pages do it: a view that reads the ledger and renders the page again."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone

from statuspage.published import matrix
from statuspage.published.chrome import Frame, render
from statuspage.published.pages import STATUS, legend
from statuspage.published.reader import read_picture
from statuspage.published.sentences import headline


def page(_request: HttpRequest) -> HttpResponse:
    picture = read_picture(now=timezone.now())
    (geography,) = picture.geographies
    context = {
        "geography": geography,
        "table": matrix.table(picture, geography),
        "tabs": matrix.tabs(picture),
        "headline": headline(picture),
        "legend": legend(),
    }
    frame = Frame(picture.as_of, picture.revision)
    return HttpResponse(render("status/matrix.html", frame, STATUS, context))


urlpatterns = [path("status/", page)]
