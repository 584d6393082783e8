"""Public forms without a cookie: who may post them.

Django's CSRF protection needs a cookie, and these pages set none. There is no login to abuse either,
so what is kept out is other sites' pages posting in their visitors' name (Origin, Sec-Fetch-Site) and
scripts that post without ever having opened the form (a signed token, valid for two hours).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.utils.translation import gettext as _

FIELD = "form_token"
VALID_FOR = timedelta(hours=2)
_SALT = "notifications.form"
_LONGEST = 300


def issue(purpose: str, *, now: datetime) -> str:
    """The value of the hidden field of a form; good for `purpose` alone."""
    return signing.Signer(salt=f"{_SALT}.{purpose}").sign_object(int(now.timestamp()))


def is_fresh(value: str, purpose: str, *, now: datetime) -> bool:
    """Whether a form's token is ours, made for `purpose`, and not older than VALID_FOR."""
    if len(value) > _LONGEST:
        return False
    try:
        issued = signing.Signer(salt=f"{_SALT}.{purpose}").unsign_object(value)
    except (signing.BadSignature, ValueError):
        return False
    age = now.timestamp() - float(issued)
    # Two web hosts' clocks may differ by a little, hence a little below zero.
    return -60 <= age <= VALID_FOR.total_seconds()


def is_from_elsewhere(request: HttpRequest) -> bool:
    """Whether a browser says that another site's page has posted this.

    Sec-Fetch-Site goes first: a page with `Referrer-Policy: no-referrer` makes browsers send
    `Origin: null` for its own forms. That value alone therefore proves nothing.
    """
    site = request.headers.get("Sec-Fetch-Site", "")
    if site:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin", "null")
    ours = {_origin(settings.BASE_URL), f"{request.scheme}://{request.get_host()}"}
    return origin != "null" and origin not in ours


class GuardedForm(Protocol):
    """`purpose`: what its token was made for; `problems`: by field, "" for the whole form."""

    purpose: str
    now: datetime
    problems: dict[str, str]


def check(request: HttpRequest, form: GuardedForm) -> None:
    """A problem of the whole form if it came from another site's page, or from one opened too long ago."""
    if is_from_elsewhere(request):
        form.problems[""] = _(
            "This came from another site's page, so nothing was done. If you want it, send it from here."
        )
    elif not is_fresh(request.POST.get(FIELD, ""), form.purpose, now=form.now):
        form.problems[""] = _(
            "This page was open for more than two hours, so nothing was done yet. Please send it again."
        )


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
