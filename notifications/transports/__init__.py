"""The key board: channel to transport."""

from notifications.transports.base import Message, Transport, TransportError
from notifications.transports.email import MAIL

TRANSPORTS: dict[str, Transport] = {"mail": MAIL}

__all__ = ["TRANSPORTS", "Message", "Transport", "TransportError"]
