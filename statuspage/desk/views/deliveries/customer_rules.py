"""Alert rules of a customer: one in the builder that its own people have, all of them as a file."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from incidents.access import KEEP_TENANT, LOOK
from incidents.services.errors import EntryError
from incidents.vocabulary import Kind
from notifications.customers.rules import alert_rules, rule_form, rule_sentence, rules_file
from notifications.customers.rules.alert_rules import Conditions
from notifications.customers.rules.rule_sentence import Choices
from notifications.customers.rules.rule_warnings import warnings_of
from notifications.customers.rules.rules_file import RulesFileError
from notifications.models import AlertRule, Tenant
from notifications.models.customers.tenants import called
from statuspage import rule_results
from statuspage.desk.access import desk
from statuspage.desk.form.fields import DeskForm
from statuspage.desk.preview.dry_run import dry_run

A_NEW_ONE = Conditions(name="", kinds=(Kind.SERVICE_ISSUE.value,))


@desk(KEEP_TENANT)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, ref: str) -> HttpResponse:
    return _build(request, get_object_or_404(Tenant, called(ref)), None)


@desk(KEEP_TENANT)
@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    """The rule, with what is wrong with it; saved, read back (`act=read`), tried on
    the past (`act=test`) or deleted.
    """
    tenant = get_object_or_404(Tenant, called(ref))
    rules = tenant.alert_rules.prefetch_related(*alert_rules.MANY)
    rule = rules.filter(pk=pk).first() if pk < 2**63 else None
    if rule is None:
        raise Http404
    return _build(request, tenant, rule)


def _build(request: HttpRequest, tenant: Tenant, rule: AlertRule | None) -> HttpResponse:
    choices = Choices.of(tenant)
    saved = Conditions.of(rule) if rule else None
    said, problem, tested = saved or A_NEW_ONE, "", rule_results.NOT_TESTED
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
            if act == "test":
                tested = rule_results.tested(
                    tenant, said, saved, rule_id=rule.pk if rule else None,
                    # As in the view of the tenant: security is for whom its owners let see it.
                    security=False, now=timezone.now(),
                )  # fmt: skip
        except EntryError as error:
            problem = str(error)
    context = {
        "tenant": tenant,
        "rule": rule,
        "said": said,
        "refs": rule_form.refs(request.POST, said, tenant, choices),
        "sentence": rule_sentence.sentence(said, choices),
        "warnings": warnings_of(tenant, said)[0],
        "differences": rule_sentence.differences(saved, said, choices) if saved else [],
        "choices": choices,
        "problem": problem,
        "zone": tenant.time_zone,
        **rule_form.OFFERED,
        # Where its events are read, as the customer sees them.
        "visitor": {"home": reverse("tenant-view", args=[tenant.ref])},
        **tested,
    }
    return render(request, "desk/customer_rule.html", context, status=422 if problem else 200)


class RulesForm(DeskForm):
    text = forms.CharField(
        max_length=1_000_000,
        label="Rules of this customer",
        widget=forms.Textarea({"rows": 24, "spellcheck": "false"}),
        help_text="YAML, as the download has it. A rule that is not in it is removed.",
        error_messages={"required": "Write tenant: and rules:."},
    )


@desk(KEEP_TENANT)
@require_http_methods(["GET", "HEAD", "POST"])
def as_file(request: HttpRequest, ref: str) -> HttpResponse:
    """GET: all rules as text. POST: what a text would change (`step=look`), or the text put into force."""
    tenant, status = get_object_or_404(Tenant, called(ref)), 200
    form = RulesForm(initial={"text": rules_file.written(tenant)}, now=timezone.now())
    changes: list[str] | None = None
    if request.method == "POST":
        form, looked = (
            RulesForm(request.POST, now=timezone.now()),
            request.POST.get("step") == "look",
        )
        changes = _applied(form, tenant, looked=looked) if form.is_valid() else None
        if changes is not None and not looked:
            messages.success(request, f"{len(changes)} changed.")
            return redirect("desk:customer", tenant.ref)
        status = 422 if changes is None else 200
    context = {"tenant": tenant, "form": form, "changes": changes}
    return render(request, "desk/customer_rules.html", context, status=status)


def _applied(form: RulesForm, tenant: Tenant, *, looked: bool) -> list[str] | None:
    """The differences, a line each, kept only if not `looked`; None with the fault in the form."""

    def act() -> list[str]:
        given = rules_file.read(form.cleaned_data["text"], "rules")
        return list(rules_file.apply(given=given, place="rules", only=tenant))

    try:
        if looked:
            return dry_run(act, lambda changes: changes)
        with transaction.atomic():
            return act()
    except RulesFileError as error:
        form.add_error("text", str(error))
        return None


@desk(LOOK)
@require_safe
def download(_request: HttpRequest, ref: str) -> HttpResponse:
    """All rules as the form takes them again."""
    tenant = get_object_or_404(Tenant, called(ref))
    return HttpResponse(
        rules_file.written(tenant),
        content_type="application/yaml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{tenant.ref}-rules.yaml"'},
    )
