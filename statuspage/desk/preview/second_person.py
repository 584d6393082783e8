"""Before something is done: whether this person may do it alone, and whether it is still they who sit there."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows import reauthentication
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from incidents.access import may
from incidents.models import Incident, Proposal
from incidents.services.access import proposals

POST, REVIEW, WITHDRAWAL, POLICY, DRAFT = proposals.ACTS
# Of a form what belongs to one sitting of one person.
_OF_ONE_SITTING = ("csrfmiddlewaretoken", "step", "shown", "token", "seen", "receivers", "proposal")


def asked_again(request: HttpRequest) -> HttpResponse | None:
    """None when the person has shown anew, within the last minutes, who they are. Otherwise they are asked,
    and what was sent goes on afterwards.
    """
    if not settings.ASK_AGAIN or reauthentication.did_recently_reauthenticate(request):
        return None
    methods = get_adapter().get_reauthentication_methods(request.user)
    if not methods:
        return render(request, "desk/no_way_to_ask.html", status=403)
    return reauthentication.suspend_request(request, methods[0]["url"])  # type: ignore[no-any-return]


def left_to_another(
    request: HttpRequest, act: str, permission: str, incident: Incident | None = None
) -> HttpResponse | None:
    """None when this person does it now. Otherwise what was sent waits for a second person, and that is said."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - behind the guard of the desk
    proposal = _proposal_of(request)
    if may(user, permission):
        if act not in settings.FOUR_EYES or (proposal is not None and proposal.by_id != user.pk):
            request.seconded = proposal  # type: ignore[attr-defined]  # settled once it is done
            return None
    else:
        act = DRAFT
    proposals.keep(
        act=act,
        path=request.path,
        fields=fields_of(request),
        incident=incident,
        now=timezone.now(),
        actor=user,
    )
    messages.info(
        request, "Nothing was done yet: it waits for a second person, who sees it as you did."
    )
    return redirect("desk:proposals")


def settle_what_was_seconded(request: HttpRequest, response: object) -> None:
    """After a view: what it has done was somebody's proposal."""
    proposal = getattr(request, "seconded", None)
    done = getattr(response, "status_code", 0) == 302
    if proposal is not None and done and isinstance(request.user, User):
        proposals.close(proposal_id=proposal.pk, now=timezone.now(), actor=request.user)


def fields_of(request: HttpRequest) -> dict[str, list[str]]:
    return {
        name: [each.replace("\r\n", "\n") for each in values]
        for name, values in request.POST.lists()
        if name not in _OF_ONE_SITTING and any(values)
    }


def _proposal_of(request: HttpRequest) -> Proposal | None:
    """The proposal that the form comes from, if it still says the same: what was changed is another one's."""
    number = request.POST.get("proposal", "")
    if not (number.isascii() and number.isdecimal() and len(number) < 18):
        return None
    found = proposals.waiting().filter(pk=int(number), path=request.path).first()
    return found if found is not None and found.fields == fields_of(request) else None
