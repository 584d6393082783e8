"""One POST per notification to the browser's push service (RFC 8030), through `outbound` alone."""

from __future__ import annotations

from notifications.channels.http import Web


class Push(Web):
    """A service has the browsers of everybody: what is gone or must slow down is one of them."""

    agent = "statuspage-push/1"
    rooms = True


PUSH_POST = Push()
