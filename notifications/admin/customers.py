"""Customers: tenants, subscriptions, people, action groups and alert rules."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError

from incidents.admin import Guarded
from incidents.vocabulary import Kind
from notifications.admin.time_zones import ZoneForm
from notifications.channels import outbound
from notifications.channels.outbound import MalformedError
from notifications.models import (
    ActionGroup,
    AlertRule,
    ClaimedDomain,
    CustomerSubscription,
    Endpoint,
    Footprint,
    Membership,
    Person,
    Tenant,
    TenantProvider,
)
from notifications.vocabulary.addresses import AddressError, normalise

MOST_ACTION_GROUPS = 5


def _is_foreign(endpoint: Endpoint, tenant: Tenant) -> bool:
    """Whether targeted texts of a tenant must not go there. What has no tenant may serve several."""
    return endpoint.tenant_id is not None and endpoint.tenant_id != tenant.pk


class TenantForm(ZoneForm):
    def clean_contact(self) -> Endpoint | None:
        contact: Endpoint | None = self.cleaned_data["contact"]
        if contact and _is_foreign(contact, self.instance):
            raise ValidationError(f"{contact} belongs to another tenant; choose another address.")
        return contact


class ActionGroupForm(forms.ModelForm[ActionGroup]):
    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        tenant = data.get("tenant")
        for chosen in data.get("endpoints") or ():
            if tenant and _is_foreign(chosen, tenant):
                self.add_error("endpoints", f"{chosen} belongs to another tenant; remove it.")
        return data


class AlertRuleForm(forms.ModelForm[AlertRule]):
    kinds = forms.MultipleChoiceField(
        choices=Kind.choices(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: every kind.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        tenant = data.get("tenant")
        for field in ("subscriptions", "action_groups"):
            for chosen in data.get(field) or ():
                if tenant and chosen.tenant_id != tenant.pk:
                    self.add_error(field, f"{chosen} belongs to another tenant; remove it.")
        if len(data.get("action_groups") or ()) > MOST_ACTION_GROUPS:
            self.add_error("action_groups", f"Choose at most {MOST_ACTION_GROUPS}.")
        return data


class SubscriptionInline(admin.TabularInline[CustomerSubscription, Tenant]):
    model = CustomerSubscription
    extra = 0
    show_change_link = True


@admin.register(Tenant)
class TenantAdmin(Guarded):
    form = TenantForm
    list_display = ("name", "ref", "contact", "time_zone")
    search_fields = ("name", "ref", "contact__shown")
    list_select_related = ("contact",)
    autocomplete_fields = ("contact",)
    inlines = (SubscriptionInline,)
    ordering = ("name", "id")


class FootprintInline(admin.TabularInline[Footprint, CustomerSubscription]):
    model = Footprint
    extra = 0
    autocomplete_fields = ("service", "region")


@admin.register(CustomerSubscription)
class CustomerSubscriptionAdmin(Guarded):
    list_display = ("ref", "name", "tenant")
    search_fields = ("ref", "name", "tenant__name", "tenant__ref")
    list_select_related = ("tenant",)
    autocomplete_fields = ("tenant",)
    inlines = (FootprintInline,)
    show_full_result_count = False
    ordering = ("ref",)


class MembershipInline(admin.TabularInline[Membership, Person]):
    model = Membership
    extra = 1
    autocomplete_fields = ("tenant",)


class PersonForm(forms.ModelForm[Person]):
    def clean_email(self) -> str:
        try:
            return normalise(self.cleaned_data["email"])
        except AddressError as error:
            raise ValidationError(str(error)) from error


@admin.register(Person)
class PersonAdmin(Guarded):
    """Who may sign in at Service Health, and for which tenants."""

    form = PersonForm
    list_display = ("email", "created_at")
    search_fields = ("email", "tenants__name", "tenants__ref")
    inlines = (MembershipInline,)
    ordering = ("email",)


class ProviderForm(forms.ModelForm[TenantProvider]):
    secret = forms.CharField(
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Is never shown. Empty: the one that is there stays.",
    )

    def clean_issuer(self) -> str:
        issuer: str = self.cleaned_data["issuer"]
        try:
            outbound.parse(issuer)
        except MalformedError as error:
            raise ValidationError(f"The address {error}") from error
        return issuer

    def clean_secret(self) -> str:
        given: str = self.cleaned_data["secret"] or self.instance.secret
        if not given:
            raise ValidationError("Give the secret that the provider has made for us.")
        return given


class DomainInline(admin.TabularInline[ClaimedDomain, TenantProvider]):
    model = ClaimedDomain
    extra = 1


@admin.register(TenantProvider)
class TenantProviderAdmin(Guarded):
    """Single sign-on of a tenant, and the mail domains that are its."""

    form = ProviderForm
    list_display = ("name", "tenant", "issuer", "active")
    search_fields = ("name", "tenant__name", "tenant__ref", "domains__name")
    list_select_related = ("tenant",)
    autocomplete_fields = ("tenant",)
    inlines = (DomainInline,)
    ordering = ("tenant__name", "id")


@admin.register(ActionGroup)
class ActionGroupAdmin(Guarded):
    form = ActionGroupForm
    list_display = ("name", "tenant")
    search_fields = ("name", "tenant__name", "tenant__ref")
    list_select_related = ("tenant",)
    autocomplete_fields = ("tenant", "endpoints")
    ordering = ("tenant__name", "name", "id")


@admin.register(AlertRule)
class AlertRuleAdmin(Guarded):
    form = AlertRuleForm
    list_display = ("name", "tenant", "active", "kinds")
    list_filter = ("active",)
    search_fields = ("name", "tenant__name", "tenant__ref")
    list_select_related = ("tenant",)
    autocomplete_fields = ("tenant", "services", "regions", "subscriptions", "action_groups")
    filter_horizontal = ("categories", "geographies")
    ordering = ("tenant__name", "name", "id")
