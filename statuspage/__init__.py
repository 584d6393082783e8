"""The front hall: what is shown, and the wiring of the house."""

from statuspage.celery import app as celery_app

__all__ = ["celery_app"]
