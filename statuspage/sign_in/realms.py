"""Two realms, one library: our own people below `/admin/`, and whoever else gets a door of their own.

A realm is a path. It has its own addresses (a `urlconf` that includes `sign_in.urls` below its path), so that the
library leads from page to page within it, and its own cookies, which a browser keeps apart by their path.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True)
class Realm:
    """`path` begins and ends with a slash. `home`: the address after signing in, a name of its `urlconf`."""

    path: str
    urlconf: str
    home: str


DESK = Realm("/admin/", settings.ROOT_URLCONF, "desk:list")


def realm_of(request: HttpRequest) -> Realm:
    others: tuple[Realm, ...] = settings.REALMS  # type: ignore[assignment]  # which know no types of ours
    return next((each for each in others if request.path_info.startswith(each.path)), DESK)


class Realms:
    """Each realm's addresses, and its cookies below its path. Comes before all that sets cookies."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        realm = realm_of(request)
        if realm is not DESK:
            request.urlconf = realm.urlconf
        response = self.get_response(request)
        if realm is not DESK:
            for cookie in response.cookies.values():
                if cookie["path"] == DESK.path:
                    cookie["path"] = realm.path
        return response
