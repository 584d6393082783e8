"""The plain admin: tenants, endpoints and rules to edit; what was planned and sent to look at only."""

from __future__ import annotations

from typing import Any, cast
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from incidents.access import LIFT, RETRY, may
from incidents.admin import Guarded, ReadOnly
from incidents.vocabulary import Kind
from notifications.addresses import AddressError, normalise
from notifications.channels import endpoints, test_messages
from notifications.delivery import retry, sent_messages
from notifications.inbound import suppression
from notifications.lifecycle import Channel
from notifications.models import (
    ActionGroup,
    AlertRule,
    Attempt,
    Bounce,
    CustomerSubscription,
    Delivery,
    DeliveryStatistics,
    Endpoint,
    FanOut,
    Footprint,
    Membership,
    OperatorAct,
    Person,
    PublicTopic,
    SentMessage,
    Tenant,
)

MOST_ACTION_GROUPS = 5
MOST_TEST_MESSAGES = 5  # each may take ten seconds, while a person waits


class ZoneForm(forms.ModelForm[Any]):
    def clean_time_zone(self) -> str:
        zone: str = self.cleaned_data["time_zone"]
        if zone not in available_timezones():
            raise ValidationError(f"{zone!r} is no time zone; use one such as Europe/Berlin.")
        return zone


class EndpointForm(ZoneForm):
    format = forms.ChoiceField(
        choices=lambda: [
            ("", "As the channel usually does"),
            *(
                (channel.value.capitalize(), [(each.name, each.label) for each in offered])
                for channel in Channel
                if (offered := endpoints.formats(channel))
            ),
        ],
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        channel = data.get("channel", self.instance.channel)
        if channel and "address" in data and "format" in data:
            try:
                data["address"] = endpoints.check(channel, data["address"], data["format"]).address
            except AddressError as error:
                self.add_error("address", str(error))
        return data


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


class TopicInline(admin.TabularInline[PublicTopic, Endpoint]):
    model = PublicTopic
    extra = 0
    autocomplete_fields = ("service", "region")


@admin.register(Endpoint)
class EndpointAdmin(Guarded):
    form = EndpointForm
    list_display = (
        "name",
        "label",
        "channel",
        "format",
        "tenant",
        "confirmed_at",
        "suppressed_at",
    )
    list_filter = (
        "channel",
        ("suppressed_at", admin.EmptyFieldListFilter),
        ("left_posts_at", admin.EmptyFieldListFilter),
        ("left_alerts_at", admin.EmptyFieldListFilter),
    )
    search_fields = ("shown", "name", "tenant__name", "tenant__ref")
    list_select_related = ("tenant",)
    list_display_links = ("label",)
    autocomplete_fields = ("tenant",)
    readonly_fields = (
        "confirmed_at",
        "suppressed_at",
        "suppressed_because",
        "left_posts_at",
        "left_alerts_at",
        "created_at",
    )
    inlines = (TopicInline,)
    actions = (
        "send_test_messages",
        "lift_suppression",
        "take_back_leaving",
        "rotate_secrets",
    )
    show_full_result_count = False
    ordering = ("shown", "id")

    def get_readonly_fields(
        self, request: HttpRequest, obj: Endpoint | None = None
    ) -> tuple[str, ...]:
        # What is under way to it was planned for its channel: another channel is another endpoint.
        return (*self.readonly_fields, "channel") if obj else self.readonly_fields

    def get_fields(self, request: HttpRequest, obj: Endpoint | None = None) -> list[Any]:
        fields = list(super().get_fields(request, obj))
        if obj is None or self.has_change_permission(request, obj):
            return fields
        return ["label" if name == "address" else name for name in fields]

    @admin.display(description="address", ordering="shown")
    def label(self, endpoint: Endpoint) -> str:
        return endpoint.label

    def save_model(
        self, request: HttpRequest, obj: Endpoint, form: forms.ModelForm[Endpoint], change: bool
    ) -> None:
        if change and "address" in form.changed_data:
            endpoints.move(obj, address=obj.address)
        if not change:
            made, secret = endpoints.create(
                channel=obj.channel,
                address=obj.address,
                tenant=obj.tenant,
                language=obj.language,
                time_zone=obj.time_zone,
                format=obj.format,
                name=obj.name,
                now=timezone.now(),
            )
            obj.__dict__.update(made.__dict__)
            if secret:
                self._show(request, obj, secret)
            return
        super().save_model(request, obj, form, change)

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return may(request.user, LIFT)

    @admin.action(description="Change the secrets of these webhooks", permissions=["change"])
    def rotate_secrets(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        for endpoint in queryset.exclude(secret=""):
            self._show(
                request, endpoint, endpoints.rotate(endpoint_id=endpoint.pk, now=timezone.now())
            )

    def _show(self, request: HttpRequest, endpoint: Endpoint, secret: str) -> None:
        self.message_user(
            request, f"The secret of {endpoint}, shown this once: {secret}", messages.WARNING
        )

    @admin.action(description="Send a test message", permissions=["change"])
    def send_test_messages(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        chosen = list(queryset.filter(erased_at__isnull=True)[: MOST_TEST_MESSAGES + 1])
        if len(chosen) > MOST_TEST_MESSAGES:
            words = f"Choose at most {MOST_TEST_MESSAGES} addresses for a test message."
            self.message_user(request, words, messages.ERROR)
            return
        for endpoint in chosen:
            taken, answer = test_messages.send_test_message(endpoint, now=timezone.now())
            words = (
                f"{endpoint}: the test message was {'taken' if taken else 'not taken'}: {answer}."
            )
            self.message_user(request, words, messages.SUCCESS if taken else messages.ERROR)

    @admin.action(
        description="Send to these addresses again (lift suppression)", permissions=["lift"]
    )
    def lift_suppression(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        count = 0
        for endpoint in queryset.filter(suppressed_at__isnull=False, erased_at__isnull=True):
            actor, now = cast("AbstractBaseUser", request.user), timezone.now()
            since = endpoint.suppressed_at or now
            suppression.lift(
                endpoint_id=endpoint.pk,
                reason="lifted in the admin, without a reason",
                now=now,
                actor=actor,
            )
            retry.replay_missed(endpoint_id=endpoint.pk, since=since, now=now, actor=actor)
            count += 1
        self.message_user(request, f"{count} addresses are sent to again.")

    @admin.action(
        description="Send alerts to these addresses again (they had left)", permissions=["lift"]
    )
    def take_back_leaving(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        count = 0
        for endpoint in queryset.filter(left_alerts_at__isnull=False, erased_at__isnull=True):
            suppression.take_back(
                endpoint_id=endpoint.pk,
                now=timezone.now(),
                actor=cast("AbstractBaseUser", request.user),
            )
            count += 1
        self.message_user(request, f"{count} addresses get alerts again.")


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


@admin.register(FanOut)
class FanOutAdmin(ReadOnly):
    list_display = (
        "communication",
        "phase",
        "targeted",
        "public",
        "superseded",
        "started_at",
        "done_at",
    )
    list_filter = ("phase",)
    search_fields = ("communication__incident__tracking_id",)
    list_select_related = ("communication",)
    ordering = ("-id",)


class AttemptInline(admin.TabularInline[Attempt, Delivery]):
    model = Attempt
    extra = 0
    can_delete = False
    fields = readonly_fields = ("number", "at", "result", "detail")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    list_display = (
        "incident",
        "endpoint",
        "audience",
        "relevance",
        "reason",
        "state",
        "skip_reason",
        "attempts",
        "created_at",
        "sent_at",
    )
    list_filter = ("state", "skip_reason", "audience", "relevance", "reason", "priority")
    search_fields = ("incident__tracking_id", "endpoint__shown", "uuid")
    list_select_related = ("incident", "endpoint")
    inlines = (AttemptInline,)
    actions = ("send_again",)
    # The table has millions of rows: no count of all of them for each page.
    show_full_result_count = False
    list_per_page = 50
    ordering = ("-id",)

    def get_fields(self, request: HttpRequest, obj: Delivery | None = None) -> list[Any]:
        return [*super().get_fields(request, obj), "what_was_sent"]

    def get_readonly_fields(
        self, request: HttpRequest, obj: Delivery | None = None
    ) -> tuple[str, ...]:
        return (*super().get_readonly_fields(request, obj), "what_was_sent")

    @admin.display(description="what was sent")
    def what_was_sent(self, delivery: Delivery) -> str:
        """The body, without keys; mails are shown by the desk's preview."""
        sent = SentMessage.objects.filter(delivery=delivery).first()
        return sent.body if sent else "–"

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return may(request.user, RETRY)

    @admin.action(description="Send once more, with the same id", permissions=["retry"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        chosen = list(queryset[: MOST_TEST_MESSAGES + 1])
        if len(chosen) > MOST_TEST_MESSAGES:
            words = f"Choose at most {MOST_TEST_MESSAGES} deliveries."
            self.message_user(request, words, messages.ERROR)
            return
        for delivery in chosen:
            try:
                taken, answer = sent_messages.send_again(
                    delivery_id=delivery.pk,
                    now=timezone.now(),
                    actor=cast("AbstractBaseUser", request.user),
                )
            except sent_messages.AgainError as error:
                self.message_user(request, f"{delivery}: {error}", messages.ERROR)
                continue
            words = f"{delivery}: it was {'taken' if taken else 'not taken'}: {answer}."
            self.message_user(request, words, messages.SUCCESS if taken else messages.ERROR)


@admin.register(Attempt)
class AttemptAdmin(ReadOnly):
    list_display = ("delivery", "number", "at", "result", "detail")
    list_filter = ("result",)
    search_fields = ("delivery__uuid", "delivery__endpoint__shown")
    list_select_related = ("delivery",)
    show_full_result_count = False
    list_per_page = 50
    ordering = ("-id",)


@admin.register(Bounce)
class BounceAdmin(ReadOnly):
    list_display = ("endpoint", "kind", "source", "status", "detail", "at")
    list_filter = ("kind", "source")
    search_fields = ("endpoint__shown",)
    list_select_related = ("endpoint",)
    ordering = ("-id",)


@admin.register(OperatorAct)
class LedgerActAdmin(ReadOnly):
    list_display = ("what", "incident", "endpoint", "count", "reason", "actor", "at")
    list_filter = ("what",)
    search_fields = ("incident__tracking_id", "endpoint__shown", "reason")
    list_select_related = ("incident", "endpoint", "actor")
    ordering = ("-id",)


@admin.register(DeliveryStatistics)
class ProofAdmin(ReadOnly):
    list_display = (
        "incident",
        "communication",
        "planned",
        "endpoints",
        "half_at",
        "most_at",
        "settled",
    )
    list_filter = ("settled",)
    search_fields = ("incident__tracking_id",)
    list_select_related = ("incident", "communication")
    ordering = ("-id",)
