"""The only door to addresses that users gave us: one request, to a checked address, within a time limit.

A name is resolved once, every address it has must be public, and the connection goes to the address
that was checked, so a name that changes its mind gains nothing. Redirects are answers, proxies of the
environment are not asked, and of the answer to a POST only the head is read unless its body is asked for.
"""

from __future__ import annotations

import ipaddress
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http.client import HTTPException, HTTPResponse
from types import MappingProxyType
from urllib.parse import urlsplit

from django.conf import settings

from notifications.channels.public_addresses import IpAddress, is_public

PORTS = (443, 8443)
LONGEST_ADDRESS = 1000
LONGEST_HEAD = 16 * 1024
SECONDS = 10.0
_STATUS_LINE = re.compile(r"HTTP/1\.\d ([0-9]{3})( .*)?")  # RFC 9112, section 4
# One answer for a name that is unknown, slow or leads inside: which of them is nobody's business.
CLOSED = "The address cannot be used: its host is not found or not public, or it is not https:// on port 443 or 8443."


class OutboundError(Exception):
    """A request that got no answer. The message is one line without secrets."""


class Refused(OutboundError):  # noqa: N818 - says what happened: we did not go there
    """An address that we do not go to."""


class MalformedError(Refused):
    """An address that is wrong as it is written, wherever it leads."""


class Unreachable(OutboundError):  # noqa: N818 - the same
    """Nobody there, no valid certificate, no HTTP, or too slow."""


@dataclass(frozen=True, slots=True)
class OutboundTarget:
    """A parsed address. `host` is ASCII and without brackets, `path` has the query."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.secure else 80
        return host if self.port == usual else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer; header names in lower case. `body`: as far as it was asked for and could be read."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def parse(address: str) -> OutboundTarget:
    """The parts of a web address. Raises MalformedError with a remedy; asks no name server."""
    if len(address) > LONGEST_ADDRESS:
        raise MalformedError(f"is longer than {LONGEST_ADDRESS} characters.")
    # urlsplit drops tabs and line breaks silently, so they are looked for before.
    if not address.isascii() or any(not 0x20 < ord(character) < 0x7F for character in address):
        raise MalformedError(
            "has a space, a control character or a letter beyond ASCII; encode it."
        )
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise MalformedError("is no web address; use https://host/path.") from error
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise MalformedError("is no web address; use https://host/path.")
    if "@" in parts.netloc:
        raise MalformedError("carries a name or password before an @; remove it.")
    if parts.fragment or "\\" in address or "%" in parts.netloc:
        raise MalformedError("has a part that is never sent (# or \\ or % in the host); remove it.")
    secure = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return OutboundTarget(secure, parts.hostname.rstrip("."), port or (443 if secure else 80), path)


def check(address: str) -> OutboundTarget:
    """Whether we would go there now: for forms. Raises Refused or Unreachable."""
    target = parse(address)
    _addresses(target, time.monotonic() + SECONDS)
    return target


def post(
    address: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    seconds: float = SECONDS,
    method: str = "POST",
    most_bytes: int = 0,
) -> Answer:
    """POST (or PUT, PATCH) the body and read the head of the answer, all of it within so many seconds.

    With `most_bytes` its body, too: none where it is longer or breaks off, since what was asked has happened by then.
    Raises Refused or Unreachable. A redirect is an answer like any other.
    """
    until = time.monotonic() + seconds
    target = parse(address)
    reached = _connect(target, _addresses(target, until), until)
    with _unreachable(until), reached as connection:
        connection.settimeout(_left(until))
        connection.sendall(_request(method, target, body, headers))
        if not most_bytes:
            return _read_head(connection, until)
        with _held_to(until, connection):
            return _read_answer(connection, most_bytes, until)


def get(
    address: str,
    *,
    most_bytes: int,
    seconds: float = SECONDS,
    headers: Mapping[str, str] = MappingProxyType({"Accept": "*/*"}),
    body: bytes = b"",
) -> bytes:
    """The body of what is there, all of it within so many seconds; of what a POST with a `body` is answered.

    Raises Refused or Unreachable, the latter also for any answer but 200 and for a longer body. A host that can't
    be used gets one sentence, whatever is wrong with it: who asks reads it.
    """
    until = time.monotonic() + seconds
    target = parse(address)
    try:
        addresses = _addresses(target, until)
    except OutboundError as error:
        raise Refused(CLOSED) from error
    reached = _connect(target, addresses, until)
    with _unreachable(until), reached as connection, _held_to(until, connection):
        connection.sendall(_request("POST" if body else "GET", target, body, headers))
        answer = HTTPResponse(connection)
        answer.begin()
        if answer.status in (301, 302, 303, 307, 308):
            raise Unreachable(f"it has moved to {answer.headers.get('Location', '')[:200]!r}")
        if answer.status != 200:
            raise Unreachable(f"it answered {answer.status}")
        return _read_body(answer, most_bytes, until)


@contextmanager
def _unreachable(until: float) -> Iterator[None]:
    """Says what went wrong, in one line; where time was up, whatever else that led to, that it took too long."""
    try:
        yield
    except (OSError, ValueError, HTTPException) as error:
        if isinstance(error, TimeoutError) or time.monotonic() >= until:
            raise Unreachable("took too long") from error
        raise Unreachable(f"{type(error).__name__}: {error}") from error


@contextmanager
def _held_to(until: float, connection: socket.socket) -> Iterator[None]:
    """Limits of a socket count from byte to byte: this one ends the whole."""
    limit = threading.Timer(_left(until), _hang_up, [connection])
    limit.daemon = True
    limit.start()
    try:
        yield
    finally:
        limit.cancel()


def _hang_up(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _read_answer(connection: socket.socket, most_bytes: int, until: float) -> Answer:
    answer = HTTPResponse(connection)
    answer.begin()
    head = Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()})
    with suppress(OutboundError, OSError, ValueError, HTTPException):
        return replace(head, body=_read_body(answer, most_bytes, until))
    return head


def _read_body(answer: HTTPResponse, most_bytes: int, until: float) -> bytes:
    body = bytearray()
    while True:
        chunk = answer.read1(64 * 1024)
        _left(until)  # what ended early may have been ended by us
        if not chunk:
            if answer.length:
                raise Unreachable("it ended early")
            return bytes(body)
        body += chunk
        if len(body) > most_bytes:
            raise Unreachable(f"it has more than {most_bytes} bytes")


def _addresses(target: OutboundTarget, until: float) -> list[IpAddress]:
    allowed = [ipaddress.ip_network(network) for network in settings.OUTBOUND_ALLOW]
    if not allowed:
        _check_shape(target)
    found = [ipaddress.ip_address(each) for each in _resolve(target, until)]
    if found and all(any(each in network for network in allowed) for each in found):
        return found
    _check_shape(target)
    for each in found:
        if not is_public(each):
            raise Refused("leads to an address that is not public.")
    return found


def _check_shape(target: OutboundTarget) -> None:
    if not target.secure:
        raise Refused("must begin with https://")
    if target.port not in PORTS:
        raise Refused(f"uses port {target.port}; use one of {', '.join(map(str, PORTS))}.")


def _resolve(target: OutboundTarget, until: float) -> Sequence[str]:
    """getaddrinfo knows no time limit, so it is asked in a thread that may hang on."""
    answers: queue.SimpleQueue[list[str] | OSError | UnicodeError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            answers.put(error)
        else:
            answers.put(list(dict.fromkeys(str(each[4][0]) for each in found)))

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=_left(until))
    except queue.Empty:
        raise Unreachable("the name server does not answer") from None
    if not isinstance(answer, list):
        raise Unreachable("its name cannot be found") from answer
    if any("%" in each for each in answer):
        raise Refused("leads to an address that is not public.")
    return answer


def _connect(target: OutboundTarget, addresses: Sequence[IpAddress], until: float) -> socket.socket:
    trouble: OSError | None = None
    for address in addresses:
        try:
            plain = socket.create_connection((str(address), target.port), timeout=_left(until))
        except OSError as error:
            trouble = error
            continue
        if not target.secure:
            return plain
        try:
            plain.settimeout(_left(until))  # a handshake as a whole is held to it
            context = ssl.create_default_context()
            return context.wrap_socket(plain, server_hostname=target.host)
        except (OSError, ValueError) as error:
            plain.close()
            raise Unreachable(f"TLS: {error}") from error
        except Unreachable:
            plain.close()
            raise
    raise Unreachable(f"{type(trouble).__name__}: {trouble}") from trouble


def _request(method: str, target: OutboundTarget, body: bytes, headers: Mapping[str, str]) -> bytes:
    lines = [f"{method} {target.path} HTTP/1.1", f"Host: {target.authority}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    lines += ["Connection: close", "", ""]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header has a line break")
    return "\r\n".join(lines).encode("ascii") + body


def _read_head(connection: socket.socket, until: float) -> Answer:
    received = b""
    while True:
        head, end, rest = received.partition(b"\r\n\r\n")
        if end:
            answer = _parse_head(head)
            if answer.status >= 200:
                return answer
            received = rest  # 100 Continue and its like announce the answer
            continue
        if len(received) > LONGEST_HEAD:
            raise ValueError("the head of the answer is too long")
        # Set anew each time: a byte now and then must not keep the connection beyond the limit.
        connection.settimeout(_left(until))
        chunk = connection.recv(4096)
        if not chunk:
            raise ValueError("the connection ended before the answer")
        received += chunk


def _parse_head(head: bytes) -> Answer:
    first, *lines = head.decode("latin-1").split("\r\n")
    status = _STATUS_LINE.fullmatch(first)
    if not status:
        raise ValueError("the answer is not HTTP")
    pairs = (line.partition(":") for line in lines)
    return Answer(int(status[1]), {name.strip().lower(): value.strip() for name, _, value in pairs})


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise Unreachable("took too long")
    return left
