"""Tracking IDs: short enough to read out on the phone."""

from __future__ import annotations

import secrets

from incidents.models import Incident

# Without 0/O and 1/I: an ID is dictated and typed.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def new_tracking_id() -> str:
    """A random ID that no incident has."""
    while True:
        letters = "".join(secrets.choice(ALPHABET) for _ in range(7))
        candidate = f"{letters[:4]}-{letters[4:]}"
        if not Incident.objects.filter(tracking_id=candidate).exists():
            return candidate
