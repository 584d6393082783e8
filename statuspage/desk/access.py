"""Who may use which screen of the desk; what decides is `incidents.access`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from incidents.access import LOOK, VIEW, may
from incidents.models import Incident
from statuspage.desk.form.recovery import sign_in_again, take_back, was_typed
from statuspage.desk.preview.second_person import settle_what_was_seconded

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def desk(
    *permissions: str, any_of: bool = False, write: str | None = None
) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """Let in staff who have these permissions (or `any_of` them); send the anonymous to the login.

    `write`: what everything but looking (GET, HEAD) needs on top.
    """

    def guard(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @never_cache
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            user = request.user
            if not user.is_authenticated and was_typed(request):
                return sign_in_again(request)
            if not user.is_authenticated:
                return redirect_to_login(request.get_full_path(), reverse("account_login"))
            looks = request.method in ("GET", "HEAD") or write is None
            if not (may(user, *permissions, any_of=any_of) and (looks or may(user, write or ""))):
                return refused(request)
            take_back(request)
            response = view(request, *args, **kwargs)
            settle_what_was_seconded(request, response)
            return response

        return guarded

    return guard


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - of Django's handler403
    """403, for whoever is signed in and may not."""
    return render(request, "desk/refused.html", status=403)


def operator_of(request: HttpRequest) -> User:
    """The signed-in user; call it behind `desk` only."""
    return cast("User", request.user)


def incidents_for(user: User) -> QuerySet[Incident]:
    """The incidents that this user's desk shows: every look-up by tracking ID goes through here."""
    if not may(user, VIEW):
        return Incident.objects.none()
    return Incident.objects.all()


def delivery_statistics_for(user: User) -> QuerySet[Incident]:
    """The incidents whose deliveries this user may read: operators', and support's."""
    if not may(user, VIEW, LOOK, any_of=True):
        return Incident.objects.none()
    return Incident.objects.all()


def workable(request: HttpRequest, tracking_id: str) -> Incident:
    """An incident that can be written to. Raises Http404; what a history text told is only looked at."""
    return get_object_or_404(workable_for(operator_of(request)), tracking_id=tracking_id)


def workable_for(user: User) -> QuerySet[Incident]:
    """The incidents that this user may write to."""
    return incidents_for(user).filter(backfilled=False, merged_into__isnull=True)
