"""Tokens of tenants: what scripts of a customer may read and change."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from incidents.models.access.tokens import Token
from notifications.models.customers.people import Person
from notifications.models.customers.tenants import Tenant


class TenantScope(models.TextChoices):
    EVENTS = "events:read", "Read events and the subscriptions they hit"
    SECURITY = "security:read", "See events about security among them"
    CALENDAR = "calendar:read", "Read planned maintenance as a calendar, by its address alone"
    SUBSCRIPTIONS = "subscriptions:read", "Read subscriptions and where they run"
    RULES = "rules:read", "Read alert rules"
    CHANGE_RULES = "rules:write", "Make, change and delete alert rules"
    ENDPOINTS = "endpoints:read", "Read endpoints and action groups"
    DELIVERIES = "deliveries:read", "Read what was sent"


class TenantToken(Token):
    """A tenant's key for its scripts: what its scopes name, of this tenant alone."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="tokens")
    scopes = ArrayField(models.CharField(max_length=20))  # of TenantScope
    issued_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
