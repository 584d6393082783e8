"""Addresses of a realm beside the desk, for a test."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"hello {request.user}")


urlpatterns = [
    path(
        "service-health/",
        include([path("", home, name="home"), path("", include("statuspage.sign_in.urls"))]),
    )
]
