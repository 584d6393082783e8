"""People of customers who may look at Service Health: whose they are, and how they come in.

A realm of its own: nothing here is a user of the desk, and no user of the desk is here.
"""

from __future__ import annotations

import uuid

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from incidents.sealing import SealedField
from notifications.models.customers.tenants import Tenant

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


class Passkey(models.Model):
    """A credential of a person's device (WebAuthn): what it is known by, and what checks its answers.

    `challenged_at`: when the last challenge was made that it has answered; an older one is taken no more.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="passkeys")
    key = models.CharField(max_length=1400, unique=True)  # the credential's id in base64
    credential = models.BinaryField()
    counter = models.BigIntegerField(default=0)
    name = models.CharField(max_length=60)
    created_at = models.DateTimeField()
    challenged_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class TenantProvider(models.Model):
    """A tenant's own OpenID provider. `joins_as`: the role of whom it lets in for the first time; empty: none.

    `active`: whoever has an address in one of its domains comes in by it and by no code.
    """

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="provider")
    name = models.CharField(max_length=60, help_text="As its people call it.")
    issuer = models.CharField(
        max_length=300, help_text="Its discovery document is read below this address."
    )
    client_id = models.CharField(max_length=200)
    secret = SealedField()
    joins_as = models.CharField(
        "new people join as", max_length=6, choices=MemberRole.choices, blank=True, default=""
    )
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="provider_role_known", condition=Q(joins_as__in=["", *MemberRole.values])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.tenant}"


class ClaimedDomain(models.Model):
    """A mail domain that is a tenant's, as the operator has seen; in lower case, and one tenant's alone."""

    provider = models.ForeignKey(TenantProvider, on_delete=models.CASCADE, related_name="domains")
    name = models.CharField(
        "domain",
        max_length=253,
        unique=True,
        validators=[
            RegexValidator(
                r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", "Write it as example.com, in lower case."
            )
        ],
        help_text="Once you have seen that it is theirs: whoever signs in there is believed to be who they say.",
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="claimed_domain_in_form", condition=Q(name__regex=r"^[a-z0-9.-]+$")
            ),
        ]

    def __str__(self) -> str:
        return self.name


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
