"""What lies below `/api/v1/`."""

from __future__ import annotations

from django.urls import path

from statuspage.api.application import api
from statuspage.api.reference import openapi, reference

urlpatterns = [
    path("openapi.json", openapi),
    path("reference", reference),
    path("", api.urls),
]
