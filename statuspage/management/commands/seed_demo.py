"""manage.py seed_demo"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from incidents.models import Region, Service
from notifications.channels import endpoints
from notifications.models import (
    ActionGroup,
    AlertRule,
    Channel,
    Endpoint,
    Membership,
    Person,
    PublicTopic,
    Tenant,
)

CUSTOMERS = settings.BASE_DIR / "notifications" / "data" / "demo-customers.csv"

# Tenant, rule, kinds, services, regions, addresses. Tenants that are not here have no rule: their
# default contact hears.
RULES = (
    ("tulip", "Everything, to the duty desk", (), (), (), ("duty@tulip.example.com",)),
    (
        "lumiere",
        "Incidents in Paris",
        ("service-issue",),
        (),
        ("france-central",),
        ("soc@lumiere.example.com", "head-of-it@lumiere.example.com"),
    ),
    (
        "lumiere",
        "Portal",
        (),
        ("azure-portal",),
        ("global",),
        ("soc@lumiere.example.com",),
    ),
    ("albion", "Key Vault anywhere", (), ("key-vault",), (), ("secrets-team@albion.example.com",)),
    ("global-freight", "Europe", (), (), ("west-europe", "germany-west-central"),
     ("noc-eu@freight.example.com",)),
    ("global-freight", "Americas", (), (), ("east-us", "west-central-us"),
     ("noc-us@freight.example.com",)),
)  # fmt: skip

# Who may sign in at /service-health/: the code arrives in /demo/mailbox/.
PEOPLE = (
    ("anna@nordwind.example.com", "nordwind", "owner"),
    ("tom@tulip.example.com", "tulip", "editor"),
    ("tom@tulip.example.com", "nordwind", "reader"),
)
READER = "reader@example.com"
# None: every service.
READER_TOPICS = ((None, "west-europe"), ("azure-resource-manager", None))


class Command(BaseCommand):
    help = "Loads the demo's customers, alert rules and one public subscriber; runs any number of times."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        call_command("load_customers", str(CUSTOMERS), stdout=self.stdout)
        for tenant, name, kinds, services, regions, addresses in RULES:
            _rule(Tenant.objects.get(ref=tenant), name, kinds, services, regions, addresses, now)
        _reader(now)
        for address, tenant, role in PEOPLE:
            person, _ = Person.objects.get_or_create(email=address)
            Membership.objects.update_or_create(
                person=person, tenant=Tenant.objects.get(ref=tenant), defaults={"role": role}
            )
        self.stdout.write(f"{len(RULES)} alert rules, one public subscriber ({READER})")


def _rule(
    tenant: Tenant,
    name: str,
    kinds: tuple[str, ...],
    services: tuple[str, ...],
    regions: tuple[str, ...],
    addresses: tuple[str, ...],
    now: datetime,
) -> None:
    group, _ = ActionGroup.objects.get_or_create(tenant=tenant, name=name)
    group.endpoints.set([_endpoint(address, now, tenant=tenant) for address in addresses])
    rule, _ = AlertRule.objects.update_or_create(
        tenant=tenant, name=name, defaults={"kinds": list(kinds)}
    )
    rule.services.set(Service.objects.filter(slug__in=services))
    rule.regions.set(Region.objects.filter(slug__in=regions))
    rule.action_groups.set([group])


def _reader(now: datetime) -> None:
    endpoint = _endpoint(READER, now, confirmed_at=now)
    for service, region in READER_TOPICS:
        PublicTopic.objects.get_or_create(
            endpoint=endpoint,
            service=Service.objects.get(slug=service) if service else None,
            region=Region.objects.get(slug=region) if region else None,
        )


def _endpoint(
    address: str,
    now: datetime,
    *,
    tenant: Tenant | None = None,
    confirmed_at: datetime | None = None,
) -> Endpoint:
    found = endpoints.find(Channel.MAIL, address)
    if found is not None:
        return found
    endpoint, _ = endpoints.create(channel=Channel.MAIL, address=address, tenant=tenant, now=now)
    endpoint.confirmed_at = confirmed_at
    endpoint.save(update_fields=["confirmed_at"])
    return endpoint
