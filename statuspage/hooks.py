"""Addresses of machines: where a mail provider tells what became of our mails, while it has a secret to show; and
what the bodies of our webhooks look like."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe

from notifications.channels.webhook.formats import native


@require_safe
def native_schema(_: HttpRequest) -> HttpResponse:
    """The JSON Schema of the native body: for everybody, and the same for all."""
    return HttpResponse(
        native.schema(settings.BASE_URL),
        content_type="application/schema+json",
        headers={"Cache-Control": "public, max-age=86400", "Access-Control-Allow-Origin": "*"},
    )


urlpatterns: list[URLPattern] = [path(native.PATH.removeprefix("/"), native_schema)]

if settings.MAIL_PROVIDER and settings.MAIL_PROVIDER_WEBHOOK:
    from anymail import urls as anymail_urls

    urlpatterns += [
        path(f"hooks/{settings.MAIL_PROVIDER}/tracking/", pattern.callback)
        for pattern in anymail_urls.urlpatterns
        if pattern.name == f"{settings.MAIL_PROVIDER}_tracking_webhook"
    ]
