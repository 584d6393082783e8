"""The key board: channel to transport."""

from notifications.channels.base import Message, Transport, TransportError
from notifications.channels.chat.sender import CHAT
from notifications.channels.email.smtp import MAIL
from notifications.channels.webhook.sender import WEBHOOK

TRANSPORTS: dict[str, Transport] = {"mail": MAIL, "webhook": WEBHOOK, "chat": CHAT}

__all__ = ["TRANSPORTS", "Message", "Transport", "TransportError"]
