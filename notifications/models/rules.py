"""Alert rules: which incidents a tenant wants to hear of, and where."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from incidents.models import Geography, Region, Service, ServiceCategory
from incidents.vocabulary import Kind, Level
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


class Certainty(models.TextChoices):
    ESTIMATED = "estimated", "Estimated only, while it emerges"
    CONFIRMED = "confirmed", "Confirmed only"


class AlertRule(models.Model):
    """Matches by kind, service, region and subscription; what is left empty matches everything.

    A rule that names regions hears of non-regional services only if it names *Global*, too. Services are those
    named and those of the categories named, also ones that come later; regions and geographies likewise.
    `least_level`: that level or a graver one. `certainty`: by the footprint, or by an impacted list alone.
    `ends_only`: the first and the last statements. `dependents`: also what may be affected since it depends on
    what fails.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="alert_rules")
    name = models.CharField(max_length=NAME_LENGTH)
    active = models.BooleanField(default=True)
    least_level = models.CharField(
        max_length=13, choices=Level.choices(), blank=True, default="", db_default=""
    )
    certainty = models.CharField(
        max_length=9, choices=Certainty.choices, blank=True, default="", db_default=""
    )
    ends_only = models.BooleanField(
        "first and last statements only", default=False, db_default=False
    )
    dependents = models.BooleanField(
        "also what may be affected by dependency", default=False, db_default=False
    )
    kinds = ArrayField(
        models.CharField(max_length=20, choices=Kind.choices()), default=list, blank=True
    )
    services = models.ManyToManyField(Service, related_name="+", blank=True)
    categories = models.ManyToManyField(ServiceCategory, related_name="+", blank=True)
    regions = models.ManyToManyField(Region, related_name="+", blank=True)
    geographies = models.ManyToManyField(Geography, related_name="+", blank=True)
    subscriptions = models.ManyToManyField(CustomerSubscription, related_name="+", blank=True)
    action_groups = models.ManyToManyField(ActionGroup, related_name="alert_rules", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="alert_rule_name_once"),
            models.CheckConstraint(
                name="alert_rule_level_known",
                condition=Q(least_level__in=["", *(each.value for each in Level)]),
            ),
            models.CheckConstraint(
                name="alert_rule_certainty_known",
                condition=Q(certainty__in=["", *Certainty.values]),
            ),
        ]
        indexes = [
            # The planner: active rules of the tenants whose subscriptions match.
            models.Index(fields=["tenant"], name="alert_rule_active", condition=Q(active=True)),
        ]

    def __str__(self) -> str:
        return self.name
