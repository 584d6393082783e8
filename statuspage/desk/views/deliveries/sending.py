"""The switch that stops all sending, and a mail to try the relay with."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from incidents.access import STOP, VIEW
from notifications.channels.email.relay_test import RelayTest
from notifications.channels.email.test_mail import send_test_mail
from notifications.delivery import kill_switch
from notifications.models import Delivery, KillSwitch
from notifications.vocabulary.addresses import AddressError
from statuspage.desk.access import desk, operator_of
from statuspage.desk.form.fields import DeskForm
from statuspage.desk.form.recovery import blank
from statuspage.desk.preview.second_person import asked_again


class StopForm(DeskForm):
    reason = forms.CharField(
        max_length=kill_switch.LONGEST_REASON,
        label="Why may nothing be sent?",
        help_text="Shown on every screen of the desk until somebody releases it.",
        error_messages={"required": "Write why nothing may be sent."},
    )


class TestMailForm(DeskForm):
    address = forms.EmailField(
        max_length=254,
        label="Send a test mail to",
        error_messages={"required": "Write an address that you can read."},
    )


@desk(VIEW, write=STOP)
@require_http_methods(["GET", "HEAD", "POST"])
def sending(request: HttpRequest) -> HttpResponse:
    """GET: the state. POST with `step`: stop (needs a reason), release, test (needs an address)."""
    now = timezone.now()
    if request.method == "POST" and request.POST.get("step") == "test":
        return _try(request, now)
    if request.method != "POST":
        return _page(request, blank(StopForm, request, now=now))
    form = StopForm(request.POST, now=now)
    try:
        if (request.POST.get("step") == "release" or form.is_valid()) and (
            again := asked_again(request)
        ):
            return again
        if request.POST.get("step") == "release":
            kill_switch.release(now=now, actor=operator_of(request))
            messages.success(request, "Sending goes on; what has waited leaves now.")
            return redirect("desk:sending")
        if not form.is_valid():
            return _page(request, form, status=422)
        kill_switch.stop(reason=form.cleaned_data["reason"], now=now, actor=operator_of(request))
    except kill_switch.StopError as error:
        messages.error(request, str(error))
        return redirect("desk:sending")
    messages.success(request, "Nothing is sent until somebody releases it. Planning goes on.")
    return redirect("desk:sending")


def _try(request: HttpRequest, now: datetime) -> HttpResponse:
    """The relay's answer is shown at once: a test mail changes nothing that a reload could double but a mail."""
    form = TestMailForm(request.POST, now=now)
    tested = None
    if form.is_valid():
        try:
            tested = send_test_mail(address=form.cleaned_data["address"], now=now)
        except AddressError as error:
            form.add_error("address", str(error))
    status = 200 if tested else 422
    return _page(request, StopForm(now=now), test_form=form, tested=tested, status=status)


def _page(
    request: HttpRequest,
    form: StopForm,
    *,
    test_form: TestMailForm | None = None,
    tested: RelayTest | None = None,
    status: int = 200,
) -> HttpResponse:
    own = {"address": operator_of(request).email}
    waiting = Delivery.objects.filter(settled_as=None).values("state")
    context = {
        "form": form,
        "test_form": test_form or TestMailForm(now=timezone.now(), initial=own),
        "tested": tested,
        "waiting": {row["state"]: row["count"] for row in waiting.annotate(count=Count("id"))},
        "history": KillSwitch.objects.select_related("stopped_by", "released_by").order_by("-id")[
            :30
        ],
    }
    return render(request, "desk/sending.html", context, status=status)
