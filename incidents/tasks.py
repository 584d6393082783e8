"""The clock's rules as Celery tasks. Each only calls a service, is safe to run twice, late or beside itself."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from incidents.services import publicity

log = logging.getLogger(__name__)


@shared_task(name="incidents.publish_due")
def publish_due(**_: object) -> None:
    """Post what waited for a confirmation until its deadline, from facts only."""
    for tracking_id in publicity.publish_due(now=timezone.now()):
        log.warning("%s went public by itself: nobody confirmed it in time", tracking_id)
