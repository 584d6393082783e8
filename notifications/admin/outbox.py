"""The outbox, what came back and what was counted: to look at."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from incidents.access import RETRY, may
from incidents.admin import ReadOnly
from notifications.admin.endpoints import MOST_TEST_MESSAGES
from notifications.delivery import sent_messages
from notifications.models import (
    Attempt,
    Bounce,
    Delivery,
    DeliveryStatistics,
    FanOut,
    OperatorAct,
)


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
        """The body without keys; of a mail its subject, text and HTML, without links."""
        return sent_messages.what_was_sent(delivery) or "–"

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
class OperatorActAdmin(ReadOnly):
    list_display = ("what", "incident", "endpoint", "count", "reason", "actor", "at")
    list_filter = ("what",)
    search_fields = ("incident__tracking_id", "endpoint__shown", "reason")
    list_select_related = ("incident", "endpoint", "actor")
    ordering = ("-id",)


@admin.register(DeliveryStatistics)
class DeliveryStatisticsAdmin(ReadOnly):
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
