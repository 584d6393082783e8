"""Nobody is silent unseen: whose way of alerts is dead, left or refuses is told elsewhere, once; leaving is confirmed.

What is to be told is read from the endpoints themselves, so that it does not matter who ended a way, or how.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext, gettext_noop, override

from notifications.channels.base import Message, Transport, TransportError
from notifications.channels.email import notice as mails
from notifications.channels.email.renderer import host
from notifications.channels.email.smtp import RELAY
from notifications.channels.wording import known_language
from notifications.delivery import kill_switch
from notifications.models import AlertRule, ContactNotice, Endpoint, MemberRole, Person, Tenant
from notifications.vocabulary import delivery_states
from notifications.vocabulary.delivery_states import Channel, Failure

log = logging.getLogger(__name__)

# What happened before, as when this was brought in, is for the desk's list.
LOOK_BACK = timedelta(days=3)
ASK_AGAIN_AFTER = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=2)
MOST_RECEIVERS = 3
KEEP = timedelta(days=90)
What = ContactNotice.What


def led_to(endpoint: Endpoint) -> dict[Tenant, list[str]]:
    """By tenant whose alerts go there: the names of the rules, or that it is the default contact."""
    found: dict[Tenant, list[str]] = {}
    for tenant in endpoint.contact_of.order_by("name"):
        found.setdefault(tenant, []).append(
            gettext("default contact of %(tenant)s") % {"tenant": tenant}
        )
    rules = AlertRule.objects.filter(action_groups__endpoints=endpoint, active=True)
    for rule in rules.select_related("tenant").distinct().order_by("tenant__name", "name"):
        name = gettext("alert rule “%(rule)s” of %(tenant)s") % {
            "rule": rule.name,
            "tenant": rule.tenant,
        }
        found.setdefault(rule.tenant, []).append(name)
    return found


def ask_to_confirm(endpoint: Endpoint, *, now: datetime) -> None:
    """Mail whoever reads the address whether its alerts shall end; again after an hour at the earliest."""
    asked = ContactNotice.objects.filter(
        endpoint=endpoint, what=What.LEAVING, since__gt=now - ASK_AGAIN_AFTER
    )
    if not asked.exists():
        ContactNotice.objects.create(
            endpoint=endpoint, what=What.LEAVING, since=now, next_attempt_at=now
        )


def find(*, now: datetime) -> int:
    """Note what tenants have to be told of ways that ended lately; returns how many notices. Safe to run twice."""
    recent = Endpoint.objects.filter(erased_at__isnull=True)
    suppressed = recent.filter(suppressed_at__gt=now - LOOK_BACK)
    left = recent.filter(left_alerts_at__gt=now - LOOK_BACK)
    return sum(
        _note(endpoint, what, since, now)
        for what, endpoints in ((What.SUPPRESSED, suppressed), (What.LEFT, left))
        for endpoint in endpoints
        if (since := endpoint.suppressed_at if what == What.SUPPRESSED else endpoint.left_alerts_at)
    )


def note_failing(endpoints: Iterable[Endpoint], *, now: datetime) -> None:
    """Messages to these have failed for a while, and are tried on: told once a day."""
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for endpoint in endpoints:
        _note(endpoint, What.FAILING, day, now)


def _note(endpoint: Endpoint, what: What, since: datetime, now: datetime) -> int:
    known = set(
        ContactNotice.objects.filter(endpoint=endpoint, what=what, since=since).values_list(
            "tenant_id", flat=True
        )
    )
    new = [
        ContactNotice(endpoint=endpoint, tenant=tenant, what=what, since=since, next_attempt_at=now)
        for tenant in led_to(endpoint)
        if tenant.pk not in known
    ]
    ContactNotice.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def send_due(*, now: datetime, most: int = 50, transport: Transport = RELAY) -> int:
    """Send notices that are due; returns how many. What can be told nobody stays without `sent_at`."""
    ContactNotice.objects.filter(since__lt=now - KEEP, next_attempt_at=None).delete()
    if kill_switch.in_force():
        return 0
    sent = 0
    for notice in _take_due(now, most):
        taken, failures = _tell(notice, transport)
        if taken or failures <= {Failure.PERMANENT}:
            ContactNotice.objects.filter(pk=notice.pk).update(
                sent_at=now if taken else None, next_attempt_at=None
            )
        sent += taken
        if not failures.isdisjoint(delivery_states.ENDS_BATCH):
            break
    return sent


def _tell(notice: ContactNotice, transport: Transport) -> tuple[bool, set[Failure]]:
    """Whether anybody took it, and why others did not. Who refuses it keeps it from nobody else; and whoever has it
    is not told again because another is still to be told."""
    taken, failures = False, set()
    for message in _messages(notice):
        try:
            transport.send(message)
            taken = True
        except TransportError as error:
            log.info("contact notice %d was not taken: %s", notice.pk, error.failure)
            failures.add(error.failure)
            if error.failure in delivery_states.ENDS_BATCH:
                break
    return taken, failures


def _take_due(now: datetime, most: int) -> list[ContactNotice]:
    """Put off before they are sent: a process that dies in between repeats them with the same ids."""
    with transaction.atomic():
        due = list(
            ContactNotice.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(next_attempt_at__lte=now)
            .select_related("endpoint", "tenant")
            .order_by("next_attempt_at", "id")[:most]
        )
        for notice in due:
            notice.attempts += 1
            wait = delivery_states.wait_after(notice.attempts + 2, jitter=random.random())  # noqa: S311 - spreads retries
            notice.next_attempt_at = None if now - notice.since > GIVE_UP_AFTER else now + wait
        ContactNotice.objects.bulk_update(due, ["attempts", "next_attempt_at"])
    return due


def _messages(notice: ContactNotice) -> list[Message]:
    endpoint, tenant = notice.endpoint, notice.tenant
    if tenant is None:
        with override(known_language(endpoint.language)):
            ends = [each for names in led_to(endpoint).values() for each in names]
            return [mails.to_confirm(endpoint, ends=ends, id=f"<{notice.uuid}@{host()}>")]
    with override(known_language(tenant.language)):
        rules = led_to(endpoint).get(tenant, [])
        return [
            mails.about(
                notice,
                tenant,
                to=address,
                rules=rules,
                why=gettext(why) % {"tenant": tenant.name},
                part=part,
            )
            for part, (address, why) in enumerate(_receivers(tenant, endpoint).items())
        ]


CONTACT = gettext_noop("This address is the default contact of %(tenant)s.")
OTHER = gettext_noop("Alerts of %(tenant)s come to this address, too.")
OWNER = gettext_noop("You are an owner of %(tenant)s.")
PEOPLE = gettext_noop(
    "You are a member of %(tenant)s, and none of its addresses takes mail any more."
)


def _receivers(tenant: Tenant, dead: Endpoint) -> dict[str, str]:
    """Where the tenant can still be told by mail, and why there: its contact, else its other addresses, and its
    owners; where nothing of this is, its people."""
    alive = Endpoint.objects.filter(
        channel=Channel.MAIL,
        suppressed_at__isnull=True,
        left_alerts_at__isnull=True,
        erased_at__isnull=True,
    ).exclude(pk=dead.pk)
    contact = alive.filter(contact_of=tenant)
    others = alive.filter(Q(tenant=tenant) | Q(action_groups__tenant=tenant)).distinct()
    people = (
        Person.objects.filter(tenants=tenant).exclude(email__iexact=dead.address).order_by("id")
    )
    owners = people.filter(memberships__tenant=tenant, memberships__role=MemberRole.OWNER)
    found: dict[str, str] = {}
    for why, addresses in (
        (CONTACT, contact.values_list("address", flat=True)),
        (OTHER, others.order_by("id").values_list("address", flat=True)),
        (OWNER, owners.values_list("email", flat=True)),
        (PEOPLE, people.values_list("email", flat=True)),
    ):
        if not found or why == OWNER:
            known = {each.lower() for each in found}
            new = [each for each in addresses[:MOST_RECEIVERS] if each.lower() not in known]
            found |= dict.fromkeys(new, why)
    return found
