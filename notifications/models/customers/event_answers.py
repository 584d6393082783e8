"""What customers answer to an event: seen, hit or not, a note; and what the operator made of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from incidents.models import Incident
from notifications.models.customers.people import Person
from notifications.models.customers.tenants import CustomerSubscription, Tenant

NOTE_LENGTH = 2_000


class WasHit(models.TextChoices):
    HIT = "hit", "This did hit us"
    NOT_HIT = "not-hit", "This did not hit us"


class AnswerState(models.TextChoices):
    TAKEN = "taken", "Taken into the impacted list's draft"
    REFUSED = "refused", "Refused"


class EventAnswer(models.Model):
    """One a tenant and incident. `hit`: a proposal for the impacted list, about `subscriptions`.

    `state`: what the operator made of the proposal; empty while it waits, and again when it is changed.
    """

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="event_answers")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="event_answers")
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        Person, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    hit = models.CharField(max_length=7, choices=WasHit.choices, blank=True, default="")
    subscriptions = models.ManyToManyField(CustomerSubscription, related_name="+")
    note = models.CharField(max_length=NOTE_LENGTH, blank=True, default="")
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=7, choices=AnswerState.choices, blank=True, default="")
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "incident"], name="event_answer_once"),
            models.CheckConstraint(
                name="event_answer_hit_known", condition=Q(hit__in=["", *WasHit.values])
            ),
        ]
        indexes = [
            # The operator's question: which proposals of an incident wait.
            models.Index(
                fields=["incident"],
                name="event_answer_waiting",
                condition=Q(state="") & ~Q(hit=""),
            ),
        ]
