"""What readers think of a published review: three answers, and nothing about who gave them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from incidents.models.review import Review

LONGEST = 1000


class ReviewFeedback(models.Model):
    """`key` comes with the form, so that sending twice counts once. Of the time only the day (UTC) is kept."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="feedback")
    key = models.UUIDField(unique=True)
    useful = models.PositiveSmallIntegerField()
    clear = models.PositiveSmallIntegerField()
    missing = models.TextField(blank=True, max_length=LONGEST)
    given_on = models.DateField()

    class Meta:
        verbose_name_plural = "review feedback"
        constraints = [
            models.CheckConstraint(
                name="review_feedback_one_to_five",
                condition=Q(useful__range=(1, 5)) & Q(clear__range=(1, 5)),
            ),
        ]
