"""What lies below `/service-health/api/v1/`."""

from __future__ import annotations

from django.urls import path

from statuspage.tenant_api.application import api, openapi

urlpatterns = [
    path("openapi.json", openapi),
    path("", api.urls),
]
