"""The key board: channel to transport."""

from notifications.transports.base import Message, Transport, TransportError
from notifications.transports.chat import CHAT
from notifications.transports.email import MAIL
from notifications.transports.webhook import WEBHOOK

TRANSPORTS: dict[str, Transport] = {"mail": MAIL, "webhook": WEBHOOK, "chat": CHAT}

__all__ = ["TRANSPORTS", "Message", "Transport", "TransportError"]
