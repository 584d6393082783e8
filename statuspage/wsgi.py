"""The web process: public pages from memory first, then static files, then Django."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "statuspage.settings")

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from whitenoise import WhiteNoise

from statuspage import garbage_collection, languages
from statuspage.checks.settings import dangerous_settings
from statuspage.monitoring.sending_probe import sending_probe
from statuspage.public.formats import format_answers
from statuspage.public.formats.statuspage.queries import FIELDS
from statuspage.public.query import my_services
from statuspage.public.query.filtered import ASSEMBLERS, FILTERS
from statuspage.public.render.pages import unavailable
from statuspage.public.serve.app import public_site
from statuspage.public.serve.health import Health, postgres_probe, redis_probe
from statuspage.public.store.current_generation import Store
from statuspage.public.store.headers import security

if TYPE_CHECKING:
    from wsgiref.headers import Headers

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

STATIC_MAX_AGE = 300  # seconds: these names carry no hash
log = logging.getLogger(__name__)


def _unavailable(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    body = b"This part of the site could not be started. Public pages are at /status/.\n"
    start_response(
        "503 Service Unavailable",
        [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Retry-After", "60"),
        ],
    )
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _django() -> tuple[WSGIApplication, list[str]]:
    """Django with its static files. If it cannot start, the public pages must: they are needed most
    when something is wrong, and readiness names the desk as missing."""
    try:
        application = get_wsgi_application()
        if errors := [each for each in dangerous_settings() if each.is_serious()]:
            raise ImproperlyConfigured("; ".join(str(each.msg) for each in errors))
        garbage_collection.spare_what_is_loaded()
        return _with_static_files(application), []
    except Exception:
        log.critical("Django could not be started; serving public pages only", exc_info=True)
        return _unavailable, ["desk"]


def _with_static_files(application: WSGIApplication) -> WhiteNoise:
    """The styles and scripts of desk and admin, from where the apps keep them: no collecting step.

    Those of the public pages travel in the generation and never come here.
    """

    def add_headers(headers: Headers, *_: str) -> None:
        for name, value in security(_hsts()):
            headers[name] = value

    noise = WhiteNoise(application, max_age=STATIC_MAX_AGE, add_headers_function=add_headers)
    for finder in finders.get_finders():
        for name, storage in finder.list([]):
            noise.add_file_to_dictionary(settings.STATIC_URL + name, storage.path(name))
    return noise


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
            "sending": sending_probe(
                {**database.get("OPTIONS", {}), **parameters}, minutes=settings.STALL_MINUTES
            ),
        },
        broken=lambda: broken,
        private=("sending",),
        token=settings.METRICS_TOKEN,
    )
    health.start()
    return public_site(
        store,
        {**format_answers, **ASSEMBLERS},
        django,
        health=health,
        hsts=hsts,
        keys={"trackingId", *FILTERS, "incident", *FIELDS, *my_services.FIELDS},
        unavailable=unavailable,
        languages=languages.others(),
    )


application = _build()
