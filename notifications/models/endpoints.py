"""Endpoints: where a message can go; and what readers without account have subscribed to."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Q, When
from django.db.models.functions import Lower

from incidents.models import Incident, Region, Service
from incidents.sealing import SealedField, SealedWebAddressField, seal_findable
from incidents.vocabulary import Kind, Level
from notifications.models.choices import CADENCES, channels
from notifications.vocabulary import addresses, suppressions
from notifications.vocabulary.delivery_states import Cadence, Channel

NAME_LENGTH = 100
FORMAT_LENGTH = 30


class EndpointQuerySet(models.QuerySet["Endpoint"]):
    def at(self, *spellings: str) -> EndpointQuerySet:
        """Those of these addresses, in their normal form: mail in any case of letters, the web as it is."""
        stored = [
            form
            for each in spellings
            for form in (seal_findable(each) if "://" in each else [each])
        ]
        lower = Lower("address", output_field=models.CharField())
        # Every channel is named, so that the index on channel and lower-case address is used.
        return self.alias(lower=lower).filter(
            channel__in=list(Channel), lower__in=[each.lower() for each in stored]
        )


class Endpoint(models.Model):
    """A channel and a normalised address: the unit of deduplication and suppression.

    One row serves whoever uses the address: tenants' alert rules and a reader's public topics.
    `name`: what its people call it. `format`: one of its channel's (`channels.endpoints.formats`), empty for
    the first of them. `tenant` is the tenant who may see and edit it, none for a reader without account.
    `confirmed_at`: the owner of the address has confirmed it; public posts need that, targeted
    alerts go to what the operator was given. `post_kinds` (none: all), `post_least_level` (that or a graver one),
    `post_cadence` and `posts_paused_until`: which public posts its reader wants, and when. `key` is what
    signed links carry. `host`: whose
    breaker counts, the host of a web address, empty for mail (our relay). `secret` signs
    webhooks; `former_secret` signs beside it until `former_until`, so that a receiver can change over.
    """

    channel = models.CharField(max_length=10, choices=channels, default=Channel.MAIL)
    address = SealedWebAddressField(max_length=1400)  # 1,000 characters, sealed
    name = models.CharField(max_length=NAME_LENGTH, blank=True, default="", db_default="")
    format = models.CharField(max_length=FORMAT_LENGTH, blank=True, default="", db_default="")
    host = models.CharField(max_length=254, blank=True, default="", db_default="", editable=False)
    # What may be searched and sorted by: a web address is as good as a password.
    shown = models.GeneratedField(
        expression=Case(When(channel=Channel.MAIL, then=F("address")), default=F("host")),
        output_field=models.CharField(max_length=1000),
        db_persist=True,
    )
    secret = SealedField(blank=True, default="", db_default="", editable=False)
    former_secret = SealedField(blank=True, default="", db_default="", editable=False)
    former_until = models.DateTimeField(null=True, blank=True, editable=False)
    language = models.CharField(max_length=10, default="en")
    time_zone = models.CharField(max_length=60, default="UTC")
    tenant = models.ForeignKey(
        "notifications.Tenant",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="endpoints",
    )
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    # How its owner agreed on another page, for an address that was taken over from there.
    consent = models.CharField(
        max_length=300, blank=True, default="", db_default="", editable=False
    )
    suppressed_at = models.DateTimeField(null=True, blank=True)
    suppressed_because = models.CharField(max_length=300, blank=True)
    # Refusals before a person lifted the suppression count no more.
    lifted_at = models.DateTimeField(null=True, blank=True, editable=False)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Leaving public posts must not silence the alerts of a tenant, nor the other way round.
    left_posts_at = models.DateTimeField(null=True, blank=True)
    left_alerts_at = models.DateTimeField(null=True, blank=True)
    # Hears of an incident to its end, also when all of its own is well again.
    follows_on = models.BooleanField(default=False, db_default=False)
    post_kinds = ArrayField(
        models.CharField(max_length=20, choices=Kind.choices()),
        default=list,
        db_default=[],
        blank=True,
    )
    post_least_level = models.CharField(
        max_length=13, choices=Level.choices(), blank=True, default="", db_default=""
    )
    post_cadence = models.CharField(
        max_length=5, choices=CADENCES, default=Cadence.EVERY, db_default=Cadence.EVERY.value
    )
    posts_paused_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = EndpointQuerySet.as_manager()

    class Meta:
        permissions = [
            ("erase_endpoint", "Can erase addresses and tenants for good"),
            ("lift_suppression", "Can have suppressed addresses sent to again"),
        ]
        constraints = [
            # Case of the local part is kept for sending, but two spellings are one receiver.
            models.UniqueConstraint(
                F("channel"),
                Lower("address"),
                name="endpoint_address_once",
                violation_error_message="This address is there already.",
            ),
            models.CheckConstraint(name="endpoint_has_address", condition=~Q(address="")),
            models.CheckConstraint(
                name="endpoint_of_the_web_has_host", condition=Q(channel=Channel.MAIL) | ~Q(host="")
            ),
            models.CheckConstraint(
                name="endpoint_webhook_has_secret",
                condition=~Q(channel=Channel.WEBHOOK) | ~Q(secret=""),
            ),
            models.CheckConstraint(
                name="endpoint_suppressed_for_a_reason",
                condition=Q(suppressed_at__isnull=True) | ~Q(suppressed_because=""),
            ),
            models.CheckConstraint(
                name="endpoint_cadence_known",
                condition=Q(post_cadence__in=[each.value for each in Cadence]),
            ),
            models.CheckConstraint(
                name="endpoint_least_level_known",
                condition=Q(post_least_level__in=["", *(each.value for each in Level)]),
            ),
        ]
        indexes = [
            # The desk's list, and whose tenants cannot be reached.
            models.Index(
                fields=["-suppressed_at"],
                name="endpoint_suppressed",
                condition=Q(suppressed_at__isnull=False),
            ),
            models.Index(
                fields=["left_alerts_at"],
                name="endpoint_left_alerts",
                condition=Q(left_alerts_at__isnull=False),
            ),
            # In which zones readers want a summary a day.
            models.Index(
                fields=["time_zone"],
                name="endpoint_daily",
                condition=Q(post_cadence=Cadence.DAILY),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.label})" if self.name else self.label

    @property
    def label(self) -> str:
        """The address as it may be shown: the whole of a web address is as good as a password."""
        return addresses.label(self.address)

    @property
    def suppressed_why(self) -> str:
        """Why nothing is sent there any more, in the language that is active."""
        return suppressions.in_words(self.suppressed_because)


class Breaker(models.Model):
    """A host that failed again and again is left alone until `open_until`, by every worker.

    `failures`: in a row. What waits for it stays pending, untried. `open_until` is database time.
    """

    channel = models.CharField(max_length=10, choices=channels)
    host = models.CharField(max_length=254, blank=True)
    failures = models.PositiveIntegerField(default=0)
    open_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "host"], name="breaker_once_per_host"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.host}".strip()


class PublicTopic(models.Model):
    """A reader wants public posts about this service and region; null stands for every one."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="topics")
    service = models.ForeignKey(
        Service, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    region = models.ForeignKey(
        Region, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "service", "region"],
                name="public_topic_once",
                nulls_distinct=False,
            ),
        ]
        indexes = [
            # The planner's public phase: topics by cell.
            models.Index(fields=["service", "region", "endpoint"], name="public_topic_by_cell"),
        ]


class FollowedIncident(models.Model):
    """A reader wants to hear of this incident, whatever the topics: of each statement, or only when it is over."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="followed")
    incident = models.ForeignKey(
        Incident, on_delete=models.CASCADE, related_name="followers", db_index=False
    )
    ends_only = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "endpoint"], name="followed_incident_once"),
        ]


class SignUp(models.Model):
    """A request to subscribe that waits for its confirmation mail and for the click in it.

    Nothing of it becomes an endpoint before that click, so an address typed by a stranger gets one
    mail and leaves no trace once the row is purged. `topics`: pairs [service id, region id], null
    for every one. `choices`: which posts and when (`subscribers.post_choices`). With `incident` it asks for that one,
    too (`ends_only`: when it is over); without topics nothing else of the address changes. `followed`: pairs
    [incident id, ends_only] of an address that left and may take it back. `tries`: of the code.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    address = models.CharField(max_length=254)
    language = models.CharField(max_length=10, default="en")
    time_zone = models.CharField(max_length=60, default="UTC")
    topics = models.JSONField()
    choices = models.JSONField(default=dict, db_default={})
    incident = models.ForeignKey(
        Incident, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    ends_only = models.BooleanField(default=False, db_default=False)
    followed = models.JSONField(default=list, db_default=[])
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    requested_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # The limit on mails to one address: requests of the last hours by address.
            models.Index(Lower("address"), F("requested_at").desc(), name="sign_up_by_address"),
            # The worker's query: confirmation mails that are due.
            models.Index(
                fields=["next_attempt_at"],
                name="sign_up_due",
                condition=Q(next_attempt_at__isnull=False),
            ),
        ]


class EndpointProposal(models.Model):
    """An address that people of a tenant want to be told at, until it is confirmed: nothing goes there before.

    Mail is confirmed by a code, of which `digest` is the hash; the web by a test message that the other side takes,
    signed with `secret` where the channel signs.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    tenant = models.ForeignKey(
        "notifications.Tenant", on_delete=models.CASCADE, related_name="endpoint_proposals"
    )
    channel = models.CharField(max_length=10, choices=channels)
    address = SealedWebAddressField(max_length=1400)
    format = models.CharField(max_length=FORMAT_LENGTH, blank=True)
    name = models.CharField(max_length=NAME_LENGTH, blank=True)
    secret = SealedField(blank=True, default="", editable=False)
    digest = models.CharField(max_length=64, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    requested_at = models.DateTimeField()

    class Meta:
        indexes = [
            # How many codes an address was sent lately, and what is old enough to go.
            models.Index(fields=["requested_at"], name="endpoint_proposal_age"),
        ]

    @property
    def label(self) -> str:
        return addresses.label(self.address)
