"""The plain admin: catalogue to look at, incidents and decisions read-only. Incidents are entered at the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from incidents.models import (
    Communication,
    Decision,
    Geography,
    Incident,
    Region,
    Service,
    ServiceCategory,
)


class ReadOnly(admin.ModelAdmin[Any]):
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


@admin.register(Service)
class ServiceAdmin(ReadOnly):
    list_display = ("name", "slug", "category", "non_regional", "retired_at")
    list_filter = ("category", "non_regional")
    search_fields = ("name", "slug", "aliases__name")
    list_select_related = ("category",)
    ordering = ("name", "id")


@admin.register(Region)
class RegionAdmin(ReadOnly):
    list_display = ("name", "slug", "geography", "zones", "retired_at")
    list_filter = ("geography",)
    search_fields = ("name", "slug")
    list_select_related = ("geography",)
    ordering = ("name", "id")


@admin.register(Geography, ServiceCategory)
class NamedAdmin(ReadOnly):
    list_display = ("name", "slug", "position")
    ordering = ("position", "id")
