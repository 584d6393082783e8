"""What Django itself answers. Public pages never come here: `public.serve` answers them first."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path

from statuspage import hooks
from statuspage.monitoring import metrics
from statuspage.visitors import feedback, visitor_reports

handler400 = "statuspage.error_pages.bad_request"
handler404 = "statuspage.error_pages.not_found"
handler403 = "statuspage.desk.access.refused"

admin.autodiscover()

urlpatterns = [
    path("admin/desk/customers/", include("statuspage.tenant_view")),
    path("admin/desk/", include("statuspage.desk.urls")),
    path("api/", include("statuspage.api.urls")),
    path("service-health/api/", include("statuspage.tenant_api.urls")),
    path("service-health/", include("statuspage.portal.urls")),
    path("admin/", include("statuspage.sign_in.urls")),
    path("admin/", admin.site.urls),
    *i18n_patterns(
        path("subscribe/", include("notifications.subscribers.urls")), prefix_default_language=False
    ),
    *feedback.urlpatterns,
    *visitor_reports.urlpatterns,
    *hooks.urlpatterns,
    path("-/metrics", metrics.metrics),
    path("demo/mailbox/", include("statuspage.demo_mailbox")),
]
