"""Post-incident reviews: each version is a row with its sections, timeline and repair items."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from incidents.models.incident import Incident, public_through
from incidents.vocabulary import RepairState, ReviewKind

MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"


class ReviewQuerySet(models.QuerySet["Review"]):
    def public(self) -> Self:
        return self.filter(public_through("incident"), for_public=True, published_at__isnull=False)


class Review(models.Model):
    """One version of an incident's review. `for_public`: the world may read it, else its audience only."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="reviews")
    kind = models.CharField(max_length=11, choices=ReviewKind.choices())
    version = models.PositiveIntegerField()
    for_public = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    video = models.CharField(max_length=500, blank=True)
    survey = models.CharField(max_length=500, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = ReviewQuerySet.as_manager()

    class Meta:
        permissions = [("publish_review", "Can publish reviews")]
        constraints = [
            models.UniqueConstraint(fields=["incident", "version"], name="review_version_once"),
        ]


class ReviewSection(models.Model):
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="sections")
    kind = models.CharField(max_length=40)
    heading = models.CharField(max_length=200)
    text = models.TextField()
    position = models.PositiveIntegerField()


class TimelineEntry(models.Model):
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="timeline")
    at = models.DateTimeField()
    text = models.TextField()
    position = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "timeline entries"


class RepairItem(models.Model):
    """Something promised in a review. `due` is a month (`2024-02`), as reviews promise months."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="repair_items")
    text = models.TextField()
    owner = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=11, choices=RepairState.choices())
    due = models.CharField(max_length=7, blank=True, validators=[RegexValidator(MONTH)])
    position = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="repair_item_due_is_a_month",
                condition=Q(due="") | Q(due__regex=MONTH),
            ),
        ]


class ReviewComment(models.Model):
    """What somebody at the desk says of the review that is being written; never public, kept when it is settled."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="review_comments")
    text = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
