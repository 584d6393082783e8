"""The contract of a channel: what its folder must have. A new one is a folder, a name, and a line of the registry."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from notifications.models import Delivery, Endpoint
from notifications.vocabulary.delivery_states import Channel, Failure

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
HEADER_LENGTH = 900  # a header line may have 998 characters with its name


class TransportError(Exception):
    """A try that failed. `detail` is for the outbox: one line, no secrets, at most 300 characters.

    `bad_address`: the other side said that this very address does not exist. `host_in_trouble`: the
    failure says something about everybody behind the same host. `ours`: nobody said no, a fault of our own did.
    """

    def __init__(
        self,
        failure: Failure,
        detail: str,
        *,
        retry_after: timedelta | None = None,
        bad_address: bool = False,
        host_in_trouble: bool = False,
        ours: bool = False,
    ) -> None:
        super().__init__(detail)
        self.failure = failure
        self.detail = one_line(detail, 300)
        self.retry_after = retry_after
        self.bad_address = bad_address
        self.host_in_trouble = host_in_trouble
        self.ours = ours

    @classmethod
    def of_ours(cls, error: Exception) -> TransportError:
        """A fault of our own: tried later, as it may be mended by then."""
        return cls(Failure.TEMPORARY, type(error).__name__, ours=True)


@dataclass(frozen=True, slots=True, eq=False)
class MessageTemplate:
    """What a mail says: the same for many receivers, but for placeholders in `text` and `html`.

    A transport may keep what it made of a template and fill in the values only.
    """

    subject: str
    text: str
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)
    placeholders: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # of the placeholders
    links: frozenset[str] = frozenset()  # names of those that act for their receiver: never kept
    calendar: bytes = b""  # an event to attach (RFC 5545)

    def __post_init__(self) -> None:
        """Raises ValueError, as a message does."""
        _check(("subject", self.subject), *self.headers.items())

    def filled(self, body: str, values: Sequence[str]) -> str:
        for placeholder, value in zip(self.placeholders, values, strict=True):
            body = body.replace(placeholder, value)
        return body


@dataclass(frozen=True, slots=True)
class Message:
    """What a transport sends. `id` is the same in every repeat; a mail's is a Message-ID in angle brackets.

    A mail has a template, `values` for its placeholders and `headers` of its own; `return_path`: where a report
    about it comes back to. `event` is the body for machines and rooms, sent by `method`; `secrets` sign it;
    `plain`: what to keep of it as evidence where it is encrypted.
    """

    id: str
    to: str
    template: MessageTemplate | None = None
    values: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    return_path: str = ""
    event: bytes = b""
    plain: str = ""
    method: str = "POST"
    secrets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could end a header line and start another one. Raises ValueError."""
        _check(
            ("id", self.id),
            ("to", self.to),
            ("return_path", self.return_path),
            *self.headers.items(),
        )

    @property
    def subject(self) -> str:
        return self.template.subject if self.template else ""

    @property
    def text(self) -> str:
        return self.template.filled(self.template.text, self.values) if self.template else ""

    @property
    def html(self) -> str:
        return self.template.filled(self.template.html, self.values) if self.template else ""

    @property
    def all_headers(self) -> dict[str, str]:
        """The template's and its own."""
        return {**(self.template.headers if self.template else {}), **self.headers}


class Transport(Protocol):
    def send(
        self,
        message: Message,
        following: Message | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> str:
        """Hand the message over; returns what the outbox shall note. Raises TransportError.

        `following`: what is most likely handed over next. If it is not after all, `close` comes next. `meanwhile`: what
        may be done, by this thread, while the other side reads; it raises nothing, and need not be called.
        """

    def close(self) -> None:
        """Drop a connection that is kept between messages; the next send opens another."""


class ChannelRenderer(Protocol):
    """Makes messages of deliveries. One serves a worker for a while and may keep what it has made."""

    def compose(self, delivery: Delivery) -> Message: ...


@dataclass(frozen=True, slots=True)
class Address:
    """A checked address in its normal form; `host`: whose circuit breaker counts, none for mail."""

    address: str
    host: str = ""


@dataclass(frozen=True, slots=True)
class Format:
    """A way to say it that a channel offers: `name` is what endpoints keep, `label` what people choose by.

    `address`: makes of what was typed the address that this format posts to; raises AddressError.
    """

    name: str
    label: str
    address: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class ChannelHandler:
    """All that the product asks of a channel; its folder has one, the registry a line for it.

    `check`: an address as typed, checked; raises AddressError, a sentence for whoever typed it.
    `renderer`: made anew now and then, since it keeps what it has rendered. `transport` sends and says what
    an answer means; `prepare`: called as soon as there is something for it to send. `try_out`: one test
    message, past every queue: whether it was taken, and the answer in words; never raises. `new_secret`:
    where messages are signed. `breaker_after`: failures in a row until its host is left alone.
    `by_browser`: its addresses come from a browser with keys of theirs, and nobody can type one.
    `formats`: the first is what an endpoint without a choice gets.
    """

    name: Channel
    check: Callable[[str], Address]
    renderer: Callable[[], ChannelRenderer]
    transport: Transport
    try_out: Callable[[Endpoint, datetime], tuple[bool, str]]
    new_secret: Callable[[], str] | None = None
    prepare: Callable[[], None] | None = None
    breaker_after: int = 5
    by_browser: bool = False
    formats: Sequence[Format] = ()


def _check(*headers: tuple[str, str]) -> None:
    for name, value in headers:
        if _CONTROL.search(name) or _CONTROL.search(value):
            raise ValueError(f"{name}: has a control character")
        if len(value) > HEADER_LENGTH and name != "to":
            raise ValueError(f"{name}: has {len(value)} characters")


def one_line(text: str, most: int) -> str:
    """The text on one line, without control characters, cut to `most` characters."""
    return " ".join(_CONTROL.sub(" ", text).split())[:most]
