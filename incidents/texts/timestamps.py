"""Moments as programs read them (RFC 3339), in UTC. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload


@overload
def seconds(at: datetime) -> str: ...
@overload
def seconds(at: datetime | None) -> str | None: ...
def seconds(at: datetime | None) -> str | None:
    """`2026-09-14T09:20:31Z`; None for no moment."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


@overload
def millis(at: datetime) -> str: ...
@overload
def millis(at: datetime | None) -> str | None: ...
def millis(at: datetime | None) -> str | None:
    """`2026-09-14T09:20:31.004Z`; None for no moment."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
