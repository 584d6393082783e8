"""The target index: for every cell, whom an incident there leads to. Derived by `audience.target_index`."""

from __future__ import annotations

from django.db import models


class Target(models.Model):
    """An incident in this cell leads, for this tenant, to this endpoint.

    What rules, groups, footprints and contacts amount to, as a plain set: all columns are the key, so that
    choosing an audience reads one index. `kinds`: bits, see `audience.rule_bits`. `quiet`:
    the window in which they wait, see `quiet_hours`. `by_rule`: false where the tenant's contact stands in for rules
    that lead nowhere.
    No foreign keys: nothing but `target_index.refresh` writes here, and each would be checked at every row.
    """

    pk = models.CompositePrimaryKey(
        "service_id", "region_id", "tenant_id", "endpoint_id", "kinds", "quiet", "by_rule"
    )
    # Eight-byte columns first: a row is 8 bytes shorter than in the order of the key.
    tenant_id = models.BigIntegerField()
    endpoint_id = models.BigIntegerField()
    service_id = models.IntegerField()
    region_id = models.IntegerField()
    kinds = models.IntegerField()
    quiet = models.IntegerField(db_default=0)
    by_rule = models.BooleanField()

    class Meta:
        indexes = [
            # Wide scopes walk through the tenants, and a tenant's rows are replaced together.
            models.Index(fields=["tenant_id"], name="target_of_tenant"),
        ]


class StaleTenant(models.Model):
    """Something that decides about this tenant's targets has changed; triggers write it.

    Append-only, one row a change: a mark that came while its tenant was being worked on stays.
    """

    tenant_id = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["tenant_id"], name="stale_tenant")]
