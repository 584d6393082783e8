"""What `/-/ready` asks about our own sending. Runs in a thread of the web process, without Django."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import psycopg

from notifications.delivery import sending_health
from statuspage.public.serve.health import PROBE_LIMIT, Probe


class StalledError(Exception):
    """Messages are due and nobody sends them; the text says which alarm."""


def sending_probe(parameters: Mapping[str, Any], *, minutes: int) -> Probe:
    """Raises StalledError while sending stands still. A database that is away is another probe's news."""
    limits = {"connect_timeout": 2, "options": f"-c statement_timeout={int(PROBE_LIMIT * 1000)}"}

    def probe() -> None:
        try:
            with closing(
                psycopg.connect(**{**parameters, **limits}, autocommit=True)
            ) as connection:
                row = connection.execute(sending_health.FIGURES.encode()).fetchone()
        except psycopg.Error:
            return
        if row and (found := sending_health.alarms(sending_health.read(row), minutes=minutes)):
            raise StalledError(" ".join(found))

    return probe
