"""Forgetting people: addresses become marks that nobody can turn back, counts and proofs stay as they are."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from notifications.customers.sign_in import sessions
from notifications.evidence import delivery_lookup
from notifications.models import (
    ActionGroup,
    Breaker,
    Channel,
    CustomerSubscription,
    Delivery,
    Endpoint,
    EventAnswer,
    Footprint,
    OperatorAct,
    PublicTopic,
    SentMessage,
    SignUp,
    Tenant,
    TenantProvider,
)
from notifications.models.customers.tenants import called
from notifications.vocabulary.delivery_states import Cadence

LONGEST_REASON = 300
ERASED = "erased"

# An answer may repeat the address, or another one that it was forwarded to: its codes alone stay.
_CLEAN = r"""
UPDATE notifications_{table} t
SET detail = coalesce(substring(t.detail from '^\d{{3}}(?:[ -]\d\.\d{{1,3}}\.\d{{1,3}})?'), '')
FROM {source} s
WHERE s.id = t.{column} AND s.{key} = ANY (%s)
"""


class EraseError(ValueError):
    """It cannot be erased so; the message names the field and the remedy."""


@dataclass(frozen=True, slots=True)
class ErasurePlan:
    """What would be erased, to look at before it is: numbers, and how the proof stays."""

    endpoints: list[Endpoint]
    deliveries: int
    tenant: Tenant | None = None
    subscriptions: int = 0
    kept: int = 0  # addresses of the tenant that somebody else uses, too


def plan_address(address: str) -> ErasurePlan:
    """Raises EraseError for an address that is not known."""
    found = delivery_lookup.look_up(address)
    if found.tenants or not found.endpoints:
        raise EraseError(f"address: {found.problem or 'is none; write the whole of it.'}")
    return plan_endpoints(found.endpoints)


def plan_endpoints(endpoints: Iterable[Endpoint]) -> ErasurePlan:
    chosen = list(endpoints)
    return ErasurePlan(chosen, Delivery.objects.filter(endpoint__in=chosen).count())


def plan_tenant(ref: str) -> ErasurePlan:
    """Raises EraseError for a tenant that is not known."""
    tenant = Tenant.objects.filter(called(ref)).first()
    if tenant is None:
        raise EraseError(f"tenant: there is none with the reference {ref[:64]!r}.")
    own = list(_only_of(tenant))
    return ErasurePlan(
        own,
        Delivery.objects.filter(endpoint__in=own).count(),
        tenant=tenant,
        subscriptions=tenant.subscriptions.count(),
        kept=delivery_lookup.endpoints_of(tenant).count() - len(own),
    )


@transaction.atomic
def erase(plan: ErasurePlan, *, reason: str, now: datetime, actor: AbstractBaseUser | None) -> None:
    """Carry a plan out. Raises EraseError without a reason, or with one that names what is erased."""
    if len(reason := " ".join(reason.split())) > LONGEST_REASON:
        raise EraseError(f"reason: has {len(reason)} characters; shorten it to {LONGEST_REASON}.")
    if not reason:
        raise EraseError("reason: is empty; write who asked for it, such as a ticket's number.")
    if any(each.address.lower() in reason.lower() for each in plan.endpoints):
        raise EraseError("reason: names the address, which would stay; write a ticket's number.")
    if plan.tenant is not None:
        _forget_tenant(plan.tenant)
    for endpoint in plan.endpoints:
        _forget(endpoint, now)
        OperatorAct.objects.create(
            what=OperatorAct.What.ERASE,
            endpoint=endpoint,
            reason=reason,
            actor_id=actor.pk if actor else None,
            at=now,
        )
    if plan.tenant is not None and not plan.endpoints:
        OperatorAct.objects.create(
            what=OperatorAct.What.ERASE,
            count=0,
            reason=reason,
            actor_id=actor.pk if actor else None,
            at=now,
        )


def _only_of(tenant: Tenant) -> QuerySet[Endpoint]:
    """Its endpoints that no other tenant and no public subscriber uses."""
    others = ActionGroup.objects.filter(endpoints=OuterRef("pk")).exclude(tenant=tenant)
    contacts = Tenant.objects.filter(contact=OuterRef("pk")).exclude(pk=tenant.pk)
    topics = PublicTopic.objects.filter(endpoint=OuterRef("pk"))
    return delivery_lookup.endpoints_of(tenant).filter(
        ~Exists(others), ~Exists(contacts), ~Exists(topics), Q(tenant=tenant) | Q(tenant=None)
    )


def _forget(endpoint: Endpoint, now: datetime) -> None:
    address, host = endpoint.address, endpoint.host
    endpoint = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    mark = f"{ERASED}-{secrets.token_hex(8)}"
    endpoint.address = mark
    endpoint.key = uuid.uuid4()  # links in mails that lie somewhere end here
    endpoint.tenant, endpoint.confirmed_at, endpoint.name = None, None, ""
    endpoint.language, endpoint.time_zone = "en", "UTC"
    endpoint.post_kinds, endpoint.post_least_level = [], ""
    endpoint.post_cadence, endpoint.posts_paused_until = Cadence.EVERY, None
    endpoint.former_secret, endpoint.former_until = "", None
    if Channel(endpoint.channel).is_web:
        endpoint.host = ERASED
    if endpoint.secret:
        endpoint.secret = ERASED
    endpoint.suppressed_at = endpoint.suppressed_at or now
    endpoint.suppressed_because = ERASED
    endpoint.erased_at = now
    endpoint.save()
    endpoint.topics.all().delete()
    endpoint.followed.all().delete()
    endpoint.notices.all().delete()
    SentMessage.objects.filter(delivery__endpoint=endpoint).delete()
    Delivery.objects.filter(endpoint=endpoint).update(own_words=None)
    endpoint.action_groups.clear()
    Tenant.objects.filter(contact=endpoint).update(contact=None)
    sign_ups = SignUp.objects.annotate(lower=Lower("address"))
    sign_ups.filter(lower=address.lower()).delete()
    if host and not Endpoint.objects.filter(host=host).exists():
        Breaker.objects.filter(host=host).delete()
    sessions.forget_person(address)
    _clean_answers(endpoint.pk)
    for act in OperatorAct.objects.filter(endpoint=endpoint):
        act.reason = re.sub(re.escape(address), mark, act.reason, flags=re.IGNORECASE)
        act.save(update_fields=["reason"])
    _clean_log(endpoint, mark)


def _clean_answers(endpoint_id: int) -> None:
    with connection.cursor() as cursor:
        deliveries = {"source": "notifications_delivery", "key": "endpoint_id"}
        cursor.execute(
            _CLEAN.format(table="attempt", column="delivery_id", **deliveries), ([endpoint_id],)
        )
        endpoints = {"source": "notifications_endpoint", "key": "id"}
        cursor.execute(
            _CLEAN.format(table="bounce", column="endpoint_id", **endpoints), ([endpoint_id],)
        )


def _forget_tenant(tenant: Tenant) -> None:
    mark = f"{ERASED}-{secrets.token_hex(8)}"
    sessions.forget_people_of(tenant.pk)
    tenant.alert_rules.all().delete()
    tenant.tokens.all().delete()
    TenantProvider.objects.filter(tenant=tenant).delete()
    EventAnswer.objects.filter(tenant=tenant).delete()
    tenant.action_groups.all().delete()
    Endpoint.objects.filter(tenant=tenant).update(tenant=None)
    Footprint.objects.filter(subscription__tenant=tenant).delete()
    tenant.footprint_changes.all().delete()
    # Impacted lists keep their rows, hence their counts; the names in them are gone.
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {CustomerSubscription._meta.db_table}"  # noqa: S608 - a table's name
            " SET ref = 'erased-' || id || '-' || %s, name = '' WHERE tenant_id = %s",
            (secrets.token_hex(4), tenant.pk),
        )
    tenant.ref, tenant.name, tenant.contact = mark, "Erased tenant", None
    tenant.language, tenant.time_zone = "en", "UTC"
    tenant.save()
    _clean_log(tenant, mark)


def _clean_log(thing: Model, mark: str) -> None:
    """The admin's own history repeats names."""
    kind = ContentType.objects.get_for_model(thing)
    LogEntry.objects.filter(content_type=kind, object_id=str(thing.pk)).update(
        object_repr=mark, change_message=""
    )
