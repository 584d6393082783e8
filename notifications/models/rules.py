"""Alert rules: which incidents a tenant wants to hear of, and where."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from incidents.models import Region, Service
from incidents.vocabulary import Kind
from notifications.models.endpoints import Endpoint
from notifications.models.tenants import NAME_LENGTH, CustomerSubscription, Tenant


class ActionGroup(models.Model):
    """Endpoints of a tenant that are told together."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="action_groups")
    name = models.CharField(max_length=NAME_LENGTH)
    endpoints = models.ManyToManyField(Endpoint, related_name="action_groups", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="action_group_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class AlertRule(models.Model):
    """Matches by kind, service, region and subscription; what is left empty matches everything.

    A rule that names regions hears of non-regional services only if it names *Global*, too.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="alert_rules")
    name = models.CharField(max_length=NAME_LENGTH)
    active = models.BooleanField(default=True)
    kinds = ArrayField(
        models.CharField(max_length=20, choices=Kind.choices()), default=list, blank=True
    )
    services = models.ManyToManyField(Service, related_name="+", blank=True)
    regions = models.ManyToManyField(Region, related_name="+", blank=True)
    subscriptions = models.ManyToManyField(CustomerSubscription, related_name="+", blank=True)
    action_groups = models.ManyToManyField(ActionGroup, related_name="alert_rules", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="alert_rule_name_once"),
        ]
        indexes = [
            # The planner: active rules of the tenants whose subscriptions match.
            models.Index(
                fields=["tenant"], name="alert_rule_active", condition=models.Q(active=True)
            ),
        ]

    def __str__(self) -> str:
        return self.name
