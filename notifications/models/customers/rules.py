"""Alert rules: which incidents a tenant wants to hear of, and where."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from incidents.models import Geography, Region, Service, ServiceCategory
from incidents.vocabulary import Kind, Level
from notifications.models.customers.tenants import NAME_LENGTH, CustomerSubscription, Tenant
from notifications.models.endpoints import Endpoint


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
    what fails. From `quiet_from` to `quiet_until`, on each receiver's clock, what it tells waits for the end, save
    what is of `quiet_kinds` or of level `quiet_level` or graver.
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
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    quiet_level = models.CharField(
        "at once in quiet hours, from this level",
        max_length=13,
        choices=Level.choices(),
        blank=True,
        default="",
        db_default="",
    )
    quiet_kinds = ArrayField(
        models.CharField(max_length=20, choices=Kind.choices()),
        verbose_name="at once in quiet hours, of these kinds",
        default=list,
        db_default=[],
        blank=True,
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
            models.CheckConstraint(
                name="alert_rule_quiet_from_and_until",
                condition=Q(quiet_from=None, quiet_until=None)
                | (
                    Q(quiet_from__isnull=False, quiet_until__isnull=False)
                    & ~Q(quiet_from=F("quiet_until"))
                ),
            ),
            models.CheckConstraint(
                name="alert_rule_quiet_level_known",
                condition=Q(quiet_level__in=["", *(each.value for each in Level)]),
            ),
        ]
        indexes = [
            # The planner: active rules of the tenants whose subscriptions match.
            models.Index(fields=["tenant"], name="alert_rule_active", condition=Q(active=True)),
            models.Index(
                fields=["quiet_from", "quiet_until"],
                name="alert_rule_quiet",
                condition=Q(quiet_from__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name
