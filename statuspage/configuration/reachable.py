"""Whether anybody but this machine has to do with this installation: that decides which settings are dangerous."""

from __future__ import annotations

from django.conf import settings

from statuspage.configuration.environment import is_local, is_local_host


def reachable() -> str:
    """Why others can reach this installation, or it their data; empty for a run on this machine alone."""
    database = settings.DATABASES["default"]
    names = [each for each in settings.ALLOWED_HOSTS if not is_local_host(each)]
    if not is_local(settings.BASE_URL):
        return f"BASE_URL is {settings.BASE_URL}"
    if names:
        return f"ALLOWED_HOSTS has {names[0]}"
    if settings.SECURE_PROXY_SSL_HEADER:
        return "BEHIND_PROXY is set"
    if not is_local_host(database.get("HOST", "")):
        return f"the database is on {database['HOST']}"
    if settings.MAIL_PROVIDER:
        return f"MAIL_PROVIDER is {settings.MAIL_PROVIDER}"
    return ""
