"""What Django itself answers. Public pages never come here: `published.serve` answers them first."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("admin/", admin.site.urls),
]
