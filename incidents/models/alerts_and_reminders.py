"""What machines and clocks add: alerts of monitors, and reminders of what people owe."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from incidents.models.incident import Incident


class MonitorAlert(models.Model):
    """A monitor's alert and the incident it opened; an alert that fires again while open is one."""

    source = models.CharField(max_length=60)
    key = models.CharField(max_length=200)
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="monitor_alerts")
    opened_at = models.DateTimeField()
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


class Reminder(models.Model):
    """Something that is owed was, or is about to be, due; written once, mailed to operators."""

    class What(models.TextChoices):
        NEXT_UPDATE = "next-update", "Next update"
        PRELIMINARY = "preliminary", "Preliminary review"
        FINAL = "final", "Final review"
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
