"""Who is looking at an incident now: names kept for some seconds in Redis, and nobody's while that does not answer."""

from __future__ import annotations

import logging
from datetime import datetime

import redis
from django.contrib.auth.models import User
from django.core.cache import caches

from incidents.models import Incident

log = logging.getLogger(__name__)
SECONDS = 25  # a page asks every ten


def note(incident: Incident, user: User, *, now: datetime) -> list[str]:
    """Note that `user` is here (`now`: UTC), and return the names of the others who are, in alphabetical order.

    Two who ask in the same moment may miss each other until they ask again.
    """
    cache, key, at = caches["presence"], str(incident.pk), now.timestamp()
    try:
        known: dict[str, float] = cache.get(key, {})
        here = {name: last for name, last in known.items() if at - last < SECONDS}
        cache.set(key, here | {user.get_username(): at}, timeout=SECONDS)
    except (redis.RedisError, OSError) as error:
        log.warning("nobody is seen at an incident, Redis does not answer: %s", error)
        return []
    return sorted(here.keys() - {user.get_username()})
