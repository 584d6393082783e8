"""An alert rule of a customer, in the builder that its own people have."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from incidents.access import KEEP_TENANT
from incidents.services.errors import EntryError
from incidents.vocabulary import Kind
from notifications.customers import alert_rules, rule_form, rule_sentence
from notifications.customers.alert_rules import Conditions
from notifications.customers.rule_sentence import Choices
from notifications.models import AlertRule, Tenant
from notifications.models.tenants import called
from statuspage.desk.access import desk

A_NEW_ONE = Conditions(name="", kinds=(Kind.SERVICE_ISSUE.value,))


@desk(KEEP_TENANT)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, ref: str) -> HttpResponse:
    return _build(request, get_object_or_404(Tenant, called(ref)), None)


@desk(KEEP_TENANT)
@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    """The rule, with what is wrong with it; saved, read back (`act=read`) or deleted."""
    tenant = get_object_or_404(Tenant, called(ref))
    rules = tenant.alert_rules.prefetch_related(*alert_rules.MANY)
    rule = rules.filter(pk=pk).first() if pk < 2**63 else None
    if rule is None:
        raise Http404
    return _build(request, tenant, rule)


def _build(request: HttpRequest, tenant: Tenant, rule: AlertRule | None) -> HttpResponse:
    choices = Choices.of(tenant)
    saved = Conditions.of(rule) if rule else None
    said, problem = saved or A_NEW_ONE, ""
    if request.method == "POST":
        act = request.POST.get("act", "")
        if act == "delete" and rule:
            rule.delete()
            messages.success(request, f"{rule.name} is deleted.")
            return redirect("desk:customer", tenant.ref)
        try:
            said, wrong = rule_form.read(request.POST, tenant, choices)
            if wrong:
                raise wrong
            if act == "save":
                made = alert_rules.save(
                    tenant=tenant, conditions=said, rule_id=rule.pk if rule else None
                )
                messages.success(request, f"{made.name} is in force.")
                return redirect("desk:customer", tenant.ref)
        except EntryError as error:
            problem = str(error)
    context = {
        "tenant": tenant,
        "rule": rule,
        "said": said,
        "refs": rule_form.refs(request.POST, said, tenant, choices),
        "sentence": rule_sentence.sentence(said, choices),
        "warnings": alert_rules.warnings_of(tenant, said),
        "differences": rule_sentence.differences(saved, said, choices) if saved else [],
        "choices": choices,
        "problem": problem,
        "zone": tenant.time_zone,
        **rule_form.OFFERED,
    }
    return render(request, "desk/customer_rule.html", context, status=422 if problem else 200)
