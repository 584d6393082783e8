"""Pages for what Django itself refuses: unknown addresses, forms that could not be checked, wrong methods.

Needs no database and no session, so that it also answers when they are away. Addresses for programs (below
`/api/`) and parts of pages keep their own short answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import unquote

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

Ways = Sequence[tuple[str, str]]
DESK = "/admin/desk/"
# These ask for a token before they read a byte.
WITH_TOKEN = ("/api/", "/service-health/api/")
# The one character that no text of the database can hold: nothing is where an address has it.
NUL = "\x00"
FOR_PROGRAMS = (*WITH_TOKEN, "/-/", "/hooks/")


def page(status: int, heading: str, sentence: str, ways: Ways = ()) -> HttpResponse:
    """An answer in our own looks, with ways to go on; the status page is always one of them."""
    context = {
        "heading": heading,
        "sentence": sentence,
        "ways": [*ways, ("/status/", _("Current status"))],
        "site_name": settings.SITE_NAME,
        "language": get_language() or settings.LANGUAGE_CODE,
    }
    response = HttpResponse(render_to_string("errors/answer.html", context), status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - handler400
    return page(
        400,
        _("This request could not be read."),
        _("Something in it is not as a browser would send it. Nothing was changed."),
        _ways(request),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - handler404
    return page(
        404,
        _("There is nothing at this address."),
        _("It may be mistyped, or what was here has moved."),
        _ways(request),
    )


def not_allowed(request: HttpRequest) -> HttpResponse:
    """For an address that is looked at only, or only written to."""
    return page(
        405,
        _("This address cannot be used that way."),
        _("Nothing was changed. Go back, or begin at one of these."),
        _ways(request),
    )


class RefusedMethods:
    """Middleware: Django's own answer to a wrong method is an empty page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405 or request.path.startswith(FOR_PROGRAMS) or response.content:
            return response
        styled = not_allowed(request)
        styled.headers["Allow"] = response.headers.get("Allow", "")
        return styled


class AddressesWithNul:
    """Middleware: refused before a view asks the database for it. APIs have refusals of their own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        asked = unquote(request.META.get("QUERY_STRING", "")) + request.path_info
        if NUL in asked and not request.path_info.startswith(WITH_TOKEN):
            return not_found(request, Http404())
        return self.get_response(request)


def _ways(request: HttpRequest) -> Ways:
    return [(DESK, "Incident desk")] if request.path.startswith("/admin/") else []
