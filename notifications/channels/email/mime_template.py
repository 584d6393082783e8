"""A mail as bytes with placeholders: built once per template, filled in per receiver.

Bodies are quoted-printable, cut at their blanks with soft line breaks, so that a value can be put in
without encoding anything else anew. What comes out is dot-stuffed for DATA of SMTP.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
import time
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
from functools import lru_cache

from notifications.channels.base import Message, MessageTemplate

_SOFT = b"=\r\n"
_CONTENT = "Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"


class MimeTemplate:
    """Everything of a template that is the same for all. Raises ValueError for a header with a line break."""

    def __init__(self, template: MessageTemplate, sender: str) -> None:
        # Held, so that `template` keeps its identity for as long as this is cached under it.
        self.template = template
        boundary = f"=_{secrets.token_hex(16)}"
        self._head = _head(sender, tuple(template.headers.items())) + _subject(template.subject)
        start = f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'
        outer = f"=_{secrets.token_hex(16)}"
        if template.calendar:
            start = f'Content-Type: multipart/mixed; boundary="{outer}"\r\n\r\n--{outer}\r\n{start}'
        pieces: list[bytes | int] = [f"MIME-Version: 1.0\r\n{start}".encode("ascii")]
        for kind, body in (("text/plain", template.text), ("text/html", template.html)):
            pieces.append(f"--{boundary}\r\n{_CONTENT.format(kind)}".encode("ascii"))
            pieces += _cut(body, template.placeholders)
            pieces.append(b"\r\n")
        pieces.append(f"--{boundary}--\r\n".encode("ascii"))
        if template.calendar:
            pieces.append(_attached(template.calendar, outer))
        self._places = [(n, piece) for n, piece in enumerate(pieces) if isinstance(piece, int)]
        self._pieces = [b"" if isinstance(piece, int) else piece for piece in pieces]

    def value(self, message: Message) -> bytes:
        """The mail to one receiver, as DATA sends it, without the final dot. Raises ValueError."""
        own = [
            ("To", message.to),
            ("Message-ID", message.id),
            ("Date", _date(int(time.time()))),
            *message.headers.items(),
        ]
        # Message has refused control characters; what is left may not be beyond ASCII.
        head = "".join(f"{name}: {value}\r\n" for name, value in own).encode("ascii")
        values = [_quoted(value) + _SOFT if value else _SOFT for value in message.values]
        pieces = self._pieces.copy()
        for place, number in self._places:
            pieces[place] = values[number]
        return b"".join((self._head, head, *pieces))


@lru_cache(maxsize=16)
def _head(sender: str, headers: tuple[tuple[str, str], ...]) -> bytes:
    """Of all mails to one kind of receivers."""
    head = EmailMessage(policy=SMTP)
    head["From"] = sender
    for name, value in headers:
        head[name] = value
    return head.as_bytes().rstrip(b"\r\n") + b"\r\n"


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return formatdate(second, usegmt=True)


def _subject(text: str) -> bytes:
    """Encoded words as RFC 2047 has them, each with words in it; what is ASCII stays as it is."""
    if text.isascii():
        return f"Subject: {text}\r\n".encode("ascii")
    encoded = Header(text, "utf-8", header_name="Subject").encode(linesep="\r\n")
    return f"Subject: {encoded}\r\n".encode("ascii")


def _attached(calendar: bytes, boundary: str) -> bytes:
    content = base64.encodebytes(calendar).replace(b"\n", b"\r\n")
    head = (
        f"--{boundary}\r\n"
        'Content-Type: text/calendar; charset=utf-8; method=PUBLISH; name="maintenance.ics"\r\n'
        'Content-Disposition: attachment; filename="maintenance.ics"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode("ascii") + content + f"--{boundary}--\r\n".encode("ascii")


def _cut(body: str, placeholders: tuple[str, ...]) -> list[bytes | int]:
    parts = (
        re.split(f"({'|'.join(map(re.escape, placeholders))})", body) if placeholders else [body]
    )
    pieces: list[bytes | int] = []
    for part in parts:
        if part in placeholders:
            pieces.append(placeholders.index(part))
        else:
            pieces.append(_quoted(part) + _SOFT)
    return pieces


def _quoted(text: str) -> bytes:
    lines = text.replace("\r\n", "\n").encode("utf-8")
    quoted = binascii.b2a_qp(lines, istext=True).replace(b"\n", b"\r\n")
    stuffed = quoted.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed
