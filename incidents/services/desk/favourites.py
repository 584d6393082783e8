"""Services and regions that a person has pinned at the desk; nobody else sees them."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from incidents.models import Favourite

MOST = 12  # of services, and of regions: more are no shorter way


def pinned(user: AbstractBaseUser, what: str) -> list[str]:
    """Slugs, in the order they were pinned; `what`: services, or regions."""
    rows = Favourite.objects.filter(user=user.pk, what=what).order_by("id")
    return list(rows.values_list("slug", flat=True))


@transaction.atomic
def pin(user: AbstractBaseUser, what: str, slugs: Sequence[str]) -> bool:
    """Pin those slugs of the catalogue, or unpin them if all of them are; whether as many as `MOST` had room."""
    known = Favourite.objects.filter(user=user.pk, what=what)
    fresh = [slug for slug in slugs if slug not in pinned(user, what)]
    if not fresh:
        known.filter(slug__in=slugs).delete()
    elif known.count() + len(fresh) > MOST:
        return False
    made = [Favourite(user_id=user.pk, what=what, slug=slug) for slug in fresh]
    Favourite.objects.bulk_create(made, ignore_conflicts=True)
    return True
