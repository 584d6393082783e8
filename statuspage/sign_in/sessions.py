"""When a session ends; what is asked of it before anything else; refusals of `limits` as answers."""

from __future__ import annotations

import time
from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from statuspage.sign_in import limits
from statuspage.sign_in.adapters import too_many
from statuspage.sign_in.realms import realm_of

BEGAN, SEEN = "began", "seen"
NOTED = 60  # seconds: a page that asks each second is no stream of writes


class SessionEnds:
    """Ends a session that was idle (SESSION_COOKIE_AGE, by its row) or has lasted too long.

    Where a second factor is required, whoever has none is led to setting one up, and nowhere else.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Only addresses below which the cookie lies have a session; the public forms are not asked for one.
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return self.get_response(request)
        if not request.user.is_authenticated:
            return self.get_response(request)
        now = int(time.time())
        began = request.session.setdefault(BEGAN, now)
        if now - began > settings.SESSION_HOURS * 3600:
            logout(request)
            return redirect_to_login(request.get_full_path(), reverse("account_login"))
        if now - request.session.get(SEEN, 0) >= NOTED:
            request.session[SEEN] = now  # writes the row anew, and with it when it ends
        if self._lacks_a_factor(request):
            return redirect("mfa_index")
        return self.get_response(request)

    def _lacks_a_factor(self, request: HttpRequest) -> bool:
        if not (settings.SECOND_FACTOR and request.user.is_staff):
            return False
        if request.path.startswith(f"{realm_of(request).path}account/"):
            return False
        if request.path in (reverse("account_logout"), reverse("account_change_password")):
            return False
        name = request.user.get_username()
        methods = request.session.get("account_authentication_methods", [])
        # A provider has second factors of its own; the account for emergencies is kept in a safe.
        by_provider = any(each.get("method") == "socialaccount" for each in methods)
        return not by_provider and name != settings.BREAK_GLASS and not is_mfa_enabled(request.user)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return too_many(request, exception) if isinstance(exception, limits.TooManyError) else None
