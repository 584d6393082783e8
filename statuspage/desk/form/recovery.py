"""What was typed is not lost when a form cannot be taken: signed out meanwhile, or in again in another tab.

Nothing of such a form is done. What was typed waits in the page that asks to sign in (as one hidden field, never
on our side: whoever sent it may be anybody), or, once somebody is signed in, in their session; the form's page
takes it from there, filled as it was typed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import requires_csrf_token

from incidents.access import DRAFT, may
from incidents.services.desk.drafts import draft_of
from statuspage import error_pages
from statuspage.desk.form.fields import DeskForm
from statuspage.sign_in.adapters import TYPED, WAITING
from statuspage.sign_in.forms import NameAndPasswordForm

SESSION_KEY = "typed"
FIELD = TYPED  # of the page that asks to sign in
NOT_TYPED = ("csrfmiddlewaretoken", FIELD)
# Forms of the incident's screen: their own addresses have no page to look at.
ON_THE_SCREEN = frozenset(
    {
        "recover",
        "audience",
        "level",
        "confirm",
        "override",
        "withdraw",
        "unmerge",
        "deliveries-retry",
    }
)

AnyForm = TypeVar("AnyForm", bound=DeskForm)


def sign_in_again(request: HttpRequest) -> HttpResponse:
    """The login, 403, with what was typed in it. Nothing else is done with the request."""
    if "HX-Request" in request.headers:  # a part of a page, which stays as it is
        return render(request, "desk/_signed_out.html")
    context = {
        "form": NameAndPasswordForm(request=request),
        "next": page_of(request.path),
        FIELD: _packed(request),
    }
    return TemplateResponse(request, "account/login.html", context, status=403)


@receiver(user_logged_in)
def keep_over_login(sender: object, request: HttpRequest, user: User, **_: Any) -> None:  # noqa: ARG001 - of Django's signal
    """Receives `user_logged_in`: what the page that asked to sign in had in it goes into the session."""
    # Where a second factor was asked for in between, it has waited in the session.
    if packed := request.POST.get(FIELD) or request.session.pop(WAITING, ""):
        _keep(request, packed, "you were signed out while you were typing")


@requires_csrf_token
def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 - Django's signature
    """CSRF_FAILURE_VIEW: mostly somebody who signed in again in another tab, which made this page's mark old."""
    login = reverse("account_login")
    if _from_here(request) and request.path == login and request.user.is_authenticated:
        wanted = request.POST.get("next", "")
        here = url_has_allowed_host_and_scheme(wanted, {request.get_host()})
        return HttpResponseRedirect(wanted if here else reverse("desk:list"))
    if _from_here(request) and request.path.startswith(reverse("desk:list")):
        if not request.user.is_authenticated:
            return sign_in_again(request)
        _keep(request, _packed(request), "you signed in again after this page was made")
        return _page_again(request)
    return error_pages.page(
        403,
        "This form could not be checked.",
        "Nothing was changed. Open the page again and send it from there; your browser must keep our cookies.",
        [(login, "Sign in")],
    )


def _page_again(request: HttpRequest) -> HttpResponse:
    """The form's page as a GET would show it, with what was typed in it, as the body of a 403."""
    request.method, request.path = "GET", page_of(request.path)
    found = resolve(request.path)
    response: HttpResponse = found.func(request, *found.args, **found.kwargs)
    response.status_code = 403
    return response


def was_typed(request: HttpRequest) -> bool:
    """Whether a form was sent with something in it, or a part of a page asked for."""
    if "HX-Request" in request.headers:
        return True
    return request.method == "POST" and any(name not in NOT_TYPED for name in request.POST)


def take_back(request: HttpRequest) -> None:
    """Behind the login, before a page of the desk: what was typed for this page becomes `recovered`, and said."""
    if request.method != "GET":
        return
    kept = request.session.get(SESSION_KEY)
    if kept and kept["page"] == request.path:
        del request.session[SESSION_KEY]
        _recover(request, kept["form"], kept["fields"])
        messages.warning(
            request, f"Nothing was sent: {kept['why']}. What you had typed is in the form again."
        )
    elif wanted := request.GET.get("draft"):
        _take_up(request, wanted)


def _take_up(request: HttpRequest, draft_id: str) -> None:
    """A draft, by its id in the query; one of somebody else is taken over with the next word typed."""
    draft = draft_of(draft_id=draft_id, page=request.path)
    if draft is None or not may(cast("User", request.user), DRAFT):
        messages.info(request, "This draft was sent or thrown away meanwhile.")
        return
    _recover(
        request, draft.form or name_of(request.path), draft.fields | {"draft": [str(draft.pk)]}
    )
    if draft.owner_id != request.user.pk:
        messages.warning(
            request,
            f"A draft of {draft.owner}, saved {draft.saved_at:%H:%M} UTC. It becomes yours as you type on.",
        )


def fill_in(request: HttpRequest, fields: Mapping[str, Sequence[str]]) -> None:
    """The form of this page is shown as if `fields` had been typed."""
    _recover(request, name_of(request.path), fields)


def _recover(request: HttpRequest, form: str, fields: Mapping[str, Sequence[str]]) -> None:
    data = QueryDict(mutable=True)
    for name, values in fields.items():
        data.setlist(name, list(values))
    request.recovered = (form, data)  # type: ignore[attr-defined]  # read by `recovered` alone


def recovered(request: HttpRequest, form: str = "") -> QueryDict | None:
    """What was typed for this page before, if anything; `form`: only that for the form of this name."""
    name, data = getattr(request, "recovered", ("", None))
    return data if not form or form == name else None


def recovered_form(request: HttpRequest) -> str:
    """The name of the form that was typed into."""
    return str(getattr(request, "recovered", ("",))[0])


def draft_field(request: HttpRequest) -> str:
    """The id of the draft that a form's page goes on with, if any."""
    return (recovered(request) or request.POST).get("draft", "")


def blank(kind: type[AnyForm], request: HttpRequest, **options: Any) -> AnyForm:
    """A form to fill in: as it was typed before, if that was lost, or a new one."""
    data = recovered(request)
    if data is None:
        return kind(**options)
    options.pop("initial", None)
    return kind.refilled(data, **options)


def _packed(request: HttpRequest) -> str:
    fields = {name: values for name, values in request.POST.lists() if name not in NOT_TYPED}
    return json.dumps({"path": request.path, "fields": fields})


def _keep(request: HttpRequest, packed: str, why: str) -> None:
    try:
        content = json.loads(packed)
        path = str(content["path"])
        fields = {
            str(name): [str(value) for value in values]
            for name, values in content["fields"].items()
        }
    except (ValueError, TypeError, KeyError, AttributeError):
        return
    request.session[SESSION_KEY] = {
        "page": page_of(path),
        "form": name_of(path),
        "fields": fields,
        "why": why,
    }


def name_of(path: str) -> str:
    try:
        return resolve(path).url_name or ""
    except Resolver404:
        return ""


def page_of(path: str) -> str:
    """Where the form of an address is looked at."""
    name = name_of(path)
    if name == "live-verdict":
        return reverse("desk:new")
    if name in ("review-live", "review-comments"):
        return reverse("desk:review", kwargs=resolve(path).kwargs)
    if name in ON_THE_SCREEN:
        return reverse("desk:incident", kwargs=resolve(path).kwargs)
    return path if name and path.startswith(reverse("desk:list")) else reverse("desk:list")


def _from_here(request: HttpRequest) -> bool:
    """Whether a page of our own sent it. A browser says so; programs that say nothing are none."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    own = {f"{request.scheme}://{request.get_host()}", _origin(settings.BASE_URL)}
    return request.headers.get("Origin", _origin(settings.BASE_URL)) in own


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
