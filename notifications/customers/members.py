"""Who of a tenant may come in, and as what: kept by its owners.

There is no invitation to guess or to forward: whoever is named comes in by the code that goes to the address named.
"""

from __future__ import annotations

from contextlib import suppress

from django.db import transaction
from django.db.models.functions import Lower
from django.utils.translation import override

from incidents.services.errors import EntryError
from notifications.channels.base import TransportError
from notifications.channels.email import notice
from notifications.channels.email.smtp import send_alone
from notifications.channels.wording import known_language
from notifications.models import MemberRole, Membership, Person, Tenant
from notifications.vocabulary.addresses import AddressError, normalise

MOST = 500


def invite(*, tenant: Tenant, address: str, role: str, security: bool, by: str) -> Membership:
    """Make somebody a member, and mail that they are. Raises EntryError."""
    if role not in MemberRole.values:
        raise EntryError("role", f"{role[:20]!r} is not known; choose one of the list.")
    try:
        normal = normalise(address)
    except AddressError as error:
        raise EntryError("address", str(error)) from error
    with transaction.atomic():
        Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
        if tenant.memberships.count() >= MOST:
            raise EntryError("address", f"would be one too many; {MOST} people may come in.")
        known = Person.objects.annotate(lower=Lower("email")).filter(lower=normal.lower())
        person = known.first() or Person.objects.create(email=normal)
        if tenant.memberships.filter(person=person).exists():
            raise EntryError("address", "is there already; change the role below.")
        made = Membership.objects.create(tenant=tenant, person=person, role=role, security=security)
    # They may sign in all the same, and whoever lets them in will tell.
    with suppress(TransportError):
        with override(known_language(tenant.language)):
            message = notice.invitation(person.email, tenant, by=by)
        send_alone(message)
    return made


@transaction.atomic
def change(*, tenant: Tenant, member_id: int, role: str, security: bool) -> None:
    """Raises EntryError, Membership.DoesNotExist."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    member = tenant.memberships.get(pk=member_id)
    if role not in MemberRole.values:
        raise EntryError("role", f"{role[:20]!r} is not known; choose one of the list.")
    if role != MemberRole.OWNER:
        _keep_an_owner(tenant, member)
    member.role, member.security = role, security
    member.save(update_fields=["role", "security"])


@transaction.atomic
def remove(*, tenant: Tenant, member_id: int) -> None:
    """They see nothing from their next click on. Raises EntryError, Membership.DoesNotExist."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    member = tenant.memberships.get(pk=member_id)
    _keep_an_owner(tenant, member)
    member.delete()


def _keep_an_owner(tenant: Tenant, leaving: Membership) -> None:
    others = tenant.memberships.filter(role=MemberRole.OWNER).exclude(pk=leaving.pk)
    if leaving.role == MemberRole.OWNER and not others.exists():
        raise EntryError("role", "is the last owner's; make somebody else an owner first.")
