"""The key board: channel to transport."""

from notifications.transports.base import Message, Transport, TransportError
from notifications.transports.email import MAIL
from notifications.transports.webhook import WEBHOOK

TRANSPORTS: dict[str, Transport] = {"mail": MAIL, "webhook": WEBHOOK}

__all__ = ["TRANSPORTS", "Message", "Transport", "TransportError"]
