"""What Django itself answers. Public pages never come here: `published.serve` answers them first."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from statuspage import feedback, hooks, metrics

urlpatterns = [
    path("admin/desk/", include("statuspage.desk.urls")),
    path("admin/", admin.site.urls),
    path("subscribe/", include("notifications.urls")),
    *feedback.urlpatterns,
    *hooks.urlpatterns,
    path("-/metrics", metrics.metrics),
    path("demo/mailbox/", include("statuspage.demo_mailbox")),
]
