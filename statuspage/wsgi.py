"""The web process: public pages from memory first, then static files, then Django."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "statuspage.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from statuspage.published.assets import with_static_files
from statuspage.published.filtered import ASSEMBLERS
from statuspage.published.health import Health, postgres_probe, redis_probe
from statuspage.published.serve import public_site
from statuspage.published.store import Store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)


def _unavailable(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    body = b"This part of the site could not be started. Public pages are at /status/.\n"
    start_response(
        "503 Service Unavailable",
        [
            ("content-type", "text/plain; charset=utf-8"),
            ("content-length", str(len(body))),
            ("cache-control", "no-store"),
            ("retry-after", "60"),
        ],
    )
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _django() -> tuple[WSGIApplication, list[str]]:
    """Django with its static files. If it cannot start, the public pages must: they are needed most
    when something is wrong, and readiness names the desk as missing."""
    try:
        return with_static_files(get_wsgi_application(), settings.STATIC_URL, hsts=_hsts()), []
    except Exception:
        log.critical("Django could not be started; serving public pages only", exc_info=True)
        return _unavailable, ["desk"]


def _hsts() -> str:
    seconds = settings.SECURE_HSTS_SECONDS
    below = "; includeSubDomains" if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS else ""
    return f"max-age={seconds}{below}" if seconds else ""


def _build() -> WSGIApplication:
    django, broken = _django()

    hsts = _hsts()
    store = Store(settings.PUBLISHED_DIR, hsts=hsts)
    store.look()
    database = settings.DATABASES["default"]
    names = {
        "NAME": "dbname",
        "USER": "user",
        "PASSWORD": "password",
        "HOST": "host",
        "PORT": "port",
    }
    parameters = {names[key]: value for key, value in database.items() if key in names and value}
    health = Health(
        store,
        {
            "postgres": postgres_probe({**database.get("OPTIONS", {}), **parameters}),
            "redis": redis_probe(settings.REDIS_URL),
        },
        broken=lambda: broken,
    )
    health.start()
    return public_site(store, ASSEMBLERS, django, health=health, hsts=hsts)


application = _build()
