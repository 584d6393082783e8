"""Wrong passwords: slow, never shut, and never at the expense of the public page.

Per address a limit, so that one sender can't go on. Per account a limit, so that many senders can't; but
whoever has signed in before from this browser (a signed cookie says so) is counted apart, and every address
may still try now and then. So nobody locks an operator out by guessing.

Hashing a password costs a third of a second of a processor. In a process one stranger at a time may have one
hashed, and one browser that is known; everybody else is told to try again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

from django.contrib.auth.models import User
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.crypto import get_random_string

from notifications.subscribers.request_rate_limits import RateLimit, seconds_to_wait, sender

PER_ADDRESS = RateLimit("sign-in-address", 20, timedelta(minutes=10))
PER_ACCOUNT = RateLimit("sign-in-account", 10, timedelta(minutes=5))
# Beyond that an address has one try of its own at the account.
PER_PAIR = RateLimit("sign-in-pair", 1, timedelta(minutes=5))
PER_BROWSER = RateLimit("sign-in-browser", 10, timedelta(minutes=5))

COOKIE = "known_browser"
SALT = "statuspage.sign_in.browser"
REMEMBERED = timedelta(days=180)
BUSY_SECONDS = 3
PATIENCE = 2.0  # seconds a known browser waits for its turn; a stranger waits for none

_strangers, _known = threading.BoundedSemaphore(1), threading.BoundedSemaphore(1)
_is_known: ContextVar[bool] = ContextVar("is_known", default=False)


class TooManyError(Exception):
    """Not now; `seconds`: when it is worth trying again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"try again in {seconds} s")
        self.seconds = seconds


def count_try(request: HttpRequest, name: str) -> None:
    """Counts one try to sign in as `name`. Raises TooManyError."""
    now, account = timezone.now(), name.strip().lower()
    if browser := _browser_of(request, account):
        _is_known.set(True)
        wait = seconds_to_wait(PER_BROWSER, browser, now=now)
    else:
        _is_known.set(False)
        here = sender(request)
        wait = seconds_to_wait(PER_ADDRESS, here, now=now)
        if not wait and seconds_to_wait(PER_ACCOUNT, account, now=now):
            wait = seconds_to_wait(PER_PAIR, f"{here} {account}", now=now)
    if wait:
        raise TooManyError(wait)


@contextmanager
def hashing() -> Iterator[None]:
    """While a password is hashed. Raises TooManyError when others have theirs hashed just now."""
    known = _is_known.get()
    turn = _known if known else _strangers
    if not turn.acquire(timeout=PATIENCE if known else 0):
        raise TooManyError(BUSY_SECONDS)
    try:
        yield
    finally:
        turn.release()


def remember_browser(request: HttpRequest, response: HttpResponseBase, user: User) -> None:
    """Knows this browser from now on as one that `user` has signed in with."""
    account = user.get_username().lower()
    if not _browser_of(request, account):
        response.set_cookie(
            COOKIE,
            signing.dumps([account, get_random_string(16)], salt=SALT),
            max_age=REMEMBERED,
            path="/admin/",
            secure=request.is_secure(),
            httponly=True,
            samesite="Lax",
        )


def _browser_of(request: HttpRequest, account: str) -> str:
    """A name of the browser, if this account has signed in with it before; else empty."""
    try:
        owner, name = signing.loads(
            request.COOKIES.get(COOKIE, "")[:300], salt=SALT, max_age=REMEMBERED
        )
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(name) if owner == account else ""
