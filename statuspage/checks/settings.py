"""Dangerous combinations of settings, as system checks with ids and remedies."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from incidents.texts import placeholders
from statuspage.configuration.environment import is_local
from statuspage.configuration.reachable import reachable

LEAST_KEY = 50  # characters, as many as Django's own check asks for


def _of_the_key(why: str) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.SECRET_KEY == settings.INSECURE_KEY and why:
        found.append(
            Error(
                f"SECRET_KEY is the public one of local runs, but {why}.",
                hint="Set SECRET_KEY or SECRET_KEY_FILE to 50 random characters.",
                id="statuspage.E001",
            )
        )
    elif len(settings.SECRET_KEY) < LEAST_KEY or len(set(settings.SECRET_KEY)) < 5:
        found.append(
            Error(
                f"SECRET_KEY has {len(settings.SECRET_KEY)} characters, or hardly any different ones.",
                hint="Set it to 50 random characters: whoever guesses it signs in as anybody.",
                id="statuspage.E006",
            )
        )
    return found


# By the name of its own, too: Django's checks of security load screens of the desk.
@register("statuspage", Tags.security)
def dangerous_settings(**_: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    why = reachable()
    local = not why
    found += _of_the_key(why)
    if settings.DEBUG and not local:
        found.append(
            Error(
                f"DEBUG is on, but {why}.",
                hint="Set DEBUG=0: error pages would show settings and texts to everybody.",
                id="statuspage.E002",
            )
        )
    if settings.MAIL_FOLDER and not local:
        found.append(
            Error(
                f"MAIL_FOLDER is set, but {why}.",
                hint="Unset it: mails would not be sent, and everybody could read them.",
                id="statuspage.E004",
            )
        )
    if settings.OUTBOUND_ALLOW and not local:
        found.append(
            Warning(
                f"Webhooks may lead into {', '.join(settings.OUTBOUND_ALLOW)}.",
                hint="Unset OUTBOUND_ALLOW unless everybody who may enter a webhook may also reach"
                " every service in there.",
                id="statuspage.W002",
            )
        )
    if settings.MAIL_PROVIDER and ":" not in settings.MAIL_PROVIDER_WEBHOOK:
        found.append(
            Warning(
                f"MAIL_PROVIDER is {settings.MAIL_PROVIDER}, but MAIL_PROVIDER_WEBHOOK is not set: bounces and"
                " complaints never arrive.",
                hint="Set it to name:password and give the provider"
                f" https://name:password@…/hooks/{settings.MAIL_PROVIDER}/tracking/.",
                id="statuspage.W003",
            )
        )
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            Error(
                "ALLOWED_HOSTS accepts every host name.",
                hint="Name the hosts: links in mails are safe only from known host names.",
                id="statuspage.E003",
            )
        )
    try:
        if settings.AUTOMATED_TEXT:
            placeholders.check(settings.AUTOMATED_TEXT)
    except placeholders.PlaceholderError as error:
        found.append(
            Error(
                f"AUTOMATED_TEXT: {error}",
                hint="Correct the text, or unset it to use the one that comes with the product.",
                id="statuspage.E005",
            )
        )
    if not is_local(settings.BASE_URL) and not settings.HTTPS:
        found.append(
            Warning(
                f"BASE_URL is {settings.BASE_URL}: logins and links travel unencrypted.",
                hint="Put TLS in front and set BASE_URL=https://….",
                id="statuspage.W001",
            )
        )
    return found
