"""Erasing an address or a tenant: a look at what goes and what stays, then once and for all."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from incidents.access import ERASE
from notifications.evidence import erasure
from notifications.models import Endpoint, Tenant
from statuspage.desk.access import desk, operator_of
from statuspage.desk.form.fields import DeskForm
from statuspage.desk.form.recovery import blank
from statuspage.desk.preview.second_person import asked_again


class EraseForm(DeskForm):
    reason = forms.CharField(
        max_length=erasure.LONGEST_REASON,
        label="Who asked for it?",
        help_text="A ticket's number, say. It is kept, so it must not name the address.",
        error_messages={"required": "Write who asked for it, such as a ticket's number."},
    )
    sure = forms.BooleanField(
        label="Erase it. I know that it cannot be taken back.",
        error_messages={"required": "Tick the box: it cannot be taken back."},
    )


@desk(ERASE)
@require_http_methods(["GET", "HEAD", "POST"])
def erase_endpoint(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = get_object_or_404(Endpoint, pk=pk, erased_at__isnull=True)
    return _page(request, erasure.plan_endpoints([endpoint]), endpoint.label)


@desk(ERASE)
@require_http_methods(["GET", "HEAD", "POST"])
def erase_tenant(request: HttpRequest, ref: str) -> HttpResponse:
    tenant = get_object_or_404(Tenant, ref=ref)
    return _page(request, erasure.plan_tenant(tenant.ref), tenant.name)


def _page(request: HttpRequest, plan: erasure.ErasurePlan, name: str) -> HttpResponse:
    now = timezone.now()
    form = EraseForm(request.POST, now=now) if request.POST else blank(EraseForm, request, now=now)
    if request.method == "POST" and form.is_valid():
        if again := asked_again(request):
            return again
        try:
            erasure.erase(
                plan, reason=form.cleaned_data["reason"], now=now, actor=operator_of(request)
            )
        except erasure.EraseError as error:
            form.add_error("reason", str(error))
        else:
            messages.success(request, "Erased. What was counted is still counted.")
            return redirect("desk:told")
    context = {"plan": plan, "name": name, "form": form}
    return render(request, "desk/erase.html", context, status=422 if form.errors else 200)
