"""Rate limits of requests, counted per sender and per address in Redis; without Redis nobody is held up.

What must never be exceeded (confirmation mails to one address) is counted in rows by
`subscribers.subscribe`; this only spares those rows a flood. Keys are keyed hashes: no address of a
person and none of a computer is written to Redis.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

log = logging.getLogger(__name__)

REST_SECONDS = 5.0  # after a failure Redis is not asked again for so long
_rest_until = 0.0


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `most` requests of one kind within a window of `within` (windows follow the clock)."""

    name: str
    most: int
    within: timedelta


# An office behind one address is many people, hence the generous limit.
PER_SENDER = RateLimit("sender", 30, timedelta(minutes=10))
PER_ADDRESS = RateLimit("address", 10, timedelta(hours=1))


def seconds_to_wait(limit: RateLimit, who: str, *, now: datetime) -> int:
    """Counts one request of `who`; 0 when it may go on, else the seconds until the next window.

    Also 0 when Redis does not answer within 0.3 s in all: a dead cache must not close the door.
    """
    left, reset = count(limit, who, now=now)
    return reset if left < 0 else 0


def count(limit: RateLimit, who: str, *, now: datetime) -> tuple[int, int]:
    """Counts one request of `who`: how many are left (below 0: it is one too many), seconds to the next window.

    Nothing is counted while Redis does not answer.
    """
    global _rest_until
    length = int(limit.within.total_seconds())
    number, passed = divmod(int(now.timestamp()), length)
    if time.monotonic() < _rest_until:
        return limit.most, length - passed
    key = f"{limit.name}:{_digest(limit, who)}:{number}"
    counters = caches["rate-limits"]
    try:
        try:
            used = counters.incr(key)
        except ValueError:  # the first of this window
            counters.add(key, 0, timeout=length)
            used = counters.incr(key)
    except (
        redis.RedisError,
        OSError,
        ValueError,
    ) as error:  # ValueError: the window ended in between
        _rest_until = time.monotonic() + REST_SECONDS
        log.warning("requests are not counted, Redis does not answer: %s", error)
        return limit.most, length - passed
    return limit.most - used, length - passed


def sender(request: HttpRequest) -> str:
    """Where a request comes from: an IPv4 address, or the /64 that one IPv6 household owns.

    Behind our own proxy it is the last entry of X-Forwarded-For, the one that proxy has written;
    whatever stands before it was written by the sender.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    if settings.SECURE_PROXY_SSL_HEADER:
        forwarded = request.headers.get("X-Forwarded-For", "")
        address = forwarded.rpartition(",")[2].strip() or address
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:60]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _digest(limit: RateLimit, who: str) -> str:
    return salted_hmac(
        f"notifications.rate-limit.{limit.name}", who, algorithm="sha256"
    ).hexdigest()
