"""What machines and clocks add: alerts of monitors, and reminders of what people owe."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from incidents.models.incident import Incident


class MonitorSource(models.Model):
    """A monitor that reports alerts. `mapping`: YAML, as `incidents.alerts.mapping` reads it.

    `window_minutes`: what fires so close together, in one service or one region, is one storm.
    `hold_minutes`: what is over and fires again within them was never over. `silent_minutes`: it is expected to
    say something as often as that; 0: whenever it likes.
    """

    class Mode(models.TextChoices):
        DRAFT = "draft", "Draft: listed, a person declares it"
        ASK = "ask", "Ask: listed, and the desk is alarmed"
        AUTOMATIC = "automatic", "Automatic: declared, the affected are told at once"

    name = models.SlugField(max_length=60, unique=True)
    format = models.CharField(max_length=20)
    mode = models.CharField(max_length=9, choices=Mode.choices, default=Mode.ASK)
    mapping = models.TextField(blank=True)
    window_minutes = models.PositiveSmallIntegerField(default=10)
    hold_minutes = models.PositiveSmallIntegerField(default=3)
    silent_minutes = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField()
    heard_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class AlertOutcome(models.TextChoices):
    OPENED = "opened", "Opened an incident"
    WIDENED = "widened", "Widened an incident"
    JOINED = "joined", "Belongs to an incident"
    WITNESS = "witness", "Stands beside an open incident"
    NOTED = "noted", "Noted: a person has the incident"
    WAITING = "waiting", "Waits for a person"
    UNMAPPED = "unmapped", "Not understood"
    IGNORED = "ignored", "Ignored by the mapping"
    REFUSED = "refused", "Refused"


class MonitorAlert(models.Model):
    """A monitor's alert, and what became of it; one that fires again while it is open stays one row.

    `over_at`: the monitor says that it is over; held for a while, since it may only be flapping. `resolved_at`:
    the row is closed. `cells`: [service id, region id] each. `outcome` and `detail` say what it has led to.
    """

    source = models.CharField(max_length=60)
    key = models.CharField(max_length=200)
    incident = models.ForeignKey(
        Incident, null=True, on_delete=models.CASCADE, related_name="monitor_alerts"
    )
    title = models.CharField(max_length=200, blank=True, default="", db_default="")
    labels = models.JSONField(default=dict)
    cells = models.JSONField(default=list)
    level = models.CharField(max_length=13, blank=True, default="", db_default="")
    outcome = models.CharField(
        max_length=8,
        choices=AlertOutcome.choices,
        default=AlertOutcome.OPENED,
        db_default=AlertOutcome.OPENED.value,
    )
    detail = models.CharField(max_length=300, blank=True, default="", db_default="")
    times = models.PositiveIntegerField(default=1, db_default=1)
    flaps = models.PositiveIntegerField(default=0, db_default=0)
    opened_at = models.DateTimeField()
    heard_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        permissions = [("report_alert", "Can report alerts of monitors")]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "key"],
                condition=Q(resolved_at__isnull=True),
                name="monitor_alert_open_once",
            ),
        ]
        indexes = [
            # What is over and is held, asked for every few seconds.
            models.Index(
                fields=["over_at"],
                name="monitor_alert_held",
                condition=Q(over_at__isnull=False, resolved_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.key}"


class Reminder(models.Model):
    """Something that is owed was, or is about to be, due; written once, mailed to operators."""

    class What(models.TextChoices):
        NEXT_UPDATE = "next-update", "Next update"
        PRELIMINARY = "preliminary", "Preliminary review"
        FINAL = "final", "Final review"
        REPAIR = "repair", "A repair item"
        MAINTENANCE_START = "maintenance-start", "Start of the maintenance"
        MAINTENANCE_END = "maintenance-end", "End of the maintenance"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="reminders")
    what = models.CharField(max_length=17, choices=What.choices)
    due_at = models.DateTimeField()
    # Whole days overdue; -1: not due yet.
    days_late = models.SmallIntegerField()
    made_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "what", "due_at", "days_late"], name="reminder_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["id"], name="reminder_unmailed", condition=Q(mailed_at__isnull=True)
            ),
        ]
