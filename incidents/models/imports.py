"""What was moved over from another page, and which incidents came with it: so that it can be undone."""

from __future__ import annotations

from django.db import models

from incidents.models.incident import Incident


class ImportBatch(models.Model):
    """One run of `import_site`."""

    name = models.CharField(max_length=200)
    made_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "import batches"

    def __str__(self) -> str:
        return f"{self.pk} {self.name}"


class ImportedIncident(models.Model):
    """`external_id`: what the other page calls it; importing it again changes nothing. `path`: where it was there."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="incidents")
    incident = models.OneToOneField(Incident, on_delete=models.CASCADE, related_name="imported")
    external_id = models.CharField(max_length=300, unique=True)
    path = models.CharField(max_length=500, blank=True)
