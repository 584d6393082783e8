"""Addresses: made, tried, moved and lifted through the verbs of their rooms."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from incidents.access import LIFT, may
from incidents.admin import Guarded
from notifications.admin.time_zones import ZoneForm
from notifications.channels import endpoints, test_messages
from notifications.delivery import retry
from notifications.inbound import suppression
from notifications.models import (
    Endpoint,
    PublicTopic,
)
from notifications.vocabulary.addresses import AddressError
from notifications.vocabulary.delivery_states import Channel

MOST_TEST_MESSAGES = 5  # each may take ten seconds, while a person waits


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

    try_first = forms.BooleanField(
        required=False,
        help_text="Send one test message in this format now, and save nothing yet.",
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        channel = data.get("channel", self.instance.channel)
        if channel and "address" in data and "format" in data:
            try:
                data["address"] = endpoints.check(channel, data["address"], data["format"]).address
            except AddressError as error:
                self.add_error("address", str(error))
        if data.get("try_first") and not self.errors:
            self._try(data)
        return data

    def _try(self, data: dict[str, Any]) -> None:
        """A problem in any case, so that all that was typed stands there once more."""
        tried = endpoints.unsaved(
            channel=data.get("channel", self.instance.channel),
            address=data["address"],
            format=data["format"],
            language=data["language"],
            time_zone=data["time_zone"],
            now=timezone.now(),
        )
        taken, answer = test_messages.send_test_message(tried, now=timezone.now())
        said = f"The test message was {'taken' if taken else 'not taken'}: {answer}. Nothing is saved yet."
        self.add_error("try_first", f"{said} Untick this to save.")


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
        # A reader's own choices.
        "post_kinds",
        "post_least_level",
        "post_cadence",
        "posts_paused_until",
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
