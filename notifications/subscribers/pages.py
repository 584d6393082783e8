"""What the public forms have in common: no cookie, no store, one frame, and answers in words when something is wrong.

Mail scanners open every link they find, so opening one changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from types import SimpleNamespace
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlsplit

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications.channels.signed_links import TokenError
from notifications.subscribers.forms import SubscribeForm

log = logging.getLogger(__name__)

UNPROCESSABLE, TOO_MANY = 422, 429
RETRY_AFTER = "60"  # seconds, when the database is away

Arguments = ParamSpec("Arguments")


def public_page(
    view: Callable[Concatenate[HttpRequest, datetime, Arguments], HttpResponse],
) -> Callable[Concatenate[HttpRequest, Arguments], HttpResponse]:
    """A page for anybody: uncached, unlisted, without cookie; in words when the database is away."""

    @csrf_exempt
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def answered(
        request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> HttpResponse:
        now = timezone.now()
        try:
            response = view(request, now, *args, **kwargs)
        except TokenError:
            response = page(request, now, "invalid", languages=(), status=400)
        except (OperationalError, InterfaceError):
            log.exception("no database for %s", request.resolver_match)
            response = page(request, now, "unavailable", status=503)
            response.headers["Retry-After"] = RETRY_AFTER
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex"
        if "token" in kwargs:
            response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return answered


def too_many(
    request: HttpRequest, now: datetime, form: SubscribeForm, wait: int, name: str, **context: Any
) -> HttpResponse:
    """The page of this name once more, with how long to wait (seconds)."""
    minutes = -(-wait // 60)
    form.problems[""] = _(
        "Too many requests came from you or for this address. Nothing was sent; try again in"
        " %(minutes)d min."
    ) % {"minutes": minutes}
    response = page(request, now, name, form=form, status=TOO_MANY, **context)
    response.headers["Retry-After"] = str(wait)
    return response


def page(
    request: HttpRequest, now: datetime, name: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    """Rendered without the request, so that no context processor can touch a session."""
    plain = request.path.removeprefix(root(language()))
    frame = {
        "site_name": settings.SITE_NAME,
        "base_url": settings.BASE_URL,
        "path": request.path,
        "root": root(language()),
        "language": language(),
        "languages": [
            SimpleNamespace(code=code, name=name, path=f"{root(code)}{plain}")
            for code, name in settings.LANGUAGES
        ],
        "direction": "rtl" if get_language_bidi() else "ltr",
        "as_of": now,
        "section": "subscribe",
    }
    return HttpResponse(render_to_string(f"subscribe/{name}.html", {**frame, **context}), status=status)  # fmt: skip


def language() -> str:
    return get_language() or settings.LANGUAGE_CODE


def root(language: str) -> str:
    """What stands before the addresses of a language: nothing for the default one, else `/de`."""
    return "" if language == settings.LANGUAGE_CODE else f"/{language}"


def here(address: str) -> str:
    """The path of one of our addresses, in the language of this page."""
    return f"{root(language())}{urlsplit(address).path}"
