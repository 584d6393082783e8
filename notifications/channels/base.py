"""The contract of a transport: send one message, or raise a TransportError that says what it means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from notifications.lifecycle import Failure

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
HEADER_LENGTH = 900  # a header line may have 998 characters with its name


class TransportError(Exception):
    """A try that failed. `detail` is for the ledger: one line, no secrets, at most 300 characters.

    `bad_address`: the other side said that this very address does not exist. `host_in_trouble`: the
    failure says something about everybody behind the same host.
    """

    def __init__(
        self,
        failure: Failure,
        detail: str,
        *,
        retry_after: timedelta | None = None,
        bad_address: bool = False,
        host_in_trouble: bool = False,
    ) -> None:
        super().__init__(detail)
        self.failure = failure
        self.detail = one_line(detail, 300)
        self.retry_after = retry_after
        self.bad_address = bad_address
        self.host_in_trouble = host_in_trouble


@dataclass(frozen=True, slots=True, eq=False)
class MessageTemplate:
    """What a letter says: the same for many receivers, but for blanks in `text` and `html`.

    A transport may keep what it made of a sheet and fill in the blanks only.
    """

    subject: str
    text: str
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)
    placeholders: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raises ValueError, as a message does."""
        _check(("subject", self.subject), *self.headers.items())

    def filled(self, body: str, values: Sequence[str]) -> str:
        for placeholder, value in zip(self.placeholders, values, strict=True):
            body = body.replace(placeholder, value)
        return body


@dataclass(frozen=True, slots=True)
class Message:
    """What a transport sends. `id` is the same in every repeat; a letter's is a Message-ID in angle brackets.

    A letter has a sheet, `fills` for its blanks and `headers` of its own; `return_path`: where a report
    about it comes back to. `event` is the body for machines, `secrets` sign it.
    """

    id: str
    to: str
    template: MessageTemplate | None = None
    values: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    return_path: str = ""
    event: bytes = b""
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
        """The sheet's and its own."""
        return {**(self.template.headers if self.template else {}), **self.headers}


class Transport(Protocol):
    def send(self, message: Message, following: Message | None = None) -> str:
        """Hand the message over; returns what the ledger shall note. Raises TransportError.

        `following`: what is most likely handed over next. If it is not after all, `close` comes next.
        """

    def close(self) -> None:
        """Drop a connection that is kept between messages; the next send opens another."""


def _check(*headers: tuple[str, str]) -> None:
    for name, value in headers:
        if _CONTROL.search(name) or _CONTROL.search(value):
            raise ValueError(f"{name}: has a control character")
        if len(value) > HEADER_LENGTH and name != "to":
            raise ValueError(f"{name}: has {len(value)} characters")


def one_line(text: str, most: int) -> str:
    """The text on one line, without control characters, cut to `most` characters."""
    return " ".join(_CONTROL.sub(" ", text).split())[:most]
