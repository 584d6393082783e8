"""Where a mail provider tells what became of our letters. There only while it has a secret to show."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, path

urlpatterns: list[URLPattern] = []

if settings.MAIL_PROVIDER and settings.MAIL_PROVIDER_WEBHOOK:
    from anymail import urls as anymail_urls

    urlpatterns = [
        path(f"hooks/{settings.MAIL_PROVIDER}/tracking/", pattern.callback)
        for pattern in anymail_urls.urlpatterns
        if pattern.name == f"{settings.MAIL_PROVIDER}_tracking_webhook"
    ]
