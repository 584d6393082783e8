"""Customers: tenants, what of theirs can be impacted, and where it runs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.lookups import In

from incidents.models import Incident, Region, Service
from notifications.models.endpoints import Endpoint
from notifications.vocabulary import identifiers

REF_LENGTH = 64
REF = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
NAME_LENGTH = 200


def called(*refs: str) -> In:
    """A filter for the tenants or subscriptions with these identifiers, however they are spelled."""
    return In(Lower("ref"), [identifiers.key(ref) for ref in refs])


class Tenant(models.Model):
    """A customer. `contact` is told when the tenant is concerned and no alert rule leads anywhere."""

    ref = models.CharField(max_length=REF_LENGTH)  # compared without regard to case
    name = models.CharField(max_length=NAME_LENGTH)
    contact = models.ForeignKey(
        Endpoint, null=True, blank=True, on_delete=models.PROTECT, related_name="contact_of"
    )
    language = models.CharField(max_length=10, default="en")
    time_zone = models.CharField(max_length=60, default="UTC")
    edits_footprint = models.BooleanField(
        "its people say where it runs", default=False, db_default=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("ref"), name="tenant_ref_once"),
            models.CheckConstraint(name="tenant_ref_in_form", condition=Q(ref__regex=REF)),
        ]

    def __str__(self) -> str:
        return self.name


class CustomerSubscription(models.Model):
    """What can be impacted: one of a tenant's subscriptions, by the provider's own identifier."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="subscriptions")
    ref = models.CharField(max_length=REF_LENGTH)  # compared without regard to case
    name = models.CharField(max_length=NAME_LENGTH, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("ref"), name="subscription_ref_once"),
            models.CheckConstraint(name="subscription_ref_in_form", condition=Q(ref__regex=REF)),
        ]

    def __str__(self) -> str:
        return self.name or self.ref


class Footprint(models.Model):
    """A cell that a customer subscription runs in."""

    # No indexes of their own: the planner once took the one on service for a whole cell.
    subscription = models.ForeignKey(
        CustomerSubscription, on_delete=models.CASCADE, related_name="footprint", db_index=False
    )
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+", db_index=False)
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "service", "region"], name="footprint_cell_once"
            ),
        ]
        indexes = [
            # The planner's first question: which subscriptions run in these cells, in order of id.
            models.Index(fields=["service", "region", "subscription"], name="footprint_by_cell"),
        ]


class ImpactedSubscription(models.Model):
    """Impact analysis has confirmed that this incident hit this subscription."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="impacted")
    subscription = models.ForeignKey(
        CustomerSubscription, on_delete=models.CASCADE, related_name="impacted_by"
    )

    class Meta:
        constraints = [
            # Its index also serves the planner: the list of one incident in order of subscription.
            models.UniqueConstraint(
                fields=["incident", "subscription"], name="impacted_subscription_once"
            ),
        ]
