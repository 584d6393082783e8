"""What Django answers itself (desk, admin, forms): security headers, and the language of an address."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language_from_path, override

from statuspage import error_pages
from statuspage.public.store.headers import POLICY


class ContentSecurityPolicy:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self._policy(request))
        return response

    def _policy(self, request: HttpRequest) -> str:
        """A form that leads to a provider's page to sign in at is stopped unless its origin is named."""
        parts = urlsplit(settings.OIDC_URL)
        if not parts.netloc or not request.path_info.startswith("/admin/"):
            return POLICY
        origin = f"{parts.scheme}://{parts.netloc}"
        return POLICY.replace("form-action 'self'", f"form-action 'self' {origin}")


class TrustedProxies:
    """X-Forwarded-* of whoever is none of our proxies is as if it were not there.

    Comes first: what reads these headers need not ask who wrote them. A Unix socket's peer has no address
    and is ours.
    """

    HEADERS = (
        "HTTP_X_FORWARDED_FOR",
        "HTTP_X_FORWARDED_PROTO",
        "HTTP_X_FORWARDED_HOST",
        "HTTP_FORWARDED",
    )

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.networks = [ip_network(each) for each in settings.TRUSTED_PROXIES]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self._is_ours(str(request.META.get("REMOTE_ADDR") or "")):
            for name in self.HEADERS:
                request.META.pop(name, None)
        return self.get_response(request)

    def _is_ours(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return not peer
        return any(address in network for network in self.networks)


class BoundedBodies:
    """Whoever has not signed in sends little: a large body, or one of unknown size, is refused unread.

    Behind the session and before anything reads a form (checking its mark would read all of it). What
    programs send comes with a token.
    """

    STRANGERS = 256 * 1024  # bytes: the longest form of a public page, generously
    REPORTS = 5 * 1024 * 1024  # of mail providers, who send by the hundred

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(error_pages.WITH_TOKEN) or not self._is_large(request):
            return self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            return self.get_response(request)
        response = error_pages.page(
            413, "This is more than is taken here.", "Nothing of it was read. Sign in first."
        )
        response.headers["Connection"] = "close"
        return response

    def _is_large(self, request: HttpRequest) -> bool:
        if request.method in ("GET", "HEAD", "OPTIONS", "TRACE"):
            most = 0
        else:
            most = self.REPORTS if request.path_info.startswith("/hooks/") else self.STRANGERS
        length = str(request.META.get("CONTENT_LENGTH") or "0")
        known = length.isascii() and length.isdecimal() and len(length) < 19
        return "HTTP_TRANSFER_ENCODING" in request.META or not known or int(length) > most


class LanguageOfAddress:
    """The language that an address names by its prefix; no header and no cookie chooses another."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with override(get_language_from_path(request.path_info) or settings.LANGUAGE_CODE):
            return self.get_response(request)
