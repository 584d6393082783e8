"""The plain admin: small corrections of the catalogue; incidents and decisions to look at.

Incidents are entered at the desk.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from incidents.access import may
from incidents.models import (
    ApiToken,
    Communication,
    Decision,
    Geography,
    Incident,
    Region,
    Service,
    ServiceCategory,
)
from incidents.services.access import tokens

# How a declared filter may be asked; its own name may also be all of it.
_ASKED = ("exact", "in", "isnull", "isempty", "gte", "gt", "lte", "lt", "id__exact", "pk__exact")


class Guarded(admin.ModelAdmin[Any]):
    """What every class of the admin is: its lists are filtered by what it declares and by nothing else.

    Django lets everybody who sees a list ask whether any field of a row begins with a letter
    (`?secret__startswith=`), shown or not: a few hundred questions are a secret.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        declared = [each[0] if isinstance(each, tuple) else each for each in self.list_filter]
        return any(
            lookup == name or lookup in (f"{name}__{how}" for how in _ASKED) for name in declared
        )


class ReadOnly(Guarded):
    """Rows that only services write: everybody with the permission may look, nobody may touch."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Incident)
class IncidentAdmin(ReadOnly):
    list_display = ("tracking_id", "public_title", "kind", "level", "stage", "started_at")
    list_filter = ("kind", "level", "stage", "backfilled")
    search_fields = ("tracking_id", "public_title", "internal_title")
    ordering = ("-started_at", "-id")


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    list_display = ("incident", "decided_at", "rule", "scenario", "public", "review", "actor")
    list_filter = ("rule", "public", "review", "policy")
    search_fields = ("incident__tracking_id", "reason")
    list_select_related = ("incident", "actor")
    ordering = ("-decided_at", "-id")


@admin.register(Communication)
class CommunicationAdmin(ReadOnly):
    list_display = ("incident", "number", "kind", "stage", "at", "public_at", "automated")
    list_filter = ("kind", "stage", "automated")
    search_fields = ("incident__tracking_id",)
    list_select_related = ("incident",)
    ordering = ("-at", "-id")


class CatalogueAdmin(Guarded):
    """Small corrections between two loads of the catalogue file, which has the last word.

    Slugs are in addresses and feeds, so they stay; rows are retired, never deleted.
    """

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_readonly_fields(
        self, request: HttpRequest, obj: Model | None = None
    ) -> tuple[str, ...]:
        return ("slug", *(name for name in ("is_global",) if hasattr(self.model, name)))


@admin.register(Service)
class ServiceAdmin(CatalogueAdmin):
    list_display = ("name", "slug", "category", "non_regional", "retired_at")
    list_filter = ("category", "non_regional")
    search_fields = ("name", "slug", "aliases__name")
    list_select_related = ("category",)
    ordering = ("name", "id")


@admin.register(Region)
class RegionAdmin(CatalogueAdmin):
    list_display = ("name", "slug", "geography", "zones", "retired_at")
    list_filter = ("geography",)
    search_fields = ("name", "slug")
    list_select_related = ("geography",)
    ordering = ("name", "id")


@admin.register(Geography, ServiceCategory)
class NamedAdmin(CatalogueAdmin):
    list_display = ("name", "slug", "position")
    ordering = ("position", "id")


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnly):
    """Issued by the command `api_token`, which shows them once; revoked here or there."""

    list_display = ("name", "user", "reach", "now", "created_at", "expires_at", "last_used_at")
    search_fields = ("name", "user__username")
    list_select_related = ("user",)
    exclude = ("digest",)
    actions = ("revoke",)
    ordering = ("-id",)

    @admin.display(description="state")
    def now(self, token: ApiToken) -> str:
        return token.state(timezone.now())

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "incidents.change_apitoken")

    @admin.action(description="Revoke these tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        count = sum(tokens.revoke(token_id=each.pk, now=timezone.now()) for each in queryset)
        self.message_user(request, f"{count} tokens are revoked.")
