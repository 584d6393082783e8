"""The contract of a transport: send one message, or raise a TransportError that says what it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
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
class Sheet:
    """What many receivers read alike: `text` and `html` with blanks in them, and headers without any.

    A transport may keep what it made of a sheet and fill in the blanks only.
    """

    subject: str
    text: str
    html: str
    headers: Mapping[str, str]
    blanks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """What a transport sends. `id` is the same in every repeat.

    A letter's id is a Message-ID in angle brackets. Where `sheet` is given, text and html are its own
    with `fills` in the places of its blanks, and `headers` contains the sheet's. `event` is the body
    for machines, `secrets` sign it. `return_path`: where a report about this letter comes back to.
    """

    id: str
    to: str
    subject: str = ""
    text: str = ""
    html: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    sheet: Sheet | None = None
    fills: tuple[str, ...] = ()
    return_path: str = ""
    event: bytes = b""
    secrets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could end a header line and start another one. Raises ValueError."""
        for name, value in (
            ("id", self.id),
            ("to", self.to),
            ("return_path", self.return_path),
            ("subject", self.subject),
            *self.headers.items(),
        ):
            if _CONTROL.search(name) or _CONTROL.search(value):
                raise ValueError(f"{name}: has a control character")
            if len(value) > HEADER_LENGTH and name != "to":
                raise ValueError(f"{name}: has {len(value)} characters")


class Transport(Protocol):
    def send(self, message: Message) -> str:
        """Hand the message over; returns what the ledger shall note. Raises TransportError."""

    def close(self) -> None:
        """Drop a connection that is kept between messages; the next send opens another."""


def one_line(text: str, most: int) -> str:
    """The text on one line, without control characters, cut to `most` characters."""
    return " ".join(_CONTROL.sub(" ", text).split())[:most]
