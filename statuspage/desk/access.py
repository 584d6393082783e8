"""Who may use the desk: staff who may change incidents, signed in through the admin."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache

from incidents.models import Incident

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
WORK = "incidents.change_incident"
DECLARE = "incidents.add_incident"
ADOPT = "incidents.adopt_policy"
LOOK = "notifications.view_delivery"  # support: who was told what, and nothing else
RETRY = "notifications.retry_delivery"
ERASE = "notifications.erase_endpoint"


def desk(
    *permissions: str, any_of: bool = False
) -> Callable[[View[P]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]]:
    """Let in staff who have these permissions (or `any_of` them); send the anonymous to the login."""

    def guard(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @never_cache
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            user = request.user
            if not user.is_authenticated:
                return redirect_to_login(request.get_full_path(), reverse("admin:login"))
            if not may(user, *permissions, any_of=any_of):
                return render(request, "desk/refused.html", status=403)
            return view(request, *args, **kwargs)

        return guarded

    return guard


def may(user: User, *permissions: str, any_of: bool = False) -> bool:
    """Whether a user is staff and has these permissions (or `any_of` them)."""
    enough = any if any_of else all
    return user.is_staff and enough(user.has_perm(each) for each in permissions)


def operator_of(request: HttpRequest) -> User:
    """The signed-in user; call it behind `desk` only."""
    return cast("User", request.user)


def incidents_for(user: User) -> QuerySet[Incident]:
    """The incidents that this user's desk shows: every look-up by tracking ID goes through here."""
    if not user.has_perm(WORK):
        return Incident.objects.none()
    return Incident.objects.all()


def delivery_statistics_for(user: User) -> QuerySet[Incident]:
    """The incidents whose ledger this user may read: operators', and support's."""
    if not (user.has_perm(WORK) or user.has_perm(LOOK)):
        return Incident.objects.none()
    return Incident.objects.all()


def workable(request: HttpRequest, tracking_id: str) -> Incident:
    """An incident that can be written to. Raises Http404; what a history text told is only looked at."""
    return get_object_or_404(workable_for(operator_of(request)), tracking_id=tracking_id)


def workable_for(user: User) -> QuerySet[Incident]:
    """The incidents that this user may write to."""
    return incidents_for(user).filter(backfilled=False, merged_into__isnull=True)
