"""People of customers who may look at Service Health: whose they are, and how they come in.

A realm of its own: nothing here is a user of the desk, and no user of the desk is here.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from notifications.models.tenants import Tenant

DIGEST_LENGTH = 64


class MemberRole(models.TextChoices):
    OWNER = "owner", "Owner"
    EDITOR = "editor", "Editor"
    READER = "reader", "Reader"


class Person(models.Model):
    """Somebody who can receive codes at an address; what may be seen hangs on memberships alone."""

    email = models.EmailField(max_length=254)  # compared without regard to case
    created_at = models.DateTimeField(auto_now_add=True)
    tenants = models.ManyToManyField(Tenant, through="Membership", related_name="people")

    class Meta:
        verbose_name_plural = "people"
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="person_email_once",
                violation_error_message="This person is there already.",
            )
        ]

    def __str__(self) -> str:
        return self.email


class Membership(models.Model):
    """A person of a tenant. Readers look, editors keep alert rules, owners may do all a tenant may.

    `security`: sees events about security, as owners do.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=6, choices=MemberRole.choices, default=MemberRole.READER)
    security = models.BooleanField("sees security events", default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "tenant"], name="membership_once"),
            models.CheckConstraint(
                name="membership_role_known", condition=Q(role__in=MemberRole.values)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} of {self.tenant}"

    @property
    def sees_security(self) -> bool:
        return self.security or self.role == MemberRole.OWNER


class CodeRequest(models.Model):
    """Somebody asks for a code. The worker makes it, if the address is a person's; only its hash is kept.

    The row is the same for every address, so that asking tells nobody who is known. `due`: not yet looked at.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    address = models.CharField(max_length=254)
    requested_at = models.DateTimeField()
    due = models.BooleanField(default=True)
    digest = models.CharField(max_length=DIGEST_LENGTH, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                Lower("address"), F("requested_at").desc(), name="code_request_by_address"
            ),
            models.Index(fields=["id"], name="code_request_due", condition=Q(due=True)),
        ]


class PersonSession(models.Model):
    """Somebody who is signed in. The cookie carries what `digest` is the hash of."""

    digest = models.CharField(max_length=DIGEST_LENGTH, unique=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="sessions")
    created_at = models.DateTimeField()
