"""One SMTP session: mail after mail, each envelope sent along with the end of the mail before it.

Where the relay takes commands in a row (PIPELINING, RFC 2920, which lets the end of a mail begin such a
row) a mail costs one round trip, and two where it is the first; elsewhere it costs four.
"""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from functools import lru_cache
from typing import NoReturn

from django.conf import settings

Reply = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Whom a mail is from and to, in ASCII. An empty sender stands for MAIL_FROM."""

    to: str
    sender: str = ""

    @property
    def commands(self) -> tuple[str, str, str]:
        sender = self.sender or _address_in(settings.DEFAULT_FROM_EMAIL)
        return f"MAIL FROM:<{sender}>", f"RCPT TO:<{self.to}>", "DATA"

    def as_row(self) -> bytes:
        """Raises ValueError for an address beyond ASCII."""
        return "".join(f"{command}\r\n" for command in self.commands).encode("ascii")


class SmtpSession:
    """An open session, which is closed by whoever has opened it; `hang_up` first."""

    def __init__(self, session: smtplib.SMTP) -> None:
        self.session = session
        self._ahead: Envelope | None = None  # sent, and not followed by its mail yet

    def fits(self, envelope: Envelope) -> bool:
        """False where another envelope was sent ahead: only hanging up takes it back."""
        return self._ahead in (None, envelope)

    def hang_up(self) -> None:
        """Without a farewell where an envelope waits for its mail: QUIT would be part of that."""
        if self._ahead is not None:
            self.session.close()

    def hand_over(
        self,
        envelope: Envelope,
        mail: bytes,
        following: Envelope | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> str:
        """Send one mail, as DATA wants it but for the final dot; returns what the relay said.

        `following`: the next one's envelope; `meanwhile` is called while the relay reads. Raises what smtplib raises;
        ValueError for an address beyond ASCII, before anything is sent.
        """
        session = self.session
        session.ehlo_or_helo_if_needed()
        in_a_row = session.has_extn("pipelining")
        row = following.as_row() if following and in_a_row else b""
        replies = self._open(envelope, in_a_row=in_a_row)
        if any(code >= 400 for code, _ in replies):
            _give_up(session, replies)
            _raise_refusal(envelope, replies)
        session.send(mail + b".\r\n" + row)
        self._ahead = following if row else None
        meanwhile()
        code, answer = session.getreply()
        if code >= 400:
            raise smtplib.SMTPDataError(code, answer)
        return f"{code} {answer.decode('utf-8', 'replace')}"

    def _open(self, envelope: Envelope, *, in_a_row: bool) -> list[Reply]:
        """What the relay says to the envelope: three replies, or fewer when one of them is a refusal."""
        replies: list[Reply] = []
        if in_a_row:
            if self._ahead is None:
                self.session.send(envelope.as_row())
            self._ahead = None
            while len(replies) < 3 and (not replies or replies[-1][0] != 421):
                replies.append(self.session.getreply())
            return replies
        for command in envelope.commands:
            replies.append(self.session.docmd(command))
            if replies[-1][0] >= 400:
                break
        return replies


@lru_cache(maxsize=4)
def _address_in(name_and_address: str) -> str:
    return parseaddr(name_and_address)[1]


def _give_up(session: smtplib.SMTP, replies: list[Reply]) -> None:
    """Leave the session ready for the next mail, whatever was taken of this one."""
    if any(code == 421 for code, _ in replies):
        return  # the relay has hung up
    if replies[-1][0] == 354:
        # Nobody to send to, and yet it waits for a text: an empty one, which it must refuse.
        session.send(b".\r\n")
        session.getreply()
    session.rset()


def _raise_refusal(envelope: Envelope, replies: list[Reply]) -> NoReturn:
    place, (code, answer) = next((n, reply) for n, reply in enumerate(replies) if reply[0] >= 400)
    if place == 0:
        raise smtplib.SMTPSenderRefused(code, answer, envelope.sender)
    if place == 1:
        raise smtplib.SMTPRecipientsRefused({envelope.to: (code, answer)})
    raise smtplib.SMTPDataError(code, answer)
