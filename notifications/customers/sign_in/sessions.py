"""Sessions of customers' people, in a realm of their own: who is signed in, for whom, and until when."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hashlib import sha256

from django.db.models.functions import Lower

from notifications.models import CodeRequest, Membership, Person, PersonSession

SESSION_FOR = timedelta(hours=12)


def begin_session(person: Person, *, now: datetime) -> str:
    """What the cookie of a new session carries."""
    token = secrets.token_urlsafe(32)
    PersonSession.objects.create(digest=session_digest(token), person=person, created_at=now)
    return token


def memberships_of(token: str, *, now: datetime) -> list[Membership]:
    """The memberships of whoever is signed in with this, by name of the tenant; none: nobody is."""
    return list(
        Membership.objects.filter(
            person__sessions__digest=session_digest(token),
            person__sessions__created_at__gt=now - SESSION_FOR,
        )
        .select_related("tenant", "person")
        .order_by("tenant__name", "tenant_id")
    )


def person_of(token: str) -> int | None:
    """The number of whoever has a session with this, also an old one."""
    found = PersonSession.objects.filter(digest=session_digest(token))
    return found.values_list("person_id", flat=True).first()


def sign_out(token: str) -> None:
    PersonSession.objects.filter(digest=session_digest(token)).delete()


def forget_person(address: str) -> None:
    """The person at an address is erased; sessions, memberships and codes go along."""
    Person.objects.annotate(lower=Lower("email")).filter(lower=address.lower()).delete()
    CodeRequest.objects.annotate(lower=Lower("address")).filter(lower=address.lower()).delete()


def forget_people_of(tenant_id: int) -> None:
    """Nobody sees a tenant any more; whoever has no other one is erased."""
    members = list(Membership.objects.filter(tenant=tenant_id).values_list("person_id", flat=True))
    Membership.objects.filter(tenant=tenant_id).delete()
    for person in Person.objects.filter(pk__in=members, memberships=None):
        forget_person(person.email)


def session_digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def person_at(address: str) -> Person | None:
    """Whose address it is, in any spelling."""
    return Person.objects.annotate(lower=Lower("email")).filter(lower=address.lower()).first()
