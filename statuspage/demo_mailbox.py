"""The demo's mails, to be looked at: they are kept as files (MAIL_FOLDER) instead of being sent.

Everywhere else these addresses are as unknown as any other: mails are no public matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from notifications.channels.email.mailbox import Kept, read_mail, read_mailbox
from statuspage.configuration.reachable import reachable
from statuspage.public.render.layout import Layout, render
from statuspage.public.store.headers import POLICY

MAILBOX = "/demo/mailbox/"
SHOWN = 100
# A mail carries its style inside itself, since mail programs fetch none. This answer is therefore the one
# place where inline style is allowed, and in exchange nothing else is: no script, no file from anywhere,
# no origin of its own (`sandbox`). Links open in a new tab, as our own pages refuse to be framed.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none';"
    " frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
)
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
_NEW_TAB = '<base target="_blank">'

View = Callable[..., HttpResponse]


def _only_in_demo(view: View) -> View:
    @require_safe
    @wraps(view)
    def answered(request: HttpRequest, **kwargs: str) -> HttpResponse:
        if not settings.MAIL_FOLDER or reachable():
            raise Http404
        response = view(request, **kwargs)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return answered


@_only_in_demo
def mailbox(request: HttpRequest) -> HttpResponse:
    """The newest mails first; `?to=` shows those of one receiver."""
    to = request.GET.get("to", "")
    kept = read_mailbox(most=SHOWN)
    shown = [mail for mail in kept if to in ("", mail.to)]
    context = {"mails": shown, "to": to, "most": SHOWN, "full": len(kept) == SHOWN}
    return _page("demo/mailbox.html", MAILBOX, context)


@_only_in_demo
def one_mail(request: HttpRequest, name: str) -> HttpResponse:
    """One mail: as HTML (in a frame), as text, and its headers."""
    response = _page("demo/mail.html", request.path, {"mail": _found(name)})
    response.headers["Content-Security-Policy"] = f"{POLICY}; frame-src 'self'"
    return response


@_only_in_demo
@xframe_options_sameorigin
def mail_html(_request: HttpRequest, name: str) -> HttpResponse:
    """The HTML part as it is, for the frame."""
    html = _HEAD.sub(lambda head: head[0] + _NEW_TAB, _found(name).html, count=1)
    response = HttpResponse(html)
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    return response


def _found(name: str) -> Kept:
    mail = read_mail(name)
    if mail is None:
        raise Http404
    return mail


def _page(template: str, address: str, context: dict[str, Any]) -> HttpResponse:
    layout = Layout(as_of=timezone.now(), revision=0)
    return HttpResponse(
        render(template, layout, address, {**context, "section": "demo", "languages": ()})
    )


urlpatterns = [
    path("", mailbox, name="demo-mailbox"),
    path("<str:name>/", one_mail, name="demo-mail"),
    path("<str:name>/html/", mail_html, name="demo-mail-html"),
]
