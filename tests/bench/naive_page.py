"""The naive way, as most status pages do it: a view that reads the tables and renders the page again."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone

from statuspage.public.render.headline import headline
from statuspage.public.render.layout import Layout, render
from statuspage.public.render.pages import STATUS, legend
from statuspage.public.render.table import matrix
from statuspage.public.snapshot.reader import read_snapshot


def page(_request: HttpRequest) -> HttpResponse:
    snapshot = read_snapshot(now=timezone.now())
    (geography,) = snapshot.geographies
    context = {
        "geography": geography,
        "table": matrix.table(snapshot, geography),
        "tabs": matrix.tabs(snapshot),
        "headline": headline(snapshot),
        "legend": legend(),
    }
    layout = Layout(snapshot.as_of, snapshot.revision)
    return HttpResponse(render("status/matrix.html", layout, STATUS, context))


urlpatterns = [path("status/", page)]
