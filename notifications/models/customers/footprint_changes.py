"""Who changed where a tenant runs, as the tenant reads it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from notifications.models.customers.people import Person
from notifications.models.customers.tenants import Tenant
from notifications.vocabulary.identifiers import LONGEST


class FootprintChange(models.Model):
    """One subscription that runs elsewhere since. By the operator, or by a `person` of the tenant; none: who is erased.

    Written by triggers alone, whoever changes a footprint and by whatever way: a row for each statement.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="footprint_changes")
    at = models.DateTimeField()
    person = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    by_operator = models.BooleanField(default=False, db_default=False)
    subscription = models.CharField(max_length=LONGEST)
    added = ArrayField(models.TextField(), default=list)
    removed = ArrayField(models.TextField(), default=list)
    more = models.PositiveIntegerField(default=0)  # cells that are not named

    def __str__(self) -> str:
        return f"{self.subscription}, {self.at:%Y-%m-%d}"

    @property
    def who(self) -> str:
        """For the tenant, which the operator's own people are not named to."""
        if self.by_operator:
            return "the operator"
        return self.person.email if self.person else "somebody who is erased"
