"""What an operator has sent and what is not said yet: for some seconds to take it back, or until a time of theirs."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from incidents.models.communication import Communication
from incidents.models.incident import Incident


class ScheduledPost(models.Model):
    """A verb that is carried out at `due_at`, and the form it came from. Nothing is said or changed until then.

    `arguments`: of the verb, as `incidents.services.scheduled.verbs` writes them. `page`, `form` and `fields`: what
    was typed, for when it is taken back. `brief`: due in some seconds, so that it can be. `standing`: how the
    incident stood; where it stands otherwise by then, the post is held and a person asked (`why`).
    `turns_public`: an incident was seen to turn public with it, which two people may have had to agree to.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        HELD = "held", "Held"
        SENT = "sent", "Sent"
        TAKEN_BACK = "taken-back", "Taken back"

    NAMES: ClassVar = {
        "declare": "The first notice",
        "declare_series": "The maintenance of several windows, the first",
        "extend": "The longer window",
        "post_update": "The update",
        "recover": "The recovery",
        "confirm": "The confirmed public post",
        "override": "The override",
        "set_audience": "The news of the audience",
        "take_proposed_level": "The raised level",
        "correct_times": "The correction of times",
        "reschedule": "The new plan",
        "reschedule_series": "The new plan of all windows, that",
        "call_off_series": "The end of all windows, that",
        "retract": "The retraction",
        "merge": "The merge",
        "withdraw": "The withdrawal",
        "publish_review": "The review",
    }

    incident = models.ForeignKey(
        Incident, null=True, on_delete=models.CASCADE, related_name="scheduled_posts"
    )
    # Of an incident that is not declared yet, the one set aside for it; the incident's own otherwise.
    tracking_id = models.CharField(max_length=8)
    verb = models.CharField(max_length=30)
    arguments = models.JSONField()
    page = models.CharField(max_length=200)
    form = models.CharField(max_length=30)
    fields = models.JSONField()
    standing = models.JSONField(default=dict)
    brief = models.BooleanField()
    turns_public = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    why = models.CharField(max_length=500, blank=True)
    communication = models.ForeignKey(
        Communication, null=True, on_delete=models.CASCADE, related_name="scheduled_as"
    )
    due_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # A form that is sent twice is held once.
            models.UniqueConstraint(
                fields=["tracking_id"],
                condition=Q(incident__isnull=True, state="waiting"),
                name="scheduled_declaration_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="scheduled_post_due", condition=Q(state="waiting")
            ),
        ]

    windows: int = 1  # left of its series, where somebody has counted them

    def __str__(self) -> str:
        return f"{self.verb} {self.tracking_id}"

    @property
    def series(self) -> str:
        """Of a maintenance's window: the series that it belongs to."""
        declaration = self.arguments.get("declaration") or {}
        return str(declaration.get("fields", {}).get("series", ""))

    @property
    def typed(self) -> str:
        """The beginning of what will be said, for people of the desk."""
        texts = (self.fields.get(name, [""])[0] for name in ("public_text", "targeted_text"))
        return next((text for text in texts if text), "")

    @property
    def name(self) -> str:
        """As the desk calls it, at the beginning of a sentence."""
        return f"{self.NAMES[self.verb]} of {self.tracking_id}"
