"""The proof: what was planned for whom, what became of it, and every single try."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import NullIf
from django.utils import timezone

from incidents.models import Communication, Incident
from notifications.models.choices import (
    AUDIENCES,
    DEFERRALS,
    PHASES,
    PRIORITIES,
    REASONS,
    RELEVANCES,
    SKIP_REASONS,
    STATES,
    Result,
    channels,
)
from notifications.models.delivery.concern import Concern
from notifications.models.endpoints import Endpoint
from notifications.vocabulary.delivery_states import (
    Channel,
    Deferral,
    DeliveryAudience,
    Phase,
    SkipReason,
    State,
    may_hear_drill,
    skip_reason,
)

# RFC 9562, version 7: 48 bits of milliseconds, else at random. What is planned together stands together in the index,
# where years of ids at random would have each delivery write a page of its own.
_UUID_BY_TIME = Func(
    template="(lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint), 12, '0')"
    " || '-7' || substr(gen_random_uuid()::text, 16))::uuid",
    output_field=models.UUIDField(),
)


def _values(words: type[StrEnum]) -> list[str]:
    return [word.value for word in words]


class FanOut(models.Model):
    """The planning of one communication. `cursor`: the last id that `phase` has dealt with."""

    communication = models.ForeignKey(
        Communication, on_delete=models.PROTECT, related_name="fan_outs"
    )
    audience_version = models.PositiveIntegerField(default=1)
    phase = models.CharField(max_length=11, choices=PHASES, default=Phase.MATCHING)
    cursor = models.BigIntegerField(default=0)
    targeted = models.PositiveIntegerField(default=0)
    public = models.PositiveIntegerField(default=0)
    superseded = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["communication", "audience_version"], name="fan_out_once_per_version"
            ),
            models.CheckConstraint(
                name="fan_out_phase_known", condition=Q(phase__in=_values(Phase))
            ),
            models.CheckConstraint(
                name="fan_out_done_has_time",
                condition=Q(phase=Phase.DONE, done_at__isnull=False)
                | (~Q(phase=Phase.DONE) & Q(done_at__isnull=True)),
            ),
        ]
        indexes = [
            # The sweep: plannings that a worker left unfinished.
            models.Index(
                fields=["started_at"], name="fan_out_unfinished", condition=~Q(phase=Phase.DONE)
            ),
        ]


class Delivery(models.Model):
    """One communication to one endpoint.

    `uuid` makes the Message-ID, so that every repeat is recognisable. Planning leaves it to the database.
    `incident` repeats the communication's: order, told-before and superseding all ask by incident and endpoint.
    Times of claims and waits are the database's, since several hosts' clocks would disagree.
    `quiet`: the quiet hours of the rules that lead here, where all of them have some; `quiet_until`: the end of those
    that it came in, also after it was sent.
    `settled_as`: the state it has come to; none while it waits or is being sent. Indexes ask for this and not for
    `state`, so that a claim changes no index and its row stays on its page.
    `deferred`: why it is kept back. `digest`: the delivery whose message, a digest then, tells it, too.
    """

    # Known of what `claims.claim` hands out.
    age = timedelta(0)  # since its creation
    digest_items: Sequence[Delivery] = ()  # told in the same message, the oldest first
    last_of_hour = False  # the next one must wait
    concern: Concern | None = None  # what of theirs it touches
    is_first = True  # nothing else of the incident was planned for this endpoint before

    # No indexes of their own where a longer one starts with the column: each costs at every insert.
    incident = models.ForeignKey(
        Incident, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    communication = models.ForeignKey(
        Communication, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    # The endpoint's, which never changes: each channel is claimed for itself.
    channel = models.CharField(max_length=10, choices=channels, default=Channel.MAIL)
    audience = models.CharField(max_length=8, choices=AUDIENCES)
    relevance = models.CharField(max_length=17, choices=RELEVANCES)
    reason = models.CharField(max_length=15, choices=REASONS)
    priority = models.PositiveSmallIntegerField(choices=PRIORITIES)
    uuid = models.UUIDField(
        default=uuid.uuid4, db_default=_UUID_BY_TIME, unique=True, editable=False
    )

    state = models.CharField(max_length=7, choices=STATES, default=State.PENDING)
    settled_as = models.GeneratedField(
        expression=NullIf(NullIf("state", Value(State.PENDING)), Value(State.SENDING)),
        output_field=models.CharField(max_length=7, null=True),
        db_persist=True,
    )
    skip_reason = models.CharField(max_length=11, choices=SKIP_REASONS, blank=True)
    deferred = models.CharField(
        max_length=8, choices=DEFERRALS, blank=True, default="", db_default=""
    )
    quiet = ArrayField(models.IntegerField(), null=True, editable=False)
    quiet_until = models.DateTimeField(null=True)
    # No constraint: what ages out takes nothing with it and is not held up by it.
    digest = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="items",
        db_constraint=False,
        db_index=False,
    )
    # What a mail said: `MailContent`, and this receiver's own words in it, as JSON.
    content = models.UUIDField(null=True, editable=False)
    own_words = models.TextField(null=True, editable=False)  # noqa: DJ001 - none, where there are none
    claim = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        permissions = [("retry_delivery", "Can have failed deliveries tried again")]
        constraints = [
            # Once per endpoint and communication, which is of one incident. And the line of one endpoint in one
            # incident, for order, told-before and superseding.
            models.UniqueConstraint(
                fields=["incident", "endpoint", "communication"], name="delivery_once_in_its_line"
            ),
            models.CheckConstraint(
                name="delivery_state_known", condition=Q(state__in=_values(State))
            ),
            models.CheckConstraint(
                name="delivery_skipped_for_a_reason",
                condition=Q(state=State.SKIPPED, skip_reason__in=_values(SkipReason))
                | (~Q(state=State.SKIPPED) & Q(skip_reason="")),
            ),
            models.CheckConstraint(
                name="delivery_sending_is_claimed",
                condition=Q(state=State.SENDING, claim__isnull=False, lease_until__isnull=False)
                | (~Q(state=State.SENDING) & Q(claim__isnull=True, lease_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="delivery_sent_has_time",
                condition=Q(state=State.SENT, sent_at__isnull=False)
                | (~Q(state=State.SENT) & Q(sent_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="delivery_only_what_waits_is_held",
                condition=Q(deferred="") | Q(state=State.PENDING, deferred__in=_values(Deferral)),
            ),
            models.CheckConstraint(
                name="delivery_in_digest_names_it",
                condition=~Q(skip_reason=SkipReason.IN_DIGEST) | Q(digest__isnull=False),
            ),
            models.CheckConstraint(
                name="delivery_only_what_is_skipped_is_in_digest",
                condition=Q(state=State.SKIPPED) | Q(digest__isnull=True),
            ),
        ]
        indexes = [
            # The claim: what is due in a channel, the urgent first; with what is being sent.
            models.Index(
                F("channel"),
                F("priority"),
                F("next_attempt_at"),
                F("id"),
                name="delivery_due",
                condition=Q(settled_as=None),
            ),
            # The hour's limit: what an endpoint got lately, and what is not settled.
            models.Index(fields=["endpoint", "sent_at", "settled_as"], name="delivery_of_endpoint"),
            # Digests: what is held back for an endpoint, and the items of each.
            models.Index(fields=["endpoint"], name="delivery_held", condition=~Q(deferred="")),
            models.Index(
                fields=["digest"],
                name="delivery_item",
                condition=Q(digest__isnull=False),
            ),
            # The desk's list of failures, and who may be tried again. Costs nothing until one fails.
            models.Index(
                fields=["incident", "communication"],
                name="delivery_failed",
                condition=Q(settled_as=State.FAILED),
            ),
        ]

    def __str__(self) -> str:
        return str(self.uuid)

    def reason_to_skip(self) -> str:
        """Why it must not be sent after all, as things are now; empty if it may."""
        endpoint = self.endpoint
        public = self.audience == DeliveryAudience.PUBLIC
        reason = skip_reason(
            self.audience,
            suppressed=endpoint.suppressed_at is not None,
            confirmed=endpoint.confirmed_at is not None,
            left=(endpoint.left_posts_at if public else endpoint.left_alerts_at) is not None,
            withdrawn=self.communication.incident.withdrawn_at is not None,
            paused=endpoint.posts_paused_until is not None
            and endpoint.posts_paused_until > timezone.now(),
        )
        return reason.value if reason else ""

    @property
    def told_by(self) -> Delivery:
        """The delivery whose message tells it: its digest, or itself."""
        in_digest = self.skip_reason == SkipReason.IN_DIGEST
        return self.digest if in_digest and self.digest else self

    def stays_inside(self) -> bool:
        """Whether it is a drill's, and to an address that drills may not reach."""
        return self.communication.incident.drill and not may_hear_drill(
            self.endpoint.address, settings.DRILL_RECEIVERS
        )


class Attempt(models.Model):
    """One try. `detail`: what the other side answered, cut short and without control characters."""

    # No constraint: a fifth of what settling takes. A try is written in the statement that settles its delivery.
    delivery = models.ForeignKey(
        Delivery, on_delete=models.CASCADE, related_name="tries", db_constraint=False
    )
    number = models.PositiveIntegerField()
    result = models.CharField(max_length=11, choices=Result.choices())
    detail = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()


class ClaimedBatch(models.Model):
    """What one claim took: where the sweep finds what is under way. The lease itself stands in each delivery.

    Gone with the settling of all of it at once, else with a sweep.
    """

    claim = models.UUIDField(db_index=True)
    deliveries = ArrayField(models.BigIntegerField())

    class Meta:
        verbose_name_plural = "claimed batches"


class SendJournal(models.Model):
    """What a worker has handed over under a claim and not settled yet, several in a row, as JSON: if the worker is
    killed, none of it goes out again. Gone with the settling.
    """

    claim = models.UUIDField(db_index=True)
    at = models.DateTimeField()
    sent = models.TextField()
