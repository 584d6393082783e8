"""Ports on the loopback address."""

from __future__ import annotations

import random
import socket

from statuspage.local.state import LocalError

HOST = "127.0.0.1"
# Below the range from which systems hand out ports for outgoing connections: what was free stays
# free while a server restarts.
_OURS = range(20000, 30000)


def port_number(text: str) -> int:
    """Reads `PORT`; raises LocalError for anything but 1 to 65535."""
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 65535:
        return int(text)
    raise LocalError(f"PORT={text!r}: use a whole number from 1 to 65535.")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # A connection that just ended does not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def require_free(port: int) -> None:
    """Raises LocalError when another program listens on the port (or the system keeps it)."""
    if is_free(port):
        return
    if _answers(port):
        raise LocalError(f"port {port} is taken by another program: choose one with PORT=…")
    raise LocalError(f"port {port} can't be opened on {HOST}: choose another one with PORT=…")


def free_port() -> int:
    """A port for a private server."""
    numbers = random.sample(_OURS, 200)
    for port in numbers:
        if is_free(port):
            return port
    raise LocalError(f"no free port on {HOST} between {_OURS.start} and {_OURS.stop - 1}.")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
