"""Customers: the list, a new one in one form, files, and all that is known of one on one screen."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Prefetch, Q
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from incidents.access import KEEP_TENANT, LOOK
from incidents.services.errors import EntryError
from notifications.customers import load_customers, new_customer
from notifications.customers.customer_file import CustomerFile, CustomerFileError
from notifications.customers.new_customer import NewCustomer
from notifications.customers.rules import alert_rules, rule_sentence
from notifications.customers.rules.alert_rules import Conditions
from notifications.customers.rules.rule_sentence import Choices
from notifications.customers.rules.rule_warnings import warnings_of
from notifications.evidence.delivery_lookup import endpoints_of
from notifications.models import Footprint, Tenant
from notifications.models.customers.tenants import called
from statuspage.desk.access import desk
from statuspage.desk.form.fields import DeskForm, UploadField
from statuspage.desk.form.mapping import refuse
from statuspage.desk.form.recovery import blank
from statuspage.desk.preview.dry_run import dry_run

A_PAGE, MOST_SHOWN = 50, 100
LARGEST = 5 * 1024 * 1024  # bytes; the command load_customers takes more


class CustomerForm(DeskForm):
    ref = forms.CharField(
        max_length=64,
        label="Identifier",
        error_messages={"required": "Give the customer the identifier that your systems know."},
    )
    name = forms.CharField(
        max_length=200, label="Name", error_messages={"required": "Name the customer."}
    )
    contact = forms.EmailField(
        max_length=254,
        label="Contact",
        help_text="Hears what no alert rule catches.",
        error_messages={"required": "Somebody must be told where no rule leads anywhere."},
    )
    places = forms.CharField(
        max_length=100_000,
        label="Subscriptions, and where they run",
        widget=forms.Textarea(
            {
                "rows": 5,
                "placeholder": "contoso-prod, Key Vault, West Europe\ncontoso-dr, Storage, global",
            }
        ),
        help_text="A line each: subscription, service, region.",
        error_messages={"required": "Write at least one subscription."},
    )
    tell = forms.EmailField(
        required=False,
        max_length=254,
        label="Rule: tell this address",
        help_text="About service issues of level Warning or worse, anywhere it runs. Empty: no rule,"
        " everything goes to the contact.",
    )
    owner = forms.EmailField(
        required=False,
        max_length=254,
        label="Owner, who may sign in at Service Health",
        help_text="Is told by mail. Empty: nobody yet.",
    )


class FileForm(DeskForm):
    file = UploadField(
        most=LARGEST,
        command="load_customers",
        label="Customer file",
        help_text="CSV in UTF-8, as an export has it. What it does not name stays as it is.",
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )


@desk(LOOK, write=KEEP_TENANT)
@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: HttpRequest) -> HttpResponse:
    """GET: customers by name, a page of them. POST: a file, looked at (`step=look`) or taken in."""
    form, status, found = FileForm(now=timezone.now()), 200, ""
    if request.method == "POST":
        form = FileForm(request.POST, request.FILES, now=timezone.now())
        found = _read(request, form) if form.is_valid() else ""
        if found and request.POST.get("step") != "look":
            messages.success(request, f"Taken in: {found}")
            return redirect("desk:customers")
        status = 200 if found else 422
    asked = request.GET.get("q", "").strip()[:200]
    rows = Tenant.objects.order_by("name", "pk")
    if asked:
        rows = rows.filter(Q(name__icontains=asked) | Q(ref__istartswith=asked))
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    ids = [each.pk for each in page.object_list]
    counted = Tenant.objects.filter(pk__in=ids).annotate(
        rules=Count("alert_rules", filter=Q(alert_rules__active=True), distinct=True)
    )
    rules = dict(counted.values_list("pk", "rules"))
    owned = dict(
        Tenant.objects.filter(pk__in=ids)
        .annotate(number=Count("subscriptions"))
        .values_list("pk", "number")
    )
    context = {
        "form": form,
        "found": found,
        "q": asked,
        "page": page,
        "rows": [(each, owned[each.pk], rules[each.pk]) for each in page.object_list],
    }
    return render(request, "desk/customers.html", context, status=status)


def _read(request: HttpRequest, form: FileForm) -> str:
    """What a file changes, in words; nothing is stored when it is only looked at. "" with faults in the form."""
    file = form.cleaned_data["file"]

    def load() -> load_customers.Loaded:
        return load_customers.load(
            files=[CustomerFile(file.name or "file", file)], now=timezone.now()
        )

    try:
        looked = request.POST.get("step") == "look"
        done = dry_run(load, lambda loaded: loaded) if looked else load()
    except CustomerFileError as error:
        for fault in error.faults:
            form.add_error("file", fault)
        return ""
    return (
        f"customers: {done.tenants:,} ({done.tenants_changed:,} new or changed), subscriptions:"
        f" {done.subscriptions:,} ({done.subscriptions_changed:,} new or changed), cells:"
        f" {done.cells_added:,} added, {done.cells_removed:,} removed."
    )


@desk(KEEP_TENANT)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A customer with its subscriptions and a first rule, in one form."""
    now, status = timezone.now(), 200
    form = blank(CustomerForm, request, now=now)
    if request.method == "POST":
        form, status = CustomerForm(request.POST, now=now), 422
        if form.is_valid():
            try:
                made = new_customer.add(NewCustomer(**form.cleaned_data), now=now)
            except EntryError as error:
                refuse(form, error)
            else:
                messages.success(request, f"{made.name} is a customer.")
                return redirect("desk:customer", made.ref)
    return render(request, "desk/customer_new.html", {"form": form}, status=status)


@desk(LOOK)
@require_safe
def one(request: HttpRequest, ref: str) -> HttpResponse:
    """All that is kept of a customer: where it runs, what it is told by which rules, where, and who may sign in."""
    tenant = get_object_or_404(Tenant.objects.select_related("contact"), called(ref))
    choices = Choices.of(tenant)
    rows = tenant.alert_rules.prefetch_related(*alert_rules.MANY, "action_groups__endpoints")
    found = list(rows.order_by("name")[:MOST_SHOWN])
    said = [Conditions.of(rule) for rule in found]
    sentences = [rule_sentence.sentence(each, choices) for each in said]
    leads = alert_rules.leads_anywhere(tenant)
    cells = Footprint.objects.select_related("service", "region").order_by("service", "region")
    owned = tenant.subscriptions.order_by("name", "ref")
    page = Paginator(
        owned.prefetch_related(Prefetch("footprint", queryset=cells)), A_PAGE
    ).get_page(request.GET.get("page"))
    context = {
        "tenant": tenant,
        "rules": list(zip(found, sentences, warnings_of(tenant, *said), strict=True)),
        "rules_in_all": tenant.alert_rules.count(),
        "silent": not tenant.contact and not leads,
        "by_contact": bool(tenant.contact) and not leads,
        "groups": tenant.action_groups.prefetch_related("endpoints").order_by("name")[:MOST_SHOWN],
        "endpoints": endpoints_of(tenant)[:MOST_SHOWN],
        "page": page,
        "people": tenant.memberships.select_related("person").order_by("person__email")[
            :MOST_SHOWN
        ],
        "tokens": tenant.tokens.filter(revoked_at=None, expires_at__gt=timezone.now()).count(),
    }
    return render(request, "desk/customer.html", context)


@desk(LOOK)
@require_safe
def export(_request: HttpRequest, ref: str) -> HttpResponseBase:
    """The customer as a file that can be taken in again."""
    tenant = get_object_or_404(Tenant.objects.select_related("contact"), called(ref))
    return StreamingHttpResponse(
        new_customer.exported(tenant),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{tenant.ref}.csv"'},
    )
